"""Tells logs, metrics and the tally what became of messages and requests."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import structlog

from consumer.reasons import EMPTY_ENVELOPE
from planhat_client.protocol import Delivered, Halt, Partial, Reject, Retry
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.flight import Flight
    from consumer.metrics import Metrics
    from consumer.part import Ended, Receipt, Ticket
    from planhat_client.protocol import Answer

_log = structlog.get_logger("consumer")

_KIND = {
    Resource.ENDUSERS: "user",
    Resource.COMPANIES: "account",
    Resource.LICENSES: "license",
    Resource.ACTIVITIES: "user_event",
}


class Tally:
    """Counts since the start, for the demo's table and for tests."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self.messages: Counter[str] = Counter()
        self.parts: Counter[tuple[str, str, str]] = Counter()
        self.requests: Counter[str] = Counter()
        self.items: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()


class Reporter:
    """One place that everything which ends passes by."""

    def __init__(self, metrics: Metrics, delivered: Callable[[Ended], None] | None = None) -> None:
        """Nothing has passed by yet; `delivered` is told of each change that Planhat took."""
        self.tally = Tally()
        self._metrics = metrics
        self._delivered = delivered

    def part_ended(self, end: Ended) -> None:
        """One change of one profile was delivered, skipped or rejected."""
        if end.ending == "skipped":  # skips are told with their message
            return
        resource = end.part.resource
        kind = _KIND[resource]
        self.tally.parts[kind, end.ending, end.change or ""] += 1
        self._metrics.item(resource, end.ending)
        if end.ending == "delivered":
            record = end.part.receipt.ticket.record
            _log.debug(f"outgoing.{kind}.success", hull_id=end.part.key, change=end.change)
            self._metrics.delivered(resource, record.timestamp)
            if self._delivered is not None:
                self._delivered(end)
        else:
            _log.error(f"outgoing.{kind}.error", hull_id=end.part.key, reason=end.reason)

    def message_ended(self, receipt: Receipt) -> None:
        """All parts of a message are final."""
        self.tally.messages[receipt.ending] += 1
        for resource, reason in receipt.skips:
            self.tally.parts[_KIND[resource], "skipped", reason] += 1
            self._metrics.skipped(resource, reason)
            self._metrics.item(resource, "skipped")
            _log.debug(f"outgoing.{_KIND[resource]}.skip", hull_id=receipt.hull_id, reason=reason)
        self._metrics.message(receipt.ending, receipt.reason, receipt.channel)

    def record_ended(self, ticket: Ticket) -> None:
        """All messages of a record are final."""
        if ticket.ending is None:
            self._metrics.record("skipped", EMPTY_ENVELOPE)
        else:
            self._metrics.record(ticket.ending, ticket.reason)

    def record_rejected(self, receipt: Receipt) -> None:
        """A message is on its way to the dead letters."""
        record = receipt.ticket.record
        reason = receipt.rejections[0]
        self.tally.rejected[reason] += 1
        _log.warning(
            "record.rejected",
            topic=record.partition.topic,
            partition=record.partition.number,
            offset=record.offset,
            position=receipt.position,
            hull_id=receipt.hull_id,
            reason=reason,
        )

    def batch_sent(self, flight: Flight, answer: Answer, seconds: float) -> None:
        """A request was answered, or failed."""
        resource = flight.resource.value
        status = _status(answer)
        self.tally.requests[resource] += 1
        self.tally.items[resource] += len(flight.items)
        self._metrics.request(resource, status, seconds, len(flight.items))
        fields: dict[str, Any] = {
            "resource": resource,
            "items": len(flight.items),
            "changes": flight.changes,
            "status": status,
            "seconds": round(seconds, 3),
        }
        if not isinstance(answer, Delivered):
            fields["reason"] = answer.reason
        _log_batch(answer, fields)

    def committed(self, result: str) -> None:
        """A commit ended: `ok`, `refused` or `failed`."""
        self._metrics.committed(result)


def _status(answer: Answer) -> str:
    match answer:
        case Delivered():
            return "ok"
        case Partial():
            return "partial"
        case _:
            return str(answer.status or "network")


def _log_batch(answer: Answer, fields: dict[str, Any]) -> None:
    match answer:
        case Retry(status=429):
            _log.warning("planhat.throttled", **fields)
        case Retry():
            _log.warning("planhat.unavailable", **fields)
        case Halt():
            _log.error("planhat.unauthorized", **fields)
        case Reject() | Partial():
            _log.warning("batch.sent", **fields)
        case _:
            _log.info("batch.sent", **fields)
