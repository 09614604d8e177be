"""From a record to parts in lanes, and from ended parts back to resolved records.

No await here: what is read of a record is done in one go, so nothing can come in between.

Whatever a record makes fail here costs the record, or a message of it: it is rejected, told once,
and counted as any other, so that it is final some day and nothing else is touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.decide.decide import decide
from consumer.decide.decision import UserDecision, hold_back
from consumer.decide.message import (
    AccountMessage,
    Invalid,
    Messages,
    Tombstone,
    Unsupported,
    UserMessage,
)
from consumer.decide.parse import parse
from consumer.decide.reasons import NOT_REPLAYED, TOMBSTONE, UNSUPPORTED_CHANNEL
from consumer.offsets.ticket import Receipt, Ticket, appended
from consumer.outbox.stale import StaleGuard
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from consumer.decide.message import Routed
    from consumer.decide.rules import InForce
    from consumer.engine.guard import RejectGuard
    from consumer.engine.merge.barrier import Held
    from consumer.engine.plan import Planner
    from consumer.lanes.halts import Halts
    from consumer.lanes.part import Ended
    from consumer.offsets.offsets import Offsets
    from consumer.offsets.record import Record
    from consumer.offsets.ticket import Backlog

_log = structlog.get_logger("consumer.intake")


class Report(Protocol):
    """Who wants to know what became of things: logs, metrics, the console."""

    def part_ended(self, end: Ended) -> None:
        """One change of one profile was delivered, skipped or rejected."""

    def message_ended(self, receipt: Receipt) -> None:
        """All parts of a message are final."""

    def record_rejected(self, ticket: Ticket) -> None:
        """A record is on its way to the dead letters, for its `rejected` messages."""

    def record_ended(self, ticket: Ticket) -> None:
        """All messages of a record are final."""


class Intake:
    """Takes records in and resolves them."""

    def __init__(
        self,
        in_force: InForce,
        planner: Planner,
        guard: RejectGuard,
        halts: Halts,
        report: Report,
        reject: Callable[[Ticket], None],
    ) -> None:
        """`reject` brings a record to the dead letters, and then calls `resolve`.

        It is told of each record once, when none of its messages can be delivered any more.
        `guard` is told of every record; with `halts` it stops a flood of rejections.
        """
        self._in_force = in_force
        self._guard = guard
        self._halts = halts
        self._planner = planner
        self._report = report
        self._reject = reject
        self._newest: dict[str, Ticket] = {}
        self._replays = StaleGuard()

    def clear(self) -> None:
        """Forget which records are open: their partitions were revoked."""
        self._newest.clear()
        self._replays.clear()

    def take(self, record: Record, offsets: Offsets, backlog: Backlog, now: float) -> int:
        """Read, decide and plan one record; it is tracked from here on. How many messages it has.

        All of it, or none: who takes turns does so between records.
        """
        if not offsets.track(record.offset):
            self._replays.passed_over(record)
            # Else, after a restart, only what is not final would count, and of that most is bad.
            self._guard.note(rejected=False)
            return 1
        self._replays.seen(record)
        messages = _messages(record)
        count = len(messages)
        ticket = Ticket(record, offsets, backlog, count)
        for position, message in enumerate(messages):
            receipt = _receipt(message, ticket, None if count == 1 else position)
            if isinstance(message, UserMessage | AccountMessage):
                try:
                    self._in_force.gone.look(message.organisation, now)
                    self._plan(message, receipt, now)
                except Exception as error:  # noqa: BLE001 - the same record would end each restart again
                    receipt.reject(_internal(error))
                    _tell(ticket, error, message.hull_id)
            self._part_done(receipt)
        ticket.is_read = True
        self._guard.note(rejected=bool(ticket.rejected))
        self._message_over(ticket)
        self._close(ticket)
        return count

    def let_go(self, held: Held, now: float) -> None:
        """A message that was held at the barrier may go on."""
        receipt = held.receipt
        try:
            self._planner.user_now(held.decision, receipt, now)
        except Exception as error:  # noqa: BLE001 - as in `take`
            receipt.reject(_internal(error))
            _tell(receipt.ticket, error, receipt.hull_id)
        self._part_done(receipt)

    def follow_up(self, ended: Iterable[Ended], now: float) -> None:
        """Parts came to their end: let go on what waited for them, resolve what is complete."""
        for end in ended:
            receipt = end.part.receipt
            self._planner.follow_up(end, now)
            if end.ending == "revoked":
                continue
            try:
                self._report.part_ended(end)
            except Exception as error:  # noqa: BLE001 - who is told of it decides nothing
                _tell(receipt.ticket, error)
            match end.ending:
                case "delivered":
                    receipt.delivered += 1
                case "rejected":
                    receipt.reject(end.reason)
                    receipt.attempts = max(receipt.attempts, end.part.attempts)
                case "skipped":
                    receipt.skip(end.part.resource, end.reason)
            self._part_done(receipt)

    def resolve(self, ticket: Ticket, now: float) -> None:
        """The dead letters have what was rejected of a record."""
        rejected, ticket.rejected = ticket.rejected, ()
        for receipt in rejected:
            self._final(receipt)
        if self._guard.is_tripped:
            self._halts.begin("too many rejected", "too many messages are rejected", now)

    def _plan(self, message: UserMessage | AccountMessage, receipt: Receipt, now: float) -> None:
        ticket, hull_id = receipt.ticket, message.hull_id
        stale = self._replays.why_not(ticket.record, hull_id, receipt.position)
        if stale == NOT_REPLAYED:
            is_user = isinstance(message, UserMessage)
            receipt.skip(Resource.ENDUSERS if is_user else Resource.COMPANIES, NOT_REPLAYED)
            return
        # A record is final only after the earlier ones of the same profiles.
        newest = self._newest.get(hull_id)
        if newest is not None and newest is not ticket:
            newest.followers = appended(newest.followers, ticket)
            ticket.open += 1
        self._newest[hull_id] = ticket
        ticket.profiles.append(hull_id)
        decision = decide(message, self._in_force.rules)
        if stale is not None:
            hold_back(decision, stale)
        self._replays.note(ticket.record, decision)
        receipt.export = message.is_export
        receipt.external_id = decision.external_id
        receipt.left_out = decision.left_out
        for doubt in decision.unreadable:
            receipt.reject(doubt)
        if isinstance(decision, UserDecision):
            receipt.of_user(decision.email, decision.life, decision.merged)
            for _, skipped in decision.skipped_events:
                receipt.skip(Resource.ACTIVITIES, skipped.reason)
            self._planner.user(decision, receipt, now)
        else:
            self._planner.account(decision, receipt, now)

    def _part_done(self, receipt: Receipt) -> None:
        receipt.open -= 1
        if receipt.open:
            return
        ticket = receipt.ticket
        if receipt.rejections:
            if ticket.is_read and not ticket.rejected:
                self._guard.note(rejected=True)
            ticket.rejected = appended(ticket.rejected, receipt)
        else:
            self._final(receipt)
        self._message_over(ticket)

    def _message_over(self, ticket: Ticket) -> None:
        """One message less can be delivered; after the last one the rejected ones are brought."""
        ticket.messages -= 1
        if ticket.messages or not ticket.rejected:
            return
        try:
            self._report.record_rejected(ticket)
        except Exception as error:  # noqa: BLE001 - who is told of it decides nothing
            _tell(ticket, error)
        self._reject(ticket)

    def _final(self, receipt: Receipt) -> None:
        """A message is delivered, skipped, or safe in the dead letters."""
        ticket = receipt.ticket
        try:
            self._report.message_ended(receipt)
        except Exception as error:  # noqa: BLE001 - who is told of it decides nothing
            _tell(ticket, error)
        ticket.note(receipt.ending, receipt.reason)
        self._close(ticket)

    def _close(self, ticket: Ticket) -> None:
        """One thing less of a record is open: after the last it is final, its followers may be."""
        # Not by a call within a call: hundreds may follow each other.
        closing = [ticket]
        while closing:
            one = closing.pop()
            one.open -= 1
            if one.open:
                continue
            one.resolve()
            try:
                self._report.record_ended(one)
            except Exception as error:  # noqa: BLE001 - who is told of it decides nothing
                _tell(one, error)
            for hull_id in one.profiles:
                if self._newest.get(hull_id) is one:
                    del self._newest[hull_id]
            if one.followers:
                closing.extend(reversed(one.followers))
                one.followers = ()


def _receipt(message: Routed | Tombstone, ticket: Ticket, position: int | None) -> Receipt:
    """What travels for a message; one that can't be read, or is not for us, has its reason."""
    match message:
        case UserMessage():
            return Receipt(ticket, position, "user:update", message.hull_id, parts=1)
        case AccountMessage():
            return Receipt(ticket, position, "account:update", message.hull_id, parts=1)
        case Unsupported(channel=channel):
            receipt = Receipt(ticket, position, channel, "", parts=1)
            receipt.skip(Resource.ENDUSERS, UNSUPPORTED_CHANNEL)
        case Invalid(reason=reason):
            receipt = Receipt(ticket, position, "", "", parts=1)
            receipt.reject(reason)
        case _:  # a tombstone
            receipt = Receipt(ticket, position, "", "", parts=1)
            receipt.skip(Resource.ENDUSERS, TOMBSTONE)
    return receipt


def _messages(record: Record) -> tuple[Routed | Tombstone, ...]:
    if record.fault is not None:
        return (Invalid(record.fault),)
    try:
        parsed = parse(record.value, record.headers)
    except Exception as error:  # noqa: BLE001 - the same record would end each restart again
        _tell_of(record, error)
        return (Invalid(_internal(error)),)
    return parsed.messages if isinstance(parsed, Messages) else (parsed,)


def _tell(ticket: Ticket, error: Exception, hull_id: str = "") -> None:
    """Tell of a fault of ours: of each record once, however many messages it has."""
    if not ticket.has_failed:
        ticket.has_failed = True
        _tell_of(ticket.record, error, hull_id)


def _tell_of(record: Record, error: Exception, hull_id: str = "") -> None:
    _log.error(
        "record.failed",
        topic=record.partition.topic,
        partition=record.partition.number,
        offset=record.offset,
        hull_id=hull_id,
        exc_info=error,
    )


def _internal(error: Exception) -> str:
    return f"internal error: {type(error).__name__}"
