"""How the profiles stand that a question is about, as JSON. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from consumer.watch.console.state import moment
from consumer.watch.outcomes import is_same
from consumer.watch.standing import Told, own_resource, standing, told
from consumer.watch.waiting import is_about
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from consumer.offsets.record import Record
    from consumer.watch.outcome_block import Outcome
    from consumer.watch.personal import Shown
    from consumer.watch.waiting import Waiting

_MOST: Final = 10
_KINDS: Final = {Resource.ENDUSERS: "user", Resource.COMPANIES: "account"}

Name: TypeAlias = tuple[Resource, str]
"""A profile: what it is in Planhat, and its Hull id."""


class _Place(NamedTuple):
    """Where a message lies, and when it came to its end (those that wait: last)."""

    topic: str
    partition: int
    offset: int
    position: int
    at: float


Message: TypeAlias = tuple[_Place, Told]


def profiles(
    query: str,
    waiting: Sequence[Waiting],
    outcomes: Sequence[Outcome],
    is_known: Callable[[Resource, str], bool],
    shown: Shown,
) -> list[dict[str, Any]]:
    """Judge each profile that is found; `is_known` tells whether Planhat is known to have one."""
    found: dict[Name, list[Message]] = {}
    for name, message in [*_waiting(query.strip().lower(), waiting), *_final(outcomes)]:
        found.setdefault(name, []).append(message)
    if not found:
        found = {(kind, query.strip()): [] for kind in _KINDS if is_known(kind, query.strip())}
    return [
        _profile(name, messages, shown, is_known=is_known(*name))
        for name, messages in list(found.items())[:_MOST]
    ]


def _profile(
    name: Name, messages: list[Message], shown: Shown, *, is_known: bool
) -> dict[str, Any]:
    found = standing(_in_order(messages), is_known=is_known)
    return {
        "kind": _KINDS[name[0]],
        "hull_id": shown.text(name[1]),
        "state": found.state,
        "title": found.title,
        "detail": shown.text(found.detail),
        "reason": shown.text(found.reason),
        "since": None if found.since is None else moment(found.since),
        "is_exact": found.is_exact,
    }


def _in_order(messages: list[Message]) -> list[Told]:
    """As they lie in the topic; those of several partitions as they came to their end."""
    is_one_log = len({place[:2] for place, _ in messages}) == 1
    ordered = sorted(messages, key=lambda one: one[0] if is_one_log else one[0][-1:])
    return [one for _, one in ordered]


def _final(outcomes: Sequence[Outcome]) -> Iterator[tuple[Name, Message]]:
    for one in outcomes:
        own = own_resource(one.channel)
        if own is not None:
            place = _Place(one.topic, one.partition, one.offset, _number(one.position), one.at)
            yield (own, one.hull_id), (place, told_of(one))


def told_of(one: Outcome) -> Told:
    """What an outcome tells of its own profile."""
    return told(one.channel, one.ending, one.reason, one.skips, one.changes, one.at)


def _waiting(wanted: str, waiting: Sequence[Waiting]) -> Iterator[tuple[Name, Message]]:
    for one in waiting:
        receipt = one.receipt
        place = _place(receipt.ticket.record, receipt.position)
        own = own_resource(receipt.channel)
        if own is not None and is_about(receipt, wanted):
            yield (own, receipt.hull_id), (place, told_of_waiting(one))
            continue
        for part, why in one.changes:  # a company that a user brings
            if part.resource is Resource.COMPANIES and is_same(part.key, wanted):
                yield (part.resource, part.key), (place, Told("waiting", why))


def told_of_waiting(one: Waiting) -> Told:
    """What a message that is not final tells of its own profile, which may be final already."""
    receipt = one.receipt
    own = own_resource(receipt.channel)
    why = next((why for part, why in one.changes if part.resource is own), None)
    if why is not None:
        return Told("waiting", why)
    return told(receipt.channel, receipt.ending, receipt.reason, receipt.skips, receipt.changes)


def _place(record: Record, position: int | None) -> _Place:
    topic, partition = record.partition
    return _Place(topic, partition, record.offset, _number(position), float("inf"))


def _number(position: int | None) -> int:
    return -1 if position is None else position
