"""The lines of the outcomes topic: what became of each message, and each minute how things were.

A contract with whoever reads the topic (docs/outcomes.md). A Kafka record holds up to some hundred
lines of JSON; each line says by `kind` what it is. What is empty, zero or not known is left out.
Moments are milliseconds since 1970, spans are seconds. Fields may be added: readers pass over those
that they do not know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from schemas.outcome.member import Gap, Summary
from schemas.outcome.message import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION: Final = 1
"""Of the lines; told in the header `schema`. It changes when a reader of today would go wrong."""

Line: TypeAlias = Outcome | Summary | Gap
"""What one line of the topic tells."""

_decoder: Final = msgspec.json.Decoder(Line)


def lines(value: bytes) -> Iterator[Line | None]:
    """Read the lines of a record, in order: None for each that is unknown, or can't be read."""
    for line in value.splitlines():
        try:
            yield _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield None
