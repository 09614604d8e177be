"""What was told to Kafka, and so what must be found in the end: every difference is told. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from consumer.cli.demo.profile import User
from consumer.cli.demo.vocabulary import (
    ACCOUNT,
    ACCOUNT_CUSTOM,
    LICENCE,
    PLAN,
    USER,
    USER_CUSTOM,
    Entity,
    in_planhat,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from consumer.cli.demo.profile import Account, Profile
    from consumer.watch.report import Tally


class Rejected(NamedTuple):
    """A message in the dead letters: its record's value, and where it stood in an envelope."""

    value: bytes
    position: int | None


@dataclass(slots=True)
class Ledger:
    """The debit side: each message with its end, and the last state of each profile.

    `endings` counts messages, `skips` changes by kind (as in logs) and reason. `planhat` is what
    Planhat must hold: rows by model and key.
    """

    records: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    skips: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejected: Counter[Rejected] = field(default_factory=Counter)
    planhat: dict[str, dict[str, Entity]] = field(default_factory=lambda: defaultdict(dict))
    profiles: set[str] = field(default_factory=set)

    def enter(self, profile: Profile, reason: str) -> bool:
        """Planhat must know the profile as it is now, unless there is a reason to skip it."""
        if reason:
            self.skips[profile.entity, reason] += 1
            return False
        self.profiles.add(profile.hull_id)
        if isinstance(profile, User):
            self._user(profile)
        else:
            self._account(profile)
        return True

    def reject(self, value: bytes, position: int | None = None) -> None:
        """A message must come into the dead letters."""
        self.endings["rejected"] += 1
        self.rejected[Rejected(value, position)] += 1

    def happen(self, user: User, event_id: str, action: str, at: float) -> None:
        """Planhat must have this event of the user, once."""
        row = {"action": action, "enduser": person(user.attributes()), "date": at}
        self.planhat["activities"][event_id] = row

    def _user(self, user: User) -> None:
        company = user.account.snapshot()
        fields = in_planhat(user.attributes(), USER, USER_CUSTOM)
        fields["custom"][PLAN] = company["billing/plan"]
        fields["company"] = company["external_id"]
        self.planhat["endusers"][person(fields)] = fields
        # A user brings its company by its name; whatever the account says itself comes on top.
        brought = in_planhat(company, {"external_id": "externalId", "name": "name"}, {})
        self.planhat["companies"].setdefault(company["external_id"], brought)

    def _account(self, account: Account) -> None:
        fields = in_planhat(account.attributes(), ACCOUNT, ACCOUNT_CUSTOM)
        company = account.snapshot()["external_id"]
        self.planhat["companies"][company] = fields
        for licence in account.licences():
            row = in_planhat(licence, LICENCE, {}) | {"company": company}
            self.planhat["licenses"][licence["id"]] = row


def person(fields: Mapping[str, Any]) -> str:
    """Name an enduser, or a user, by its external id, else by its address."""
    return str(fields.get("externalId") or fields.get("external_id") or fields.get("email"))


def skips(tally: Tally) -> Counter[tuple[str, str]]:
    """Count the skips by kind and reason."""
    parts = tally.parts.items()
    return Counter({(kind, why): n for (kind, ending, why), n in parts if ending == "skipped"})


def differences(
    ledger: Ledger, tally: Tally, sandbox: Mapping[str, Any], letters: Iterable[Rejected]
) -> list[str]:
    """Tell each difference in one line; `sandbox` is its contents, `letters` the dead letters."""
    found = _rows(sandbox)
    lost = {str(row["event"].get("info", {}).get("event_id")) for row in sandbox["dropped"]}
    return [
        *_miscounted("messages", ledger.endings, tally.messages),
        *_miscounted("skipped", ledger.skips, skips(tally)),
        *_miscounted("dead letter", ledger.rejected, Counter(letters)),
        *(line for model in found for line in _wrong(model, ledger.planhat[model], found[model])),
        *(f"activities {each}: came before its contact" for each in sorted(lost)),
    ]


def _miscounted(what: str, wanted: Counter[Any], found: Counter[Any]) -> Iterator[str]:
    """Each has to be there as often as it was told: once where it is one of a kind."""
    for name in dict.fromkeys((*wanted, *found)):
        if found[name] != wanted[name]:
            told = ", ".join(map(str, name)) if isinstance(name, tuple) else str(name)
            yield f"{what} {told[:120]}: {found[name]}, should be {wanted[name]}"


def _wrong(
    model: str, wanted: Mapping[str, Entity], rows: list[tuple[str, Entity]]
) -> Iterator[str]:
    found, ones = dict(rows), Counter(dict.fromkeys(wanted, 1))
    yield from _miscounted(model, ones, Counter(name for name, _ in rows))
    for name in wanted.keys() & found.keys():
        yield from _fields(f"{model} {name}", wanted[name], found[name])


def _fields(who: str, wanted: Entity, row: Entity) -> Iterator[str]:
    for name, value in wanted.items():
        if name == "custom":
            yield from _fields(f"{who} custom", value, row.get("custom", {}))
        elif row.get(name) != value:
            yield f"{who}: {name} is {row.get(name)!r}, should be {value!r}"


def _rows(sandbox: Mapping[str, Any]) -> dict[str, list[tuple[str, Entity]]]:
    """Rows by model, with keys, and with names where Planhat has ids of its own."""
    places = {row["_id"]: row.get("externalId") for row in sandbox["companies"]}
    people = {row["_id"]: person(row) for row in sandbox["endusers"]}
    return {
        "companies": [(str(row.get("externalId")), row) for row in sandbox["companies"]],
        "endusers": [(person(row), _placed(row, places)) for row in sandbox["endusers"]],
        "licenses": [(str(row["externalId"]), _placed(row, places)) for row in sandbox["licenses"]],
        "activities": [_activity(row, people) for row in sandbox["activities"]],
    }


def _placed(row: Entity, places: Mapping[str, Any]) -> Entity:
    return row | {"company": places.get(row.get("companyId", ""))}


def _activity(row: Entity, people: Mapping[str, str]) -> tuple[str, Entity]:
    at = datetime.fromisoformat(row["date"]).timestamp()
    told = {"action": row["action"], "enduser": people.get(row["enduserId"]), "date": at}
    return str(row.get("info", {}).get("event_id")), told
