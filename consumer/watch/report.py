"""Tells logs, metrics and the tally what became of messages and requests."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import structlog

from consumer.decide.reasons import EMPTY_ENVELOPE
from consumer.log.repeats import Repeats
from consumer.offsets.ticket import UNATTRIBUTED
from consumer.watch.counting import InARow
from consumer.watch.outcomes.losers import losers
from consumer.watch.outcomes.profile_log import KIND, ProfileLog, context
from consumer.watch.reason_label import reason_label
from planhat_client.protocol import Delivered, Halt, Partial, Reject, Retry
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.lanes.batch import Batch
    from consumer.lanes.part import Ended
    from consumer.offsets.ticket import Receipt, Ticket
    from consumer.watch.metrics import Metrics
    from consumer.watch.outcomes.line import Lines
    from consumer.watch.outcomes.outcomes import Outcomes
    from consumer.watch.trace import Traces
    from planhat_client.protocol import Answer

_log = structlog.get_logger("consumer.renewals")

_MOST_REASONS = 1000
_MOST_REFUSED = 10
"""Refused changes of one record that are told at error; the others at debug."""


class Tally:
    """Counts since the start, for the demo's table and for tests."""

    def __init__(self) -> None:
        self.messages: Counter[str] = Counter()
        self._parts: Counter[tuple[str, str, str]] = Counter()
        self.row = InARow(self._add)
        """Told of each change of a profile that ended: resource, ending, what was done or why."""
        self.requests: Counter[str] = Counter()
        self.rejected: Counter[str] = Counter()

    @property
    def parts(self) -> Counter[tuple[str, str, str]]:
        """Changes of profiles that ended: kind, how, and what was done or why not."""
        self.row.flush()
        return self._parts

    def _add(self, resource: str, ending: str, what: str, count: int) -> None:
        self._parts[KIND[Resource(resource)], ending, what] += count

    def reject(self, reason: str) -> None:
        """Count a rejection; beyond so many different reasons only by its kind."""
        is_known = reason in self.rejected or len(self.rejected) < _MOST_REASONS
        self.rejected[reason if is_known else reason_label(reason)] += 1


