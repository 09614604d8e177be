"""Random lives of users and accounts, told in messages as Hull writes them.

Seeded: the same seed lives the same lives. Every message carries a version, and versions only grow
over all of Hull, so that Planhat's witness sees an older one that comes after a newer one, even
where one contact serves two users one after the other. Nobody is known by an address alone that
somebody else has, too: which of the two Planhat means then, nobody can say.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final

from tests.lives.people import ACCOUNTS_SEGMENT, USERS_SEGMENT, Account, Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Said = dict[str, Any]

EVENT: Final = "Signed in"
_KEYS_OF: Final = {"both": 70, "external": 15, "email": 15}


@dataclass(frozen=True)
class Weights:
    """How often what happens; 0 for never."""

    create: int = 8
    change: int = 30
    touch: int = 8
    move: int = 8
    unlink: int = 4
    link: int = 8
    leave: int = 5
    back: int = 8
    merge: int = 6
    merge_again: int = 3
    account_change: int = 5
    rekey: int = 1
    new_domain: int = 1
    merge_accounts: int = 1


@dataclass
class Hull:
    """Lives for `random`; `messages` is all that was said, in the order of Hull's time."""

    random: Random
    accounts: list[Account] = field(default_factory=list)
    living: list[Person] = field(default_factory=list)
    weights: Weights = field(default_factory=Weights)
    messages: list[Said] = field(default_factory=list)
    tells_merges: tuple[str, ...] = ("event", "both")
    """By the event, by both; or by `changes`, where only the Hull id of the loser is told."""
    _made: int = 0
    _rekeyed: int = 0
    _now: int = 0
    _events: int = 0

    def settle(self, users: int, accounts: int) -> None:
        """Let accounts and users come into being."""
        for number in range(accounts):
            account = Account(number, f"a-{number}", f"a{number}.example")
            self.accounts.append(account)
            self._tell_account(account, {"version": [None, 1]}, is_new=True)
        for _ in range(users):
            self.create()

    def live(self, steps: int) -> None:
        """Let something happen, so many times."""
        happenings: dict[str, Callable[[], object]] = {
            name: getattr(self, name) for name in vars(self.weights)
        }
        weights = list(vars(self.weights).values())
        for name in self.random.choices(list(happenings), weights, k=steps):
            happenings[name]()

    def create(self) -> None:
        number, self._made = self._made, self._made + 1
        keys = self.random.choices(list(_KEYS_OF), list(_KEYS_OF.values()))[0]
        external_id = None if keys == "email" else f"u-{number}"
        email = None if keys == "external" else f"u{number}@example.com"
        if keys == "both" and self.living and self.random.random() < 0.1:
            other = self.random.choice(self.living)
            # A second one of the same address, both known by their external ids.
            email = other.email if other.external_id and other.email else email
        account = self.random.choice(self.accounts) if self.random.random() < 0.9 else None
        person = Person(number, external_id, email, account, self.random.random() < 0.9)
        self.living.append(person)
        if account is not None:
            account.people.add(person)
        entered = {"entered": [USERS_SEGMENT]} if person.inside else {}
        self._tell(person, user={"id": [None, person.hull_id]}, segments=entered, is_new=True)

    def change(self) -> None:
        if person := self._somebody():
            self._tell(person, user={"traits_version": [person.version, self._now + 1]})

    def touch(self) -> None:
        """Something changes that nobody maps."""
        if person := self._somebody():
            self._tell(person, user={"traits_noise": [1, 2]})

    def move(self) -> None:
        person, account = self._somebody(), self.random.choice(self.accounts)
        if person and person.account and person.account is not account:
            self._tell(person, account=self._put(person, account))

    def unlink(self) -> None:
        person = self._somebody()
        if person and person.account:
            self._tell(person, account=self._put(person, None))

    def link(self) -> None:
        person = self._somebody(lambda one: one.account is None)
        if person and person.account is None:
            self._tell(person, account=self._put(person, self.random.choice(self.accounts)))

    def leave(self) -> None:
        person = self._somebody()
        if person and person.inside:
            person.inside = False
            self._tell(person, segments={"left": [USERS_SEGMENT]})

    def back(self) -> None:
        person = self._somebody(lambda one: not one.inside)
        if person and not person.inside:
            person.inside = True
            self._tell(person, segments={"entered": [USERS_SEGMENT]})

    def merge(self) -> None:
        survivor, loser = self._somebody(), self._somebody()
        if survivor and loser and survivor is not loser:
            self.join(survivor, loser)

    def join(self, survivor: Person, loser: Person) -> None:
        """Two become one: who survives takes over what it has not itself."""
        self.living.remove(loser)
        merged_of = {"merged_external_id": loser.external_id, "merged_email": loser.email}
        survivor.merged.append(loser)
        survivor.external_id = survivor.external_id or loser.external_id
        survivor.email = survivor.email or loser.email
        survivor.planhat_id = survivor.planhat_id or loser.planhat_id
        account: Said = {}
        if loser.account is not None:
            loser.account.people.discard(loser)
            if survivor.account is None:
                account = self._put(survivor, loser.account)
        segments = {}
        if loser.inside and not survivor.inside:
            survivor.inside, segments = True, {"entered": [USERS_SEGMENT]}
        told = self.random.choice(self.tells_merges)
        is_by_changes = told != "event"
        self._tell(
            survivor,
            user={"id": [loser.hull_id, survivor.hull_id]} if is_by_changes else {},
            account=account,
            segments=segments,
            event=_merged(survivor, loser, merged_of) if told != "changes" else None,
        )
        if self.random.random() < 0.1:
            self.messages.append(self.messages[-1])

    def merge_again(self) -> None:
        """Hull tells a merge that it told before."""
        person = self._somebody(lambda one: bool(one.merged))
        if person and person.merged:
            loser = self.random.choice(person.merged)
            keys = {"merged_external_id": loser.external_id, "merged_email": loser.email}
            self._tell(person, event=_merged(person, loser, keys))

    def account_change(self) -> None:
        account = self.random.choice(self.accounts)
        self._tell_account(account, {"version": [account.version, self._now + 1]})

    def rekey(self) -> None:
        account = self.random.choice(self.accounts)
        self._rekeyed += 1
        old, account.external_id = account.external_id, f"a-{account.number}-{self._rekeyed}"
        self._fan_out(account, {"external_id": [old, account.external_id]})

    def new_domain(self) -> None:
        account = self.random.choice(self.accounts)
        self._rekeyed += 1
        old, account.domain = account.domain, f"a{account.number}-{self._rekeyed}.example"
        self._fan_out(account, {"domain": [old, account.domain]})

    def merge_accounts(self) -> None:
        """One of two accounts is gone, without a word about its id; its users have the other."""
        kept, gone = self.random.choice(self.accounts), self.random.choice(self.accounts)
        if kept is gone:
            return
        self.accounts.remove(gone)
        changes = {
            "external_id": [gone.external_id, kept.external_id],
            "domain": [gone.domain, kept.domain],
        }
        self._tell_account(kept, {"domain": changes["domain"]})
        for person in _in_order(gone.people):
            self._put(person, kept)
            self._tell(person, account=changes)

    def learn(self, planhat_ids: dict[str, str], share: float = 0.5) -> None:
        """Write-back tells the ids of some by their Hull ids; who has one hears of a new one."""
        for person in self.living:
            found = planhat_ids.get(person.hull_id)
            if found and (person.planhat_id or self.random.random() < share):
                person.planhat_id = found

    def forget(self, count: int) -> list[Person]:
        """Delete some users in Hull, which tells nobody; give them. None shares its address."""
        addresses: dict[str | None, int] = {}
        for person in self.living:
            addresses[person.email] = addresses.get(person.email, 0) + 1
        alone = [one for one in self.living if one.email is None or addresses[one.email] == 1]
        found = self.random.sample(alone, min(count, len(alone)))
        for person in found:
            self.living.remove(person)
            if person.account is not None:
                person.account.people.discard(person)
        return found

    def records(self, since: int = 0) -> list[tuple[bytes, bytes]]:
        """Give messages as records, key and value: keyed by the Hull id of whom they tell."""
        return [
            ((one.get("user") or one["account"])["id"].encode(), json.dumps(one).encode())
            for one in self.messages[since:]
        ]

    def _somebody(self, wanted: Callable[[Person], bool] | None = None) -> Person | None:
        """Anybody; of whom is wanted, if one of a few is."""
        if not self.living:
            return None
        tries = 1 if wanted is None else 10
        found = None
        for _ in range(tries):
            found = self.random.choice(self.living)
            if wanted is None or wanted(found):
                break
        return found

    def _put(self, person: Person, account: Account | None) -> Said:
        """Link a user to an account, and give what of that is told as changed."""
        old, person.account = person.account, account
        if old is not None:
            old.people.discard(person)
        if account is not None:
            account.people.add(person)
        was, now = _keys(old), _keys(account)
        return {name: [was[name], now[name]] for name in was if was[name] != now[name]}

    def _fan_out(self, account: Account, changes: Said) -> None:
        self._tell_account(account, changes)
        for person in _in_order(account.people):
            self._tell(person, account=changes)

    def _tell(
        self,
        person: Person,
        user: Said | None = None,
        account: Said | None = None,
        segments: Said | None = None,
        event: Said | None = None,
        *,
        is_new: bool = False,
    ) -> None:
        self._now += 1
        person.version = self._now
        events = [event] if event else []
        if self.random.random() < 0.25:
            self._events += 1
            events.append(_signed_in(self._events))
        self.messages.append(
            {
                "channel": "user:update",
                "user": person.said(),
                "account": person.account.said() if person.account else {},
                "segments": [USERS_SEGMENT] if person.inside else [],
                "account_segments": [ACCOUNTS_SEGMENT] if person.account else [],
                "events": events,
                "changes": {
                    "is_new": is_new,
                    "user": user or {},
                    "account": account or {},
                    "segments": segments or {},
                    "account_segments": {},
                },
            }
        )

    def _tell_account(self, account: Account, changes: Said, *, is_new: bool = False) -> None:
        self._now += 1
        account.version = self._now
        self.messages.append(
            {
                "channel": "account:update",
                "account": account.said(),
                "account_segments": [ACCOUNTS_SEGMENT],
                "changes": {"is_new": is_new, "account": changes, "account_segments": {}},
            }
        )


def _in_order(people: set[Person]) -> Iterator[Person]:
    """A set has another order in each process."""
    return iter(sorted(people, key=lambda one: one.number))


def _keys(account: Account | None) -> Said:
    if account is None:
        return {"id": None, "external_id": None, "domain": None}
    return {"id": account.hull_id, "external_id": account.external_id, "domain": account.domain}


def _merged(survivor: Person, loser: Person, keys: Said) -> Said:
    return {
        "event": "User merged",
        "event_type": "user_merged",
        "event_source": "hull",
        "event_id": f"{survivor.hull_id}:{loser.hull_id}:merged",
        "created_at": "2026-11-01 10:00:00 UTC",
        "properties": {"user_id": survivor.hull_id, "merged_id": loser.hull_id} | keys,
    }


def _signed_in(number: int) -> Said:
    return {
        "event": EVENT,
        "event_id": f"event-{number}",
        "created_at": "2026-11-01 10:00:00 UTC",
        "properties": {"id": f"event-{number}"},
    }
