"""What is to be done about a message: payloads to send, or the reason why not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from pydantic import JsonValue

Body = dict[str, JsonValue]

_IDENTIFYING: Final[tuple[str, ...]] = ("_id", "externalId", "sourceId", "name")


@dataclass(frozen=True, slots=True)
class Skip:
    """Ours not to send, on purpose. The reason is one of consumer/reasons.py, or several."""

    reason: str


class Payload(NamedTuple):
    """One object for Planhat.

    `key` is the Hull id of the profile; of a licence, that of its account and its own key.
    The body of an enduser or a licence lacks the `companyId`: only the sender can know it.
    """

    key: str
    body: Body
    event_id: str | None = None


class Link(NamedTuple):
    """How to find the company: by the first of these that is known."""

    planhat_id: str | None
    external_id: str | None
    account_id: str | None


class UserDecision(NamedTuple):
    """What a user message means.

    `company` is what may be created should the link find nothing; `company_stub` the least of it.
    Both are worked out when they are asked for: mostly the link finds the company.
    `may_have_moved`: it may be in Planhat under another company.
    `activities` are in the order of the events; `skipped_events` are (name, why).
    """

    hull_id: str
    external_id: str | None
    email: str | None
    enduser: Payload | Skip
    link: Link
    find_company: Callable[[], Payload | Skip]
    activities: tuple[Payload, ...]
    skipped_events: tuple[tuple[str, Skip], ...]
    may_have_moved: bool = False

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


@dataclass(frozen=True, slots=True)
class AccountDecision:
    """What an account message means. `rejected_licences` are (position in the list, why)."""

    hull_id: str
    external_id: str | None
    company: Payload | Skip
    link: Link
    licences: tuple[Payload, ...]
    rejected_licences: tuple[tuple[int, str], ...]


Decision = UserDecision | AccountDecision
