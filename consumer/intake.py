"""From a record to parts in lanes, and from ended parts back to resolved records.

No await here: what is read of a record is done in one go, so nothing can come in between.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.decide import decide
from consumer.decision import Payload, Skip, UserDecision
from consumer.message import AccountMessage, Invalid, Messages, Tombstone, Unsupported, UserMessage
from consumer.newest import Newest
from consumer.parse import parse
from consumer.part import Receipt, Ticket
from consumer.reasons import NOT_REPLAYED, TOMBSTONE, UNSUPPORTED_CHANNEL
from consumer.redecide import company_of
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from consumer.decision import AccountDecision
    from consumer.guard import RejectGuard
    from consumer.message import Routed
    from consumer.offsets import Offsets
    from consumer.part import Backlog, Ended, Record
    from consumer.plan import Planner
    from consumer.rules import Rules

_log = structlog.get_logger("consumer.intake")


class Report(Protocol):
    """Who wants to know what became of things: logs, metrics, the console."""

    def part_ended(self, end: Ended) -> None:
        """One change of one profile was delivered, skipped or rejected."""

    def message_ended(self, receipt: Receipt) -> None:
        """All parts of a message are final."""

    def record_rejected(self, receipt: Receipt) -> None:
        """A message is on its way to the dead letters."""

    def record_ended(self, ticket: Ticket) -> None:
        """All messages of a record are final."""


class Intake:
    """Takes records in and resolves them."""

    def __init__(
        self,
        rules: Rules,
        planner: Planner,
        guard: RejectGuard,
        report: Report,
        reject: Callable[[Receipt], None],
    ) -> None:
        """`reject` brings a message to the dead letters, and then calls `resolve`.

        `guard` is told of every message, so that it can stop a flood of rejections.
        """
        self._rules = rules
        self._guard = guard
        self._planner = planner
        self._report = report
        self._reject = reject
        planner.company_of = partial(company_of, rules=rules)
        self._newest: dict[str, Ticket] = {}
        self._replays = Newest()

    def clear(self) -> None:
        """Forget which records are open: their partitions were revoked."""
        self._newest.clear()
        self._replays.clear()

    def take_all(
        self, records: Sequence[Record], offsets: Offsets, backlog: Backlog, now: float
    ) -> int:
        """Take records of one partition in their order; how many were taken.

        It ends before one that can't belong to the log of `offsets` (`Offsets.is_foreign`).
        """
        for taken, record in enumerate(records):
            if offsets.is_foreign(record.offset):
                return taken
            self.take(record, offsets, backlog, now)
        return len(records)

    def take(self, record: Record, offsets: Offsets, backlog: Backlog, now: float) -> None:
        """Read, decide and plan one record; it is tracked from here on."""
        if not offsets.track(record.offset):
            self._replays.passed_over(record)
            return
        self._replays.seen(record)
        ticket = Ticket(record, offsets, backlog)
        backlog.add(ticket)
        messages = _messages(record)
        # One more than there are, so that nothing is resolved before all of it was looked at.
        ticket.open = len(messages) + 1
        is_alone = len(messages) == 1
        for position, message in enumerate(messages):
            self._message(message, ticket, None if is_alone else position, now)
        self._close(ticket)

    def follow_up(self, ended: Iterable[Ended], now: float) -> None:
        """Parts came to their end: let go on what waited for them, resolve what is complete."""
        for end in ended:
            receipt = end.part.receipt
            self._planner.follow_up(end, now)
            if end.ending == "revoked":
                continue
            self._report.part_ended(end)
            match end.ending:
                case "delivered":
                    receipt.delivered += 1
                case "rejected":
                    receipt.reject(end.reason)
                    receipt.attempts = max(receipt.attempts, end.part.attempts)
                case "skipped":
                    receipt.skip(end.part.resource, end.reason)
            self._part_done(receipt)

    def resolve(self, receipt: Receipt) -> None:
        """A message is final: delivered, skipped, or safe in the dead letters."""
        self._report.message_ended(receipt)
        receipt.ticket.note(receipt.ending, receipt.reason)
        self._close(receipt.ticket)

    def _message(
        self, message: Routed | Tombstone, ticket: Ticket, position: int | None, now: float
    ) -> None:
        if not isinstance(message, Invalid):
            self._guard.note(rejected=False)
        match message:
            case UserMessage() | AccountMessage():
                reason = self._replays.why_not(ticket.record, message.hull_id, position)
                if reason == NOT_REPLAYED:
                    self._pass_over(message, ticket, position)
                else:
                    self._plan(message, ticket, position, now, stale=reason)
            case Unsupported(channel=channel):
                receipt = Receipt(ticket, position, channel, "", parts=1)
                receipt.skip(Resource.ENDUSERS, UNSUPPORTED_CHANNEL)
                self._part_done(receipt)
            case Invalid(reason=reason):
                receipt = Receipt(ticket, position, "", "", parts=1)
                receipt.reject(reason)
                self._part_done(receipt)
            case Tombstone():
                receipt = Receipt(ticket, position, "", "", parts=1)
                receipt.skip(Resource.ENDUSERS, TOMBSTONE)
                self._part_done(receipt)

    def _plan(
        self,
        message: UserMessage | AccountMessage,
        ticket: Ticket,
        position: int | None,
        now: float,
        stale: str | None = None,
    ) -> None:
        self._follow(message.hull_id, ticket)
        channel = "user:update" if isinstance(message, UserMessage) else "account:update"
        receipt = Receipt(ticket, position, channel, message.hull_id, parts=1)
        try:
            self._decided(message, receipt, now, stale)
        except Exception as error:  # noqa: BLE001 - the same record would end each restart again
            receipt.reject(_internal(error))
            _log.error("record.failed", hull_id=message.hull_id, exc_info=error)
        self._part_done(receipt)

    def _decided(
        self,
        message: UserMessage | AccountMessage,
        receipt: Receipt,
        now: float,
        stale: str | None = None,
    ) -> None:
        decision = decide(message, self._rules)
        if stale is not None:
            _hold_back(decision, stale)
        self._replays.note(receipt.ticket.record, decision)
        receipt.export = message.is_export
        receipt.external_id = decision.external_id
        receipt.left_out = decision.left_out
        for doubt in decision.unreadable:
            receipt.reject(doubt)
        if isinstance(decision, UserDecision):
            receipt.email = decision.email
            for _, skipped in decision.skipped_events:
                receipt.skip(Resource.ACTIVITIES, skipped.reason)
            self._planner.user(decision, receipt, now)
        else:
            self._planner.account(decision, receipt, now)

    def _pass_over(
        self, message: UserMessage | AccountMessage, ticket: Ticket, position: int | None
    ) -> None:
        """Another message of this envelope is replayed."""
        is_user = isinstance(message, UserMessage)
        channel = "user:update" if is_user else "account:update"
        receipt = Receipt(ticket, position, channel, message.hull_id, parts=1)
        resource = Resource.ENDUSERS if is_user else Resource.COMPANIES
        receipt.skip(resource, NOT_REPLAYED)
        self._part_done(receipt)

    def _part_done(self, receipt: Receipt) -> None:
        receipt.open -= 1
        if receipt.open:
            return
        if receipt.rejections:
            self._guard.note(rejected=True)
            self._report.record_rejected(receipt)
            self._reject(receipt)
        else:
            self.resolve(receipt)

    def _follow(self, hull_id: str, ticket: Ticket) -> None:
        """Let a record be final only after the earlier ones of the same profile."""
        newest = self._newest.get(hull_id)
        if newest is not None and newest is not ticket:
            newest.lead(ticket)
            ticket.open += 1
        self._newest[hull_id] = ticket
        ticket.profiles.append(hull_id)

    def _close(self, ticket: Ticket) -> None:
        ticket.open -= 1
        if ticket.open:
            return
        self._resolve(ticket)
        if not ticket.followers:
            return
        # Not by a call within a call: hundreds may follow each other.
        closing = [ticket]
        while closing:
            one = closing.pop()
            followers, one.followers = one.followers, ()
            for follower in followers:
                follower.open -= 1
                if not follower.open:
                    self._resolve(follower)
                    closing.append(follower)

    def _resolve(self, ticket: Ticket) -> None:
        ticket.resolve()
        self._report.record_ended(ticket)
        newest = self._newest
        for hull_id in ticket.profiles:
            if newest.get(hull_id) is ticket:
                del newest[hull_id]


def _hold_back(decision: UserDecision | AccountDecision, stale: str) -> None:
    """What is older than what was sent since overwrites nothing; events add (decision 0010)."""
    if isinstance(decision, UserDecision):
        if isinstance(decision.enduser, Payload):
            decision.enduser = Skip(stale)
    elif isinstance(decision.company, Payload):
        decision.company = Skip(stale)


def _messages(record: Record) -> tuple[Routed | Tombstone, ...]:
    if record.fault is not None:
        return (Invalid(record.fault),)
    try:
        parsed = parse(record.value, record.headers)
    except Exception as error:  # noqa: BLE001 - the same record would end each restart again
        _log.error("record.failed", offset=record.offset, exc_info=error)
        return (Invalid(_internal(error)),)
    match parsed:
        case Messages(messages=messages):
            return messages
        case _:
            return (parsed,)


def _internal(error: Exception) -> str:
    return f"internal error: {type(error).__name__}"
