"""The users and accounts of a generated stream, and what they look like at each moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from consumer.cli.demo.vocabulary import CUSTOMERS, NOBODY, OWNER, PARTNERS

if TYPE_CHECKING:
    from random import Random

    from consumer.cli.demo.options import Options

PLANS: Final = ("Free", "Scale", "Enterprise")
STAGES: Final = ("Onboarding", "Adoption", "Renewal")
TITLES: Final = ("Analyst", "Head of Analytics", "Admiral", "Engineer")
_LINKABLE: Final = frozenset({"inside", "silent", "known"})
_OUTSIDE: Final = frozenset({"outside", "known", "stray"})
_WITHOUT_KEY: Final = frozenset({"keyless", "stray"})


@dataclass(slots=True)
class Account:
    """An account; `version` counts its changes. While it is away it is out of the filter."""

    index: int
    kind: str
    has_licences: bool
    planhat_id: str | None = None
    version: int = 1
    renames: int = 0
    seats: int = 10
    is_away: bool = False
    is_known: bool = False
    stamp: str = "2024-01-01T00:00:00Z"

    @property
    def hull_id(self) -> str:
        """Hull's id."""
        return f"5d25f6ce0f6b1168f{self.index:07x}"

    @property
    def external_id(self) -> str | None:
        """The external id, if it has one."""
        return None if self.kind in _WITHOUT_KEY else f"acme-{self.index}"

    @property
    def is_linkable(self) -> bool:
        """Its users can be brought to Planhat, whatever comes first."""
        return self.kind in _LINKABLE and not self.is_away

    @property
    def segments(self) -> list[dict[str, str]]:
        """The segments it is in now."""
        return [PARTNERS if self.is_away or self.kind in _OUTSIDE else CUSTOMERS]

    @property
    def name(self) -> str:
        """The name now."""
        return f"Acme {self.index}" + (f" ({self.renames})" if self.renames else "")

    def change(self, *, rename: bool) -> dict[str, Any]:
        """Grow, and tell the changes."""
        old = self.own_attributes()
        self.version += 1
        self.seats += 1
        self.renames += rename
        return differences(old, self.own_attributes())

    def snapshot(self) -> dict[str, Any]:
        """Tell what a user's message says of it.

        The version is left out: whether a user's message creates the company or finds it depends
        on which partition is read first, and only changes of its own have an order among them.
        """
        found: dict[str, Any] = {
            "id": self.hull_id,
            "external_id": self.external_id,
            "name": self.name,
            "domain": f"acme-{self.index}.example",
            "created_at": "2019-01-10T09:00:00Z",
            "billing/plan": PLANS[self.version // 3 % len(PLANS)],
            "billing/seats": self.seats,
            "crm/stage": STAGES[self.version // 5 % len(STAGES)],
            "crm/tags": [f"tier-{self.version % 4}"],
            "crm/owner_id": NOBODY if self.kind == "unowned" else OWNER["_id"],
        }
        if self.kind == "nameless":
            del found["name"]
        if self.external_id is None:
            del found["external_id"]
        return found

    def own_attributes(self) -> dict[str, Any]:
        """Tell what its own messages say."""
        found = self.snapshot() | {"stream/version": self.version}
        if self.has_licences:
            found["billing/licenses"] = [self._licence(number) for number in (1, 2)]
        return found

    def _licence(self, number: int) -> dict[str, Any]:
        return {
            "id": f"L-{self.index}-{number}",
            "product": PLANS[number],
            "currency": "EUR",
            "start_date": "2024-01-01T00:00:00Z",
            "end_date": None,
            "mrr": 100 * number + self.version,
            "seats": self.seats,
            "version": self.version,
        }


@dataclass(slots=True)
class User:
    """A user; `version` counts what Planhat has to know of, `happened` its events."""

    index: int
    identity: str
    account: Account | None
    moves: bool
    version: int = 1
    emails: int = 0
    logins: int = 0
    theme: int = 0
    happened: int = 0
    is_away: bool = False
    is_known: bool = False
    stamp: str = "2024-01-01T00:00:00Z"
    last_event: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def hull_id(self) -> str:
        """Hull's id."""
        return f"5d25f6ce0f6b1168e{self.index:07x}"

    def attributes(self) -> dict[str, Any]:
        """Tell what its messages say of it."""
        version = self.version
        found: dict[str, Any] = {
            "id": self.hull_id,
            "name": f"Ada Byron {self.index}",
            "phone": f"+44 20 {self.index:07d}",
            "created_at": "2019-07-10T14:31:42Z",
            "crm/title": TITLES[version // 4 % len(TITLES)],
            "crm/tags": ["beta"] if version % 5 else [],
            "is_champion": version % 3 == 0,
            "product/logins_30d": self.logins,
            "product/last_login_at": self.stamp,
            "product/theme": f"theme {self.theme}",
            "stream/version": version,
        }
        if self.identity in {"both", "email"}:
            renamed = f".{self.emails}" if self.emails else ""
            found["email"] = f"ada{renamed}+{self.index}@users.example"
        if self.identity in {"both", "external"}:
            found["external_id"] = f"u-{self.index}"
        return found


def differences(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Tell changes as Hull does: `[old, new]`, lists of texts by their items."""
    found: dict[str, Any] = {}
    for name, value in new.items():
        before = old.get(name)
        if before == value:
            continue
        if isinstance(value, list) and value and isinstance(value[0], str):
            found[f"{name}[0]"] = [before[0] if before else None, value[0]]
        else:
            found[name] = [before, value]
    return found


def accounts(options: Options, random: Random, planhat_ids: dict[str, str]) -> list[Account]:
    """Cast the accounts: one of each kind if there is room, the others by share."""
    kinds, shares = tuple(options.account_kinds), tuple(options.account_kinds.values())
    drawn = random.choices(kinds, shares, k=max(0, options.accounts - len(kinds)))
    chosen = [*kinds, *drawn][: max(1, options.accounts)]
    cast = [
        Account(index, kind, random.random() < options.licence_share)
        for index, kind in enumerate(chosen)
    ]
    for account in cast:
        account.planhat_id = planhat_ids.get(account.external_id or "")
    return cast


def users(options: Options, random: Random, among: list[Account]) -> list[User]:
    """Cast the users, each in one of the accounts that have users."""
    homes = [account for account in among if account.kind != "unowned"]
    return [_user(index, options, random, homes) for index in range(options.users)]


def _user(index: int, options: Options, random: Random, homes: list[Account]) -> User:
    anonymous = random.random() < options.anonymous_share
    identity = "none" if anonymous else random.choice(("both", "both", "email", "external"))
    moves = identity == "email" or (options.moves_of_all and index % 2 == 0)
    return User(index, identity, random.choice(homes), moves)
