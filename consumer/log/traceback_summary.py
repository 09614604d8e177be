"""An exception as data that fits one line of a log: what, why, and where it came by. Pure."""

from __future__ import annotations

import sys
import traceback
from pathlib import PurePath
from typing import Any, Final

_DEEPEST: Final = 5
_FRAMES: Final = 30
_STEPS_OF_PATH: Final = 3


def summary(error: BaseException, depth: int = 0) -> dict[str, Any]:
    """Type, message and stack (innermost last), its cause, and the members of a group.

    No values of variables and no source lines: they may hold what must not be logged.
    """
    found: dict[str, Any] = {
        "type": type(error).__qualname__,
        "message": _message(error),
        "stack": [_place(frame) for frame in _frames(error)],
    }
    if depth >= _DEEPEST:
        return found
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        found["cause"] = summary(cause, depth + 1)
    if isinstance(error, BaseExceptionGroup):
        found["exceptions"] = [summary(one, depth + 1) for one in error.exceptions[:_DEEPEST]]
    return found


def of(exc_info: object) -> dict[str, Any] | None:
    """Read `exc_info` in any of the forms that loggers take; None if there is no exception."""
    match exc_info:
        case BaseException():
            return summary(exc_info)
        case (_, BaseException() as error, _):
            return summary(error)
        case tuple() | None | False:
            return None
        case _:
            current = sys.exc_info()[1]
            return summary(current) if current is not None else None


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
