"""Whatever is logged, made fit for a line: plain JSON, bounded, without secrets. Pure."""

from __future__ import annotations

import math
import traceback
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

import orjson

from consumer.log.masking import masked_emails, may_hold_emails

if TYPE_CHECKING:
    from structlog.typing import ExcInfo

    from consumer.log.masking import Secrets

_DEEPEST: Final = 8
_MOST_ITEMS: Final = 200
LONGEST_TEXT: Final = 8000
_INT_BITS: Final = 63
_COLLECTIONS: Final = (Mapping, list, tuple, AbstractSet)
_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
_DEEPEST_CAUSE: Final = 5
_FRAMES: Final = 30
_STEPS_OF_PATH: Final = 3


class Cleaner:
    """Makes any value fit for a log: plain JSON, bounded, without secrets and addresses."""

    def __init__(
        self, secrets: Secrets, *, keeps_emails: bool, longest: int = LONGEST_TEXT
    ) -> None:
        """`secrets` may grow later; `keeps_emails` is LOG_PII; longer texts are cut."""
        self._secrets = secrets
        self._longest = longest
        self._keeps_emails = keeps_emails

    def event(self, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """Clean all fields of an event; it is returned itself if there is nothing to change."""
        return event if self._is_clean(event) else self._fields(event, 0)

    def _is_clean(self, event: Mapping[str, Any]) -> bool:
        """Tell it at one look, as most lines are clean; False where something may be to change.

        As JSON without any escape all texts stand there as they are, so that what may be a secret
        or an address is found in the whole line.
        """
        kinds = set(map(type, event.values()))
        if len(event) > _MOST_ITEMS or not kinds <= _PLAIN:
            return False
        try:
            line = orjson.dumps(event, option=orjson.OPT_STRICT_INTEGER).decode()
        except TypeError:  # what JSON can't say
            return False
        # A number that is none becomes null.
        if len(line) > LONGEST_TEXT or "\\" in line or (float in kinds and "null" in line):
            return False
        return not self._secrets.are_in(line) and (self._keeps_emails or not may_hold_emails(line))

    def text(self, value: str) -> str:
        """Clean a text; what no UTF-8 can say becomes a question mark."""
        if not value.isascii():
            value = value.encode("utf-8", "replace").decode()
        # Cut after hiding, so that no half of a secret is left over; and before, for bounded work.
        value = self._secrets.hidden(value[: 2 * self._longest])
        if not self._keeps_emails:
            value = masked_emails(value)
        return value if len(value) <= self._longest else f"{value[: self._longest]}..."

    def value(self, value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - whatever was logged
        """Clean a value of any type."""
        kind = type(value)
        if kind is str:
            return self.text(value)
        if value is None or kind is bool:
            return value
        if isinstance(value, (int, float)):
            return _number(value)
        if isinstance(value, _COLLECTIONS):
            return "..." if depth >= _DEEPEST else self._collection(value, depth + 1)
        if isinstance(value, (bytes, bytearray)):
            return self.text(bytes(value[: 2 * LONGEST_TEXT]).decode("utf-8", "replace"))
        return self.text(_described(value))

    def _collection(self, values: Any, depth: int) -> Any:  # noqa: ANN401 - any collection
        if isinstance(values, Mapping):
            return self._fields(values, depth)
        return [self.value(item, depth) for item in islice(values, _MOST_ITEMS)]

    def _fields(self, values: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        some = islice(values, _MOST_ITEMS)
        return {self.text(_described(name)): self.value(values[name], depth) for name in some}


def _number(value: float) -> float | str:
    """Keep what JSON and 64 bits can say; the rest as text."""
    if isinstance(value, int):
        return int(value) if value.bit_length() <= _INT_BITS else f"{value:#x}"[:LONGEST_TEXT]
    return float(value) if math.isfinite(value) else str(value)


def _described(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a foreign __str__ may raise anything
        return f"<{type(value).__qualname__}>"


def summary(exc_info: ExcInfo) -> dict[str, Any]:
    """Type, message and stack (innermost last) of an exception and its causes; no values."""
    return _told(exc_info[1], 0)


def _told(error: BaseException, depth: int) -> dict[str, Any]:
    walked = traceback.walk_tb(error.__traceback__)
    frames = traceback.StackSummary.extract(walked, limit=-_FRAMES, lookup_lines=False)
    found: dict[str, Any] = {
        "type": type(error).__qualname__,
        "message": _described(error),
        "stack": [_place(frame) for frame in frames],
    }
    if depth >= _DEEPEST_CAUSE:
        return found
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        found["cause"] = _told(cause, depth + 1)
    if isinstance(error, BaseExceptionGroup):
        found["exceptions"] = [_told(one, depth + 1) for one in error.exceptions[:_DEEPEST_CAUSE]]
    return found


def _place(frame: traceback.FrameSummary) -> str:
    path = "/".join(PurePath(frame.filename).parts[-_STEPS_OF_PATH:])
    return f"{path}:{frame.lineno} {frame.name}"
