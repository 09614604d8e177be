"""An exception as data that fits one line of a log: what, why, and where it came by. Pure."""

from __future__ import annotations

import traceback
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from structlog.typing import ExcInfo

_DEEPEST: Final = 5
_FRAMES: Final = 30
_STEPS_OF_PATH: Final = 3


def summary(exc_info: ExcInfo) -> dict[str, Any]:
    """Type, message and stack (innermost last), its cause, and the members of a group.

    No values of variables and no source lines: they may hold what must not be logged.
    """
    return _told(exc_info[1], 0)


def _told(error: BaseException, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": type(error).__qualname__,
        "message": _message(error),
        "stack": [_place(frame) for frame in _frames(error)],
    }
    if depth >= _DEEPEST:
        return found
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        found["cause"] = _told(cause, depth + 1)
    if isinstance(error, BaseExceptionGroup):
        found["exceptions"] = [_told(one, depth + 1) for one in error.exceptions[:_DEEPEST]]
    return found


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a foreign __str__ may raise anything
        return "<its text can't be read>"


def _frames(error: BaseException) -> list[traceback.FrameSummary]:
    walked = traceback.walk_tb(error.__traceback__)
    found = traceback.StackSummary.extract(walked, lookup_lines=False)
    return list(found)[-_FRAMES:]


def _place(frame: traceback.FrameSummary) -> str:
    path = "/".join(PurePath(frame.filename).parts[-_STEPS_OF_PATH:])
    return f"{path}:{frame.lineno} {frame.name}"
