"""Logs: one JSON object a line, for our own events and everybody else's."""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any

import orjson
import structlog

if TYPE_CHECKING:
    from collections.abc import Iterable

    from structlog.typing import EventDict, Processor, WrappedLogger

_EMAIL = re.compile(r"([A-Za-z0-9])[A-Za-z0-9._%+-]*@([A-Za-z0-9])[A-Za-z0-9.-]*(\.[A-Za-z]{2,})")
_MASK = "***"


class Redactor:
    """Takes secrets, and unless told otherwise e-mail addresses, out of every value."""

    def __init__(self, secrets: Iterable[str], *, keeps_emails: bool) -> None:
        """`secrets` are the values that must never be seen."""
        self._secrets = secrets
        self._keeps_emails = keeps_emails

    def __call__(self, _logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        """Redact one log line."""
        return {name: self._clean(value) for name, value in event.items()}

    def _clean(self, value: Any) -> Any:  # noqa: ANN401 - whatever was logged
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(name)): self._clean(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._clean(inner) for inner in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self.text(repr(value))

    def text(self, text: str) -> str:
        """Redact a text."""
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        if self._keeps_emails or "@" not in text:
            return text
        return _EMAIL.sub(r"\1***@\2***\3", text)


def configure(level: str, form: str, secrets: Iterable[str] = (), *, keeps_emails: bool) -> None:
    """Send all logs to stdout: ours, aiokafka's, aiohttp's; `form` is json or console."""
    redactor = Redactor(secrets, keeps_emails=keeps_emails)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last: Processor = structlog.dev.ConsoleRenderer() if form == "console" else _to_json
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redactor, last],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # aiokafka tells every heartbeat at info; what it warns of, our own events say better.
    logging.getLogger("aiokafka").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _to_json(_logger: WrappedLogger, _name: str, event: EventDict) -> str:
    try:
        return orjson.dumps(event, default=repr).decode()
    except TypeError:
        # Lone surrogates, or integers beyond 64 bits: the line must come out all the same.
        plain = {name: ascii(value) for name, value in event.items()}
        return orjson.dumps(plain).decode()
