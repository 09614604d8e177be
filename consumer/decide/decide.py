"""What a message means for Planhat: the rules, in their order. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.decide import filter as why_not
from consumer.decide import map as to
from consumer.decide import reasons
from consumer.decide.decision import AccountDecision, Link, Payload, Skip, UserDecision
from consumer.decide.forms.segments import of_account as with_segments
from consumer.decide.life import link as linking
from consumer.decide.life.merge import losers
from consumer.decide.life.told import told as told_of
from consumer.decide.message import AccountMessage, Messages, UserMessage
from consumer.decide.parse import parse
from consumer.decide.rules import EXTERNAL_ID, PLANHAT_ID
from consumer.decide.value import key_text, trimmed
from schemas.models import ENDUSERS
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.decide.decision import Body, Items
    from consumer.decide.life.merge import Losers
    from consumer.decide.message import Faults, Routed, Tombstone
    from consumer.decide.rules import InForce, Rules
    from consumer.offsets.record import Record
    from consumer.offsets.ticket import LeftOut, Receipt
    from schemas.hull import Changes, Entity, Segments

_NO_COMPANY = Skip(reasons.NO_COMPANY_ID)
_NO_NAME = Skip(reasons.NO_COMPANY_NAME)
_NOT_TRACKED = Skip(reasons.TRACKING_FILTER)
_REPEATED = Skip(reasons.EVENT_REPEATED)
_NAMELESS = Skip(reasons.EVENT_NAMELESS)
_NO_IDENTITY = Skip(reasons.NO_IDENTITY)
_UNLINKED = Skip(reasons.UNLINKED)
_NO_LINK = Link(None, None, None)
_IDENTITY = frozenset(ENDUSERS.required[0].names)
_OF_FILTER = ("segments", "is_export")
_OF_ACCOUNT_FILTER = ("account_segments", "is_export")
"""The parts that a filter looks at."""


def decide(message: UserMessage | AccountMessage, rules: Rules) -> UserDecision | AccountDecision:
    """Decide about one message; never raises for anything that was parsed."""
    if isinstance(message, UserMessage):
        return _user(message, rules)
    return _account(message, rules)


def _user(message: UserMessage, rules: Rules) -> UserDecision:
    refused = why_not.contact_filter(message, rules)
    is_unlinked = linking.was_unlinked(message)
    left: to.Left = []
    body = to.enduser(message, rules, left) if refused is None else {}
    merged = losers(message)
    if refused is None:
        enduser = _enduser(message, body, rules, merged, is_unlinked=is_unlinked)
    else:
        enduser = _leaving(message, rules, is_unlinked=is_unlinked)
    # Nothing is created for who is skipped, nor for who leaves.
    is_wanted = refused is None and not is_unlinked and isinstance(enduser, Payload)
    link = _link(message.account, message.changes)
    has_moved = linking.may_have_moved(message)
    life = ""
    if (merged or has_moved or rules.archives) and isinstance(enduser, Payload):
        life = told_of(enduser.body, link, merged, has_moved=has_moved, is_unlinked=is_unlinked)
    left_of_events: to.Left = []
    activities, skipped = ((), ()) if refused else _events(message, body, rules, left_of_events)
    # Of who has not changed nothing is sent, so nothing is left out.
    told = left if is_wanted or enduser is _NO_IDENTITY else []
    faults = message.faults
    return UserDecision(
        message.hull_id,
        key_text(EXTERNAL_ID.read(message.user)),
        key_text(message.user.get("email")),
        enduser,
        None if is_unlinked else link,
        _CompanyOf(message, link, rules) if is_wanted else _no_company,
        activities,
        skipped,
        is_unlinked or has_moved,
        _left_out(Resource.ENDUSERS, faults, told, _of(Resource.ACTIVITIES, left_of_events))
        if faults or told or left_of_events
        else (),
        _doubts(faults, _needed(rules, is_refused=refused is not None, is_wanted=is_wanted)),
        merged if is_wanted else (),
        life,
    )


def _left_out(
    profile: Resource, faults: Faults, own: to.Left, of_others: Sequence[LeftOut]
) -> Sequence[LeftOut]:
    """Put together what of a message could not be used."""
    unreadable = [(profile, part, reasons.UNREADABLE) for part in faults]
    return (*unreadable, *_of(profile, own), *of_others)


def _of(resource: Resource, left: to.Left) -> Sequence[LeftOut]:
    return [(resource, field, why) for field, why in left]


def _needed(rules: Rules, *, is_refused: bool, is_wanted: bool) -> tuple[str, ...]:
    """The parts without which a user may have been decided about wrongly."""
    if is_refused:
        return ("segments", "is_export", "changes") if rules.archives else _OF_FILTER
    return ("account",) if is_wanted else ()


def _doubts(faults: Faults, needed: tuple[str, ...]) -> Sequence[str]:
    """What could not be read of a profile that is not sent, or not rightly, maybe for that."""
    return tuple([faults[part] for part in needed if part in faults]) if faults else ()


def _enduser(
    message: UserMessage, body: Body, rules: Rules, merged: Losers, *, is_unlinked: bool
) -> Payload | Skip:
    if body.keys().isdisjoint(_IDENTITY):
        return _NO_IDENTITY
    gated = why_not.user_gate(message, rules, merged)
    if gated is not None:
        return Skip(gated)
    if is_unlinked:
        return _archived(message, body) if rules.archives_unlinked else _UNLINKED
    # Who came back by one of these may have been left out for want of the other.
    if rules.archives and (
        why_not.has_entered(message.changes, rules) or linking.was_linked(message.changes)
    ):
        body = {**body, "archived": False}
    return Payload(message.hull_id, body)


def _leaving(message: UserMessage, rules: Rules, *, is_unlinked: bool) -> Payload | Skip:
    """A user outside the filter is skipped, or archived if it was inside until this message."""
    archives = rules.archives_left or (is_unlinked and rules.archives_unlinked)
    if archives and why_not.has_left(message.changes, rules):
        mapped = to.enduser(message, rules)
        if not mapped.keys().isdisjoint(_IDENTITY):
            return _archived(message, mapped)
    return Skip(reasons.CONTACT_FILTER)


def _archived(message: UserMessage, mapped: Body) -> Payload:
    body = {name: mapped[name] for name in ENDUSERS.keys if name in mapped}
    return Payload(message.hull_id, {**body, "archived": True})


def _no_company() -> Skip:
    return _NO_COMPANY


class _CompanyOf:
    """What may be created for a user: only an account that is for Planhat by itself."""

    __slots__ = ("account", "link", "rules", "segments")

    def __init__(self, message: UserMessage, link: Link, rules: Rules) -> None:
        self.account = message.account
        self.segments = message.account_segments
        self.link = link
        self.rules = rules

    def __call__(self) -> Payload | Skip:
        if self.link.account_id is None:
            return _NO_COMPANY
        # An export passes the filter of what is exported: the user, not its account.
        return _company_of(self.link, self.account, self.segments, self.rules, is_export=False)


def _company_of(
    link: Link,
    account: Entity,
    segments: Segments,
    rules: Rules,
    left: to.Left | None = None,
    *,
    is_export: bool,
) -> Payload | Skip:
    refused = why_not.company_filter(link.external_id, segments, rules, is_export=is_export)
    if refused is not None:
        return Skip(refused)
    body = to.company(account, rules, left)
    name = body.get("name")
    if not isinstance(name, str) or not name.strip():
        return _NO_NAME
    return Payload(link.account_id or "", body)


def _events(
    message: UserMessage, body: Body, rules: Rules, left: to.Left
) -> tuple[tuple[Payload, ...], tuple[tuple[str, Skip], ...]]:
    if not message.events:
        return (), ()
    author = to.author(message, body)
    is_known = not author.keys().isdisjoint(("email", "externalId"))
    activities: list[Payload] = []
    skipped: list[tuple[str, Skip]] = []
    seen: set[str] = set()
    for event in message.events:
        name = event.event or ""
        refused = _refused(name, rules, is_known=is_known)
        if refused is not None:
            skipped.append((name, refused))
            continue
        activity = to.activity(event, message.hull_id, author, left)
        if activity.event_id in seen:
            skipped.append((name, _REPEATED))
            continue
        if activity.event_id is not None:
            seen.add(activity.event_id)
        activities.append(activity)
    return tuple(activities), tuple(skipped)


def _refused(name: str, rules: Rules, *, is_known: bool) -> Skip | None:
    if name not in rules.contact_events and trimmed(name) not in rules.contact_events:
        return _NOT_TRACKED if name else _NAMELESS
    return None if is_known else _NO_IDENTITY


def _account(message: AccountMessage, rules: Rules) -> AccountDecision:
    account, segments, is_export = message.account, message.account_segments, message.is_export
    if rules.company.segments:
        account = with_segments(message, rules.company)
    link = _link(account, message.changes)
    left: to.Left = []
    company = _company_of(link, account, segments, rules, left, is_export=is_export)
    gated = why_not.account_gate(message, rules)
    if gated is not None and isinstance(company, Payload):
        company = Skip(gated)
    is_sent = isinstance(company, Payload)
    lists: list[Items] = []
    left_of_lists: list[LeftOut] = []
    for listed in rules.lists if is_sent else ():
        left_of_items: to.Left = []
        lists.append(to.items(message, listed, rules, left_of_items))
        if left_of_items:
            left_of_lists += _of(listed.model.resource, left_of_items)
    told = left if is_sent or company is _NO_NAME else []
    is_refused = isinstance(company, Skip) and company.reason == reasons.ACCOUNT_FILTER
    return AccountDecision(
        message.hull_id,
        link.external_id,
        company,
        link,
        lists,
        _left_out(Resource.COMPANIES, message.faults, told, left_of_lists)
        if message.faults or told or left_of_lists
        else (),
        _doubts(message.faults, _OF_ACCOUNT_FILTER if is_refused else ()),
    )


def _link(account: Entity, changes: Changes | None) -> Link:
    if not account:
        return _NO_LINK
    return Link(
        key_text(PLANHAT_ID.read(account)),
        key_text(EXTERNAL_ID.read(account)),
        key_text(account.get("id")),
        linking.former_external_id(changes),
    )


class Redecide:
    """Reads an envelope once for all of its messages that are asked for one after the other."""

    def __init__(self, in_force: InForce) -> None:
        self._in_force = in_force
        self.clear()

    def clear(self) -> None:
        """Forget what was read last."""
        self._record: Record | None = None
        self._messages: Sequence[Routed | Tombstone] = ()

    def company_of(self, receipt: Receipt) -> Payload | None:
        """Give the company that may be made for who is in this message; None if none may."""
        if receipt.ticket.record is not self._record:
            self._record = receipt.ticket.record
            parsed = parse(self._record.value, self._record.headers)
            self._messages = parsed.messages if isinstance(parsed, Messages) else (parsed,)
        message = self._messages[receipt.position or 0]
        if not isinstance(message, UserMessage | AccountMessage):
            return None
        decision = decide(message, self._in_force.rules)
        if isinstance(decision, UserDecision):
            return decision.company_stub
        return decision.company if isinstance(decision.company, Payload) else None
