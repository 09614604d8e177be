"""What the console does in turns, at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from consumer.watch.outcomes.outcomes import Steps

Found = TypeVar("Found")


def in_one_go(steps: Steps[Found]) -> Found:
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return cast("Found", done.value)
