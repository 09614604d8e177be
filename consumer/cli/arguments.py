"""What the values of options must be, beyond their types. Each raises BadParameter."""

from __future__ import annotations

import math
import re
from typing import Final

import typer

_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
PARTITIONS: Final = (1 << 31) - 1
OFFSETS: Final = (1 << 63) - 1
"""The largest numbers that Kafka has for them."""


def text(value: str | None) -> str | None:
    """Bytes that are no UTF-8 come as half letters, which nothing can be compared with."""
    if value is not None and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise typer.BadParameter("must be UTF-8")
    return value


def topic(value: str | None) -> str | None:
    """A name that Kafka may know; an empty one is none."""
    if value and not _TOPIC.fullmatch(value):
        raise typer.BadParameter(
            f"{value[:60]!r}: must be a name of letters, digits, dots, dashes and underscores"
        )
    return value


def finite(value: float) -> float:
    """A number that can be reckoned with."""
    if not math.isfinite(value):
        raise typer.BadParameter(f"{value}: must be a finite number")
    return value


def file(value: str | None) -> str | None:
    """A name; whether it can be opened is seen then."""
    if value is not None and not value.strip():
        raise typer.BadParameter("the name of the file is empty; - is stdin")
    return value
