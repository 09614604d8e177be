"""Log lines of single profiles: at debug, or at info for a sample of the profiles.

A profile is in the sample or it is not, in every process: who is, has a whole story in the log.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

import structlog

from schemas.models import MODELS

if TYPE_CHECKING:
    from consumer.lanes.part import Ended
    from consumer.offsets.ticket import Receipt
    from schemas.planhat import Resource

KIND: Final = {resource: model.logged_as for resource, model in MODELS.items()}
SUCCESS: Final = {resource: f"outgoing.{kind}.success" for resource, kind in KIND.items()}
SKIP: Final = {resource: f"outgoing.{kind}.skip" for resource, kind in KIND.items()}
ERROR: Final = {resource: f"outgoing.{kind}.error" for resource, kind in KIND.items()}
_ALL: Final = 1 << 32


class ProfileLog:
    """Tells of successes, skips and errors of single profiles."""

    def __init__(self, sample: float = 0.0) -> None:
        """`sample` is the share of profiles told of at info: LOG_SAMPLE."""
        self._log = structlog.get_logger("consumer").bind()
        self._sampled = round(sample * _ALL)
        least = logging.INFO if self._sampled else logging.DEBUG
        self.is_quiet: Final = not self._log.is_enabled_for(least)

    def delivered(self, end: Ended) -> None:
        """A change was delivered."""
        if not self.is_quiet:
            receipt = end.part.receipt
            self._say(SUCCESS[end.part.resource], receipt, end.part.key, change=end.change)

    def skipped(self, receipt: Receipt, resource: Resource, reason: str) -> None:
        """A change was not sent, on purpose."""
        if not self.is_quiet:
            self._say(SKIP[resource], receipt, receipt.hull_id, reason=reason)

    def rejected(self, end: Ended, *, is_one_of_many: bool = False) -> None:
        """Planhat refused a change for good; of many of one record the first ones are enough."""
        receipt = end.part.receipt
        where = {**context(receipt), "hull_id": end.part.key}
        level = logging.DEBUG if is_one_of_many else logging.ERROR
        if self._log.is_enabled_for(level):
            self._log.log(level, ERROR[end.part.resource], **where, reason=end.reason)

    def _say(self, event: str, receipt: Receipt, hull_id: str, **fields: str | None) -> None:
        is_sampled = crc32(hull_id.encode("utf-8", "replace")) < self._sampled
        level = logging.INFO if is_sampled else logging.DEBUG
        if self._log.is_enabled_for(level):
            self._log.log(level, event, **{**context(receipt), "hull_id": hull_id}, **fields)


def context(receipt: Receipt) -> dict[str, Any]:
    """Where a message came from and whom it is about."""
    record = receipt.ticket.record
    return {
        "topic": record.partition.topic,
        "partition": record.partition.number,
        "offset": record.offset,
        "hull_id": receipt.hull_id,
        "channel": receipt.channel,
    }
