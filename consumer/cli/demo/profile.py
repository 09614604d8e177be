"""The users and accounts of the demo's stream. What one looks like follows from its version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final, Literal

from consumer.cli.demo.vocabulary import ACTIVE, CUSTOMERS, NOBODY, OTHERS, OWNER, PARTNERS, Entity
from consumer.decide import reasons

State = Literal["new", "present", "away", "unlinked", "refused"]
"""What may come next of a profile. `refused`: whatever it says, it never gets to Planhat."""

BEGIN: Final = 1_704_067_200
"""The beginning of 2024: the time of the first change."""

REFUSALS: Final = {
    "outside": reasons.ACCOUNT_FILTER,
    "known": reasons.ACCOUNT_FILTER,
    "keyless": reasons.EXTERNAL_ID_REQUIRED,
    "nameless": reasons.NO_COMPANY_NAME,
    "unowned": reasons.INVALID_OWNER,
}
"""Why accounts of a kind never get to Planhat. `known` ones were there before the stream began."""

LINKABLE: Final = frozenset({"inside", "known"})
"""Of which kinds the users can be brought to Planhat."""

_PLANS: Final = ("Free", "Scale", "Enterprise")
_STAGES: Final = ("Onboarding", "Adoption", "Renewal")
_TITLES: Final = ("Analyst", "Head of Analytics", "Admiral", "Engineer")
_BALLAST: Final = {f"enrichment/field_{index:02d}": "nothing maps me " * 3 for index in range(16)}
"""So that a user's message weighs about 2 KB, as in real streams."""


@dataclass(slots=True)
class Account:
    """An account; `version` counts its changes."""

    entity: ClassVar = "account"

    index: int
    kind: str
    version: int = 0

    @property
    def hull_id(self) -> str:
        """Hull's id."""
        return f"5d25f6ce0f6b1168f{self.index:07x}"

    @property
    def refusal(self) -> str:
        """Why it never gets to Planhat; empty if it does."""
        return REFUSALS.get(self.kind, "")

    @property
    def state(self) -> State:
        """What may come next."""
        return "refused" if self.refusal else "present" if self.version else "new"

    def snapshot(self) -> Entity:
        """Tell what a user's message says of it. The name changes now and then."""
        found = {
            "id": self.hull_id,
            "external_id": f"acme-{self.index}",
            "name": f"Acme {self.index} ({self.version // 4})",
            "billing/plan": _PLANS[self.version // 3 % 3],
        }
        left_out = {"keyless": "external_id", "nameless": "name"}.get(self.kind)
        return {name: value for name, value in found.items() if name != left_out}

    def attributes(self) -> Entity:
        """Tell what its own messages say."""
        return self.snapshot() | {
            "billing/licenses": self.licences(),
            "crm/stage": _STAGES[self.version // 5 % 3],
            "crm/tags": [f"tier-{self.version % 4}"],
            "crm/owner_id": NOBODY if self.kind == "unowned" else OWNER["_id"],
            "stream/version": self.version,
        }

    def licences(self) -> list[Entity]:
        """Tell its licences: two or none."""
        has_licences = self.kind == "inside" and self.index % 3 == 0
        return [
            {
                "id": f"L-{self.index}-{number}",
                "product": _PLANS[number],
                "currency": "EUR",
                "start_date": moment(0),
                "mrr": 100 * number + self.version,
            }
            for number in ((1, 2) if has_licences else ())
        ]

    def segments(self) -> list[Entity]:
        """Tell the segments it is in."""
        return [PARTNERS if self.refusal == reasons.ACCOUNT_FILTER else CUSTOMERS]

    def message(self) -> Entity:
        """Build a message of it as it is now."""
        return {"account": self.attributes(), "account_segments": self.segments()}


@dataclass(slots=True)
class User:
    """A user; `version` counts its changes. It moves between its homes."""

    entity: ClassVar = "user"

    index: int
    homes: tuple[Account, Account]
    identity: str = "both"
    version: int = 0
    moves: int = 0
    is_away: bool = False
    is_unlinked: bool = False
    last_event: Entity | None = None

    @property
    def hull_id(self) -> str:
        """Hull's id."""
        return f"5d25f6ce0f6b1168e{self.index:07x}"

    @property
    def account(self) -> Account:
        """The account it belongs to, when it is not unlinked."""
        return self.homes[self.moves % 2]

    @property
    def refusal(self) -> str:
        """Why it doesn't get to Planhat now; empty if it does."""
        if self.is_away:
            return reasons.CONTACT_FILTER
        if self.identity == "none":
            return reasons.NO_IDENTITY
        return "" if self.account.kind in LINKABLE else reasons.NO_COMPANY_ID

    @property
    def state(self) -> State:
        """What may come next."""
        if self.is_away:
            return "away"
        if self.is_unlinked:
            return "unlinked"
        return "refused" if self.refusal else "present" if self.version else "new"

    def attributes(self) -> Entity:
        """Tell what its messages say. The address of one who never moves changes now and then."""
        found = {
            "id": self.hull_id,
            "name": f"Ada Byron {self.index}",
            "crm/title": _TITLES[self.version // 4 % 4],
            "crm/tags": ["beta"] if self.version % 5 else [],
            "is_champion": self.version % 3 == 0,
            "product/last_login_at": moment(self.version),
            "stream/version": self.version,
        }
        if self.identity in {"both", "email"}:
            stays = self.identity == "both" and self.homes[0] is self.homes[1]
            renamed = f".{self.version // 3}" if stays else ""
            found["email"] = f"ada{renamed}+{self.index}@users.example"
        if self.identity in {"both", "external"}:
            found["external_id"] = f"u-{self.index}"
        return found

    def message(self) -> Entity:
        """Build a message of it as it is now."""
        return {
            "user": self.attributes() | _BALLAST,
            "account": {} if self.is_unlinked else self.account.snapshot(),
            "segments": [OTHERS] if self.is_away else [OTHERS, ACTIVE],
            "account_segments": [] if self.is_unlinked else self.account.segments(),
        }


Profile = User | Account


def moment(second: int) -> str:
    """Tell a time, so many seconds after the beginning."""
    return datetime.fromtimestamp(BEGIN + second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def change(profile: Profile) -> Entity:
    """Go on to the next version. Return what changed as Hull tells it, texts in lists by item."""
    old = profile.attributes() if profile.version else {}
    profile.version += 1
    found: Entity = {}
    for name, value in profile.attributes().items():
        before = old.get(name)
        if before == value:
            continue
        if name.endswith("/tags"):
            found[f"{name}[0]"] = [(before or [None])[0], (value or [None])[0]]
        else:
            found[name] = [before, value]
    return found
