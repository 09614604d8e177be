"""Logs: one JSON object a line on stdout, for our own events and everybody else's.

`configure` is called once a process. Modules say `structlog.get_logger("consumer.part")` and log an
event name with keys; a level that is off costs a method call.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO, TypeAlias

import orjson
import structlog
from structlog.dev import ConsoleRenderer, plain_traceback

from consumer.log.clean import LONGEST_TEXT, Cleaner, summary
from consumer.log.masking import Secrets
from consumer.log.printable import printable, printable_json
from consumer.log.repeats import FOREIGN_SECONDS, Repeats

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from structlog.typing import EventDict, WrappedLogger

Level = Literal["debug", "info", "warning", "error", "critical"]
Format = Literal["json", "console"]

_QUIET: Final = ("aiokafka", "aiohttp.access", "asyncio")
"""They tell of every heartbeat at info; what matters of it, our own events say."""

_TROUBLE: Final = frozenset({"warning", "error", "critical"})

Watch: TypeAlias = "Callable[[Mapping[str, Any]], None]"

_with_exception = structlog.processors.ExceptionRenderer(summary)
_secrets = Secrets()
hide = _secrets.add
"""Never write this value, in any line from now on."""


def cleaner(*, keeps_emails: bool, longest: int = LONGEST_TEXT) -> Cleaner:
    """Make texts fit for any door: the log's rules, and all secrets that are known to it."""
    return Cleaner(_secrets, keeps_emails=keeps_emails, longest=longest)


def _writer(
    form: Format, *, keeps_emails: bool, stream: TextIO | None, watch: Watch | None
) -> Callable[..., None]:
    """What writes an event as one whole line, from any thread, and never raises."""
    clean = cleaner(keeps_emails=keeps_emails)
    lock = threading.Lock()
    has_colours = (stream or sys.stdout).isatty() and "NO_COLOR" not in os.environ
    as_line = json_line if form == "json" else _console_lines(has_colours=has_colours)

    def write(**event: Any) -> None:  # noqa: ANN401 - whatever was logged
        try:
            found = clean.event(_with_exception(None, "", event))
            if watch is not None and found["level"] in _TROUBLE:
                watch(found)
            line = as_line(found)
            out = stream or sys.stdout  # looked up each time: it may be replaced
            with lock:
                out.write(line + "\n")
                out.flush()
        except Exception:  # noqa: BLE001, S110 - a log line must never stop what it tells of
            pass

    return write


class _Named:
    """What structlog calls at the end of its chain."""

    def __init__(self, write: Callable[..., None], name: str = "") -> None:
        self.name = name
        self.debug = self.info = self.warning = self.error = self.critical = write


class _Foreign(logging.Handler):
    """Takes what aiokafka, aiohttp, asyncio and warnings log through the standard library."""

    def __init__(self, write: Callable[..., None]) -> None:
        super().__init__()
        self._write = write
        self._repeats = Repeats(FOREIGN_SECONDS)

    def emit(self, record: logging.LogRecord) -> None:
        repeated = self._repeats.say((record.name, str(record.msg)), record.created)
        if repeated is not None:
            self._write(
                timestamp=_timestamp(datetime.fromtimestamp(record.created, UTC)),
                level=record.levelname.lower(),
                event=_message(record),
                logger=record.name,
                exc_info=record.exc_info,
                **({"repeated": repeated} if repeated else {}),
            )


def configure(
    level: Level = "info",
    form: Format = "json",
    *,
    keeps_emails: bool = False,
    stream: TextIO | None = None,
    watch: Watch | None = None,
) -> None:
    """Send all logs to `stream` (stdout); `watch` gets the clean fields from warning on."""
    write = _writer(form, keeps_emails=keeps_emails, stream=stream, watch=watch)
    number = logging.getLevelName(level.upper())
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, _stamp],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *names: _Named(write, *names),
        # Loggers are found anew at each call, or bound once by those in a hurry: a cached one
        # would keep the stream of a test that is over.
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [_Foreign(write)]
    root.setLevel(number)
    logging.captureWarnings(capture=True)
    for name in _QUIET:
        quiet = logging.WARNING if number > logging.DEBUG else logging.INFO
        logging.getLogger(name).setLevel(max(number, quiet))


def _stamp(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Put what each line begins with before the rest."""
    first = {"timestamp": _timestamp(datetime.now(UTC)), "level": method}
    return {**first, "event": event.pop("event"), "logger": logger.name, **event}


def _timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a foreign format that does not fit its arguments
        return str(record.msg)


def json_line(found: Mapping[str, Any]) -> str:
    """A clean event as a line for machines."""
    return printable_json(orjson.dumps(found).decode())


def _console_lines(*, has_colours: bool) -> Callable[[Mapping[str, Any]], str]:
    """What makes lines for people; no sign in a value can command their terminal."""
    render = ConsoleRenderer(
        colors=has_colours, sort_keys=False, exception_formatter=plain_traceback
    )

    def line(found: Mapping[str, Any]) -> str:
        # The renderer writes short texts as they are; what lies deeper it writes by `repr`.
        shown = {
            printable(name): printable(value) if isinstance(value, str) else value
            for name, value in found.items()
        }
        if isinstance(error := shown.get("exception"), dict):
            shown["exception"] = "\n".join(_traceback(error, "    "))
        return str(render(None, "", shown))

    return line


def _traceback(error: dict[str, Any], indent: str) -> list[str]:
    lines = [f"{error['type']}: {error['message']}", *(f"  {place}" for place in error["stack"])]
    lines = [indent + printable(line) for line in lines]
    for inner in [error.get("cause"), *error.get("exceptions", ())]:
        lines += _traceback(inner, indent + "  ") if isinstance(inner, dict) else []
    return lines
