"""Rows that were read, whatever is in them: people are counted, only ids are named. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from consumer.decide.custom.faults import named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planhat_client.answers.heard import Heard

_MOST_NAMED: Final = 3


def objects(answer: Heard | None) -> list[dict[str, Any]]:
    """The rows of a list that are objects, none if there is no list."""
    rows = None if answer is None else answer.rows
    return [row for row in rows or () if isinstance(row, dict)]


def key(value: object) -> str:
    """A key as text, empty for none."""
    is_key = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value).strip() if is_key else ""


def some(names: Sequence[str]) -> str:
    """The first of many."""
    shown = ", ".join(repr(named(name)) for name in names[:_MOST_NAMED])
    return f"{shown} and others" if len(names) > _MOST_NAMED else shown
