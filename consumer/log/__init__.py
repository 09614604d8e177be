"""Logs: one JSON object a line on stdout, for our own events and everybody else's.

`configure` is called once a process. Modules say `structlog.get_logger("consumer.part")` and log an
event name with keys; a level that is off costs a method call.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO, TypeAlias

import structlog

from consumer.log.console_line import console_line
from consumer.log.log_line import LONGEST_TEXT, Cleaner, fields, json_line
from consumer.log.masking import Secrets
from consumer.log.repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from structlog.typing import EventDict, WrappedLogger

Level = Literal["debug", "info", "warning", "error", "critical"]
Format = Literal["json", "console"]

_QUIET: Final = ("aiokafka", "aiohttp.access", "asyncio")
"""They tell of every heartbeat at info; what matters of it, our own events say."""

_TROUBLE: Final = frozenset({"warning", "error", "critical"})

Watch: TypeAlias = "Callable[[Mapping[str, Any]], None]"

_secrets = Secrets()
hide = _secrets.add
"""Never write this value, in any line from now on."""


def cleaner(*, keeps_emails: bool, longest: int = LONGEST_TEXT) -> Cleaner:
    """Make texts fit for any door: the log's rules, and all secrets that are known to it."""
    return Cleaner(_secrets, keeps_emails=keeps_emails, longest=longest)


class Writer:
    """Writes lines to a stream, whole ones, from any thread; never raises."""

    def __init__(
        self,
        form: Format,
        *,
        keeps_emails: bool,
        stream: TextIO | None,
        watch: Watch | None = None,
    ) -> None:
        """`stream` is looked up at each line if it is None, as stdout may be replaced."""
        self._watch = watch
        self._cleaner = Cleaner(_secrets, keeps_emails=keeps_emails)
        self._stream = stream
        self._form = form
        self._lock = threading.Lock()
        out = stream or sys.stdout
        self._has_colours = form == "console" and out.isatty() and "NO_COLOR" not in os.environ

    def write(self, event: Mapping[str, Any]) -> None:
        """Write one event as one line."""
        try:
            found = fields(event, self._cleaner)
            if self._watch is not None and found.get("level") in _TROUBLE:
                self._watch(found)
            line = self._line(found)
            stream = self._stream or sys.stdout
            with self._lock:
                stream.write(line + "\n")
                stream.flush()
        except Exception:  # noqa: BLE001, S110 - a log line must never stop what it tells of
            pass

    def _line(self, found: Mapping[str, Any]) -> str:
        if self._form == "console":
            return console_line(found, has_colours=self._has_colours)
        return json_line(found)


class _Named:
    """What structlog calls at the end of its chain: hands the event to the writer."""

    def __init__(self, writer: Writer, name: str = "") -> None:
        self.name = name
        self._writer = writer

    def msg(self, /, **event: Any) -> None:  # noqa: ANN401 - whatever was logged
        self._writer.write(event)

    debug = info = warning = error = critical = msg


class _Foreign(logging.Handler):
    """Takes what aiokafka, aiohttp, asyncio and warnings log through the standard library."""

    def __init__(self, writer: Writer) -> None:
        super().__init__()
        self._writer = writer
        self._repeats = Repeats()

    def emit(self, record: logging.LogRecord) -> None:
        said = self._repeats.say((record.name, str(record.msg)), record.created)
        if said is None:
            return
        event: dict[str, Any] = {
            "timestamp": _timestamp(record.created),
            "level": record.levelname.lower(),
            "event": _message(record),
            "logger": record.name,
        }
        if said:
            event["repeated"] = said
        if record.exc_info:
            event["exc_info"] = record.exc_info
        self._writer.write(event)


def configure(
    level: Level = "info",
    form: Format = "json",
    secrets: Iterable[str] = (),
    *,
    keeps_emails: bool = False,
    stream: TextIO | None = None,
    watch: Watch | None = None,
) -> None:
    """Send all logs to `stream` (stdout by default): ours, aiokafka's, aiohttp's, asyncio's.

    `watch` is told the fields of each line at warning or above, clean ones.
    """
    for secret in secrets:
        hide(secret)
    writer = Writer(form, keeps_emails=keeps_emails, stream=stream, watch=watch)
    number = logging.getLevelName(level.upper())
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, _stamp],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *names: _Named(writer, *names),
        # Loggers are found anew at each call, or bound once by those in a hurry: a cached one
        # would keep the stream of a test that is over.
        cache_logger_on_first_use=False,
    )
    _configure_foreign(number, writer)


def _configure_foreign(number: int, writer: Writer) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_Foreign(writer)]
    root.setLevel(number)
    logging.captureWarnings(capture=True)
    for name in _QUIET:
        quiet = logging.WARNING if number > logging.DEBUG else logging.INFO
        logging.getLogger(name).setLevel(max(number, quiet))


def _stamp(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    event["timestamp"] = _timestamp()
    event["level"] = method
    event["logger"] = getattr(logger, "name", "")
    if method == "exception":
        event["level"] = "error"
    return event


def _timestamp(seconds: float | None = None) -> str:
    now = time.time() if seconds is None else seconds
    return f"{_second(int(now))}.{int(now % 1 * 1000):03}Z"


@lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    """Many lines come within one second: its text is made once."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:-6]


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a foreign format that does not fit its arguments
        return str(record.msg)