class Reporter:
    """One place that everything which ends passes by."""

    def __init__(
        self,
        metrics: Metrics,
        delivered: Callable[[Ended], None] | None = None,
        *,
        sample: float = 0.0,
        outcomes: Outcomes | None = None,
        traces: Traces | None = None,
        lines: Lines | None = None,
    ) -> None:
        """`delivered` is told of each change that Planhat took; `sample` is LOG_SAMPLE.

        `outcomes` are for the console, `lines` for the outcomes topic.
        """
        self.tally = Tally()
        self._metrics = metrics
        self._delivered = delivered
        self._outcomes = outcomes
        self._lines = lines
        self._changes = None if lines is None else lines.changes
        self._traces = traces
        self._profiles = ProfileLog(sample)
        self._repeats = Repeats()
        self._log = structlog.get_logger("consumer").bind()

    def part_ended(self, end: Ended) -> None:
        """One change of one profile was delivered, skipped or rejected."""
        ending, part = end.ending, end.part
        if self._changes is not None and ending != "revoked":
            self._changes.ended(end)
        if ending == "skipped" or ending == "revoked":  # noqa: PLR1714 - a set narrows no type
            return  # skips are told with their message
        self.tally.row.note(part.resource, ending, end.change or "")
        self._metrics.items.note(part.resource, ending, "")
        if end.change == UNATTRIBUTED:
            self._metrics.count("activities_unattributed")
        outcomes = self._outcomes
        if outcomes is not None and (outcomes.keeps_payloads or ending == "rejected"):
            why = end.reason
            # Of a contact that is delivered, what became of it beside its fields.
            if part.receipt.life and ending == "delivered" and part.resource is Resource.ENDUSERS:
                why = part.receipt.life if part.key == part.receipt.hull_id else ""
            part.receipt.change((part.resource, part.key, ending, why, end.change, part.sent))
        if ending == "delivered":
            self._profiles.delivered(end)
            age = time.time() - part.receipt.ticket.record.since
            self._metrics.observe("delivery_seconds", part.resource, age)
            if self._delivered is not None:
                self._delivered(end)
        else:
            ticket = part.receipt.ticket
            ticket.refused += 1
            self._profiles.rejected(end, is_one_of_many=ticket.refused > _MOST_REFUSED)

    def message_ended(self, receipt: Receipt) -> None:
        """All parts of a message are final."""
        ending, reason = receipt.ending, receipt.reason
        self.tally.messages[ending] += 1
        for resource, why in receipt.skips:
            self.tally.row.note(resource, "skipped", why)
            self._metrics.count("skipped", resource, why)
            self._metrics.items.note(resource, "skipped", "")
            self._profiles.skipped(receipt, resource, why)
        if receipt.left_out:
            self._tell_what_was_left_out(receipt)
        self._metrics.messages.note(receipt.channel, ending, reason)
        now = time.time()
        if self._outcomes is not None:
            self._outcomes.note(receipt, ending, reason, now)
            for one in losers(receipt) if receipt.merged else ():
                self._outcomes.note(one, one.ending, one.reason, now)
        if self._lines is not None:
            self._lines.note(receipt, ending, reason, now)

    def record_ended(self, ticket: Ticket) -> None:
        """All messages of a record are final."""
        if self._traces is not None:
            self._traces.ended(ticket)
        reason = EMPTY_ENVELOPE if ticket.ending is None else ticket.reason
        self._metrics.records.note(ticket.ending or "skipped", reason, "")

    def record_rejected(self, ticket: Ticket) -> None:
        """A record is on its way to the dead letters, for its `rejected` messages."""
        rejected = ticket.rejected
        for receipt in rejected:
            self.tally.reject(receipt.rejections[0])
        first = rejected[0]
        fields: dict[str, Any] = {"position": first.position, "reason": first.rejections[0]}
        if len(rejected) > 1:
            fields["rejected"] = len(rejected)
            fields["reasons"] = len({receipt.rejections[0] for receipt in rejected})
        self._log.warning("record.rejected", **context(first), **fields)

    def batch_sent(self, batch: Batch, answer: Answer, seconds: float) -> None:
        """A request was answered, or failed; it is not settled yet."""
        resource = batch.resource.value
        status = _status(answer)
        if self._traces is not None:
            self._traces.sent(batch, answer, status, seconds)
        if self._changes is not None:
            self._changes.answered(answer, seconds, time.time())
        self.tally.requests[resource] += 1
        self._metrics.request(resource, status, seconds, len(batch.items))
        fields: dict[str, Any] = {
            "resource": resource,
            "items": len(batch.items),
            "changes": batch.changes,
            "status": status,
            "seconds": round(seconds, 3),
        }
        if not isinstance(answer, Delivered):
            fields["reason"] = answer.reason
        self._tell_of_batch(answer, fields)

    def _tell_what_was_left_out(self, receipt: Receipt) -> None:
        for resource, field, reason in receipt.left_out:
            self._metrics.count("left_out", resource.value, field, reason)
            repeated = self._repeats.say((resource, field, reason), time.monotonic())
            if repeated is not None:
                self._log.warning(
                    "field.left_out",
                    **context(receipt),
                    resource=resource.value,
                    field=field,
                    reason=reason,
                    repeated=repeated,
                )

    def _tell_of_batch(self, answer: Answer, fields: dict[str, Any]) -> None:
        match answer:
            case Retry(status=429):
                self._log.warning("planhat.throttled", **fields)
            case Retry():
                self._log.warning("planhat.unavailable", **fields)
            case Halt(status=401):
                self._log.error("planhat.unauthorized", **fields)
            case Halt():
                self._log.warning("planhat.refused", **fields)
            case Reject() | Partial():
                self._log.warning("batch.sent", **fields)
            case _:
                self._log.info("batch.sent", **fields)


def credentials_changed(metrics: Metrics, setting: str, trouble: str) -> None:
    """The files of `setting` hold new credentials for Kafka; `trouble` is why they are not used."""
    metrics.count("kafka_credentials", "unusable" if trouble else "renewed")
    if trouble:
        _log.warning("kafka.credentials_unusable", setting=setting, reason=trouble)
    else:
        _log.info("kafka.credentials_renewed", setting=setting)


def _status(answer: Answer) -> str:
    match answer:
        case Delivered():
            return "ok"
        case Partial():
            return "partial"
        case _:
            return str(answer.status or "network")
