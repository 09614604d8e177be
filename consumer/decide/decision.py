"""What is to be done about a message: payloads to send, or the reason why not. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from schemas.models import COMPANIES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consumer.decide.life.merge import Losers
    from consumer.offsets.ticket import LeftOut
    from schemas.planhat import Resource

Body = dict[str, JsonValue]

_IDENTIFYING: Final[tuple[str, ...]] = (*COMPANIES.keys, *COMPANIES.required[0].names)


@dataclass(init=False, slots=True)
class Skip:
    """Ours not to send, on purpose. The reason is one of consumer/decide/reasons.py, or several."""

    reason: str

    def __init__(self, reason: str) -> None:
        self.reason = reason


@dataclass(init=False, slots=True)
class Payload:
    """One object for Planhat.

    `key` is the Hull id of the profile; of an item of a list, that of its account and its own key.
    The body lacks the id of the model's parent (`Model.link`): only the sender can know it.
    """

    key: str
    body: Body
    event_id: str | None

    def __init__(self, key: str, body: Body, event_id: str | None = None) -> None:
        """`event_id` is the same for the same event, of an activity that has an id at all."""
        self.key = key
        self.body = body
        self.event_id = event_id


@dataclass(init=False, slots=True)
class Link:
    """How to find the company: by the first of these that is known."""

    planhat_id: str | None
    external_id: str | None
    account_id: str | None
    former_external_id: str | None

    def __init__(
        self,
        planhat_id: str | None,
        external_id: str | None,
        account_id: str | None,
        former_external_id: str | None = None,
    ) -> None:
        """The ids of the company in Planhat, at the customer's, and of the account in Hull.

        `former_external_id`: what the customer's was until this message told of the new one.
        """
        self.planhat_id = planhat_id
        self.external_id = external_id
        self.account_id = account_id
        self.former_external_id = former_external_id


class UserDecision:
    """What a user message means.

    `company` is what may be created should the link find nothing; `company_stub` the least of it.
    Both are worked out when they are asked for: mostly the link finds the company.
    `may_have_moved`: it may be in Planhat under another company. `link` is None for who was
    unlinked: it is archived wherever it is, and created nowhere.
    `merged` are those that Hull merged into it; `life` says in words what becomes of its contact
    beside its fields.
    `activities` are in the order of the events; `skipped_events` are (name, why).
    `unreadable` says what could not be read and may have changed the decision: the message is for
    the dead letters too, whatever of it is sent.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what is decided
        self,
        hull_id: str,
        external_id: str | None,
        email: str | None,
        enduser: Payload | Skip,
        link: Link | None,
        find_company: Callable[[], Payload | Skip],
        activities: tuple[Payload, ...],
        skipped_events: tuple[tuple[str, Skip], ...],
        may_have_moved: bool = False,  # noqa: FBT001, FBT002 - a field like the others
        left_out: Sequence[LeftOut] = (),
        unreadable: Sequence[str] = (),
        merged: Losers = (),
        life: str = "",
    ) -> None:
        self.hull_id = hull_id
        self.external_id = external_id
        self.email = email
        self.enduser = enduser
        self.link = link
        self.find_company = find_company
        self.activities = activities
        self.skipped_events = skipped_events
        self.may_have_moved = may_have_moved
        self.left_out = left_out
        self.unreadable = unreadable
        self.merged = merged
        self.life = life

    @property
    def company(self) -> Payload | Skip:
        """The company as the message shows it, or why none may be created."""
        return self.find_company()

    @property
    def company_stub(self) -> Payload | None:
        """What identifies that company and no more."""
        found = self.find_company()
        if isinstance(found, Skip):
            return None
        stub = {name: found.body[name] for name in _IDENTIFYING if name in found.body}
        return Payload(found.key, stub)


class Items:
    """What a list of an account holds of one model; `rejected` says what can't be used, and why."""

    def __init__(
        self, resource: Resource, payloads: Sequence[Payload], rejected: Sequence[str]
    ) -> None:
        self.resource = resource
        self.payloads = payloads
        self.rejected = rejected


class AccountDecision:
    """What an account message means; `left_out` and `unreadable` as those of a user."""

    def __init__(  # noqa: PLR0913, PLR0917 - what is decided
        self,
        hull_id: str,
        external_id: str | None,
        company: Payload | Skip,
        link: Link,
        lists: Sequence[Items],
        left_out: Sequence[LeftOut] = (),
        unreadable: Sequence[str] = (),
    ) -> None:
        self.hull_id = hull_id
        self.external_id = external_id
        self.company = company
        self.link = link
        self.lists = lists
        self.left_out = left_out
        self.unreadable = unreadable


Decision = UserDecision | AccountDecision


def hold_back(decision: UserDecision | AccountDecision, stale: str) -> None:
    """What is older than what was sent since overwrites nothing; events add (decision 0007)."""
    if isinstance(decision, UserDecision):
        if isinstance(decision.enduser, Payload):
            decision.enduser = Skip(stale)
    elif isinstance(decision.company, Payload):
        decision.company = Skip(stale)
