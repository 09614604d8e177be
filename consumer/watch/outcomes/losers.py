"""Who was merged into another has no message of its own: its last word is its survivor's. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.decide.life.told import MERGED_INTO
from consumer.offsets.ticket import Receipt
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator


def losers(receipt: Receipt) -> Iterator[Receipt]:
    """Give the end of each user that was merged into that of a message, under its own names."""
    for loser in receipt.merged:
        found = Receipt(receipt.ticket, receipt.position, receipt.channel, loser.hull_id or "")
        found.external_id, found.email = loser.external_id, loser.email
        found.skip(Resource.ENDUSERS, f"{MERGED_INTO} {receipt.hull_id}.")
        yield found
