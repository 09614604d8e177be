"""The demo's stream of Kafka records, as a bridge of Hull would write it, and the same by its seed.

What Planhat must hold in the end does not depend on how the partitions interleave: all records of
a profile have its Hull id as key, and what a user's message says of its account is never newer than
what the account said itself. Each change of a profile raises its `stream/version` by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import orjson

from consumer.cli.demo import kinds
from consumer.cli.demo.ledger import Ledger
from consumer.cli.demo.profile import BEGIN, LINKABLE, REFUSALS, Account, User, moment
from consumer.cli.demo.vocabulary import TRACKED, UNTRACKED, Entity, spelled
from consumer.decide import reasons

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from consumer.cli.demo.kinds import Said
    from consumer.cli.demo.profile import Profile

_SORTS: Final = {"user": 0.84, "account": 0.12, "envelope": 0.016, "guests": 0.004, "bad": 0.02}
_ACCOUNT_KINDS: Final = {"inside": 0.8, **dict.fromkeys(REFUSALS, 0.04)}
_IDENTITIES: Final = {"both": 0.5, "email": 0.24, "external": 0.24, "none": 0.02}
"""What the stream is made of, in shares."""

_ENTITIES: Final = ("user", "account")
_EVENT_SHARE: Final = 0.4
_REPEAT_SHARE: Final = 0.05
_WRONG: Final = (["not", "an", "object"], "Acme Ltd", 7, True)
_GUESTS: Final = 3

_Drawn = TypeVar("_Drawn")


class Produced(NamedTuple):
    """A Kafka record, ready to be produced."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """How much of it; the same options give the same stream."""

    users: int = 2_500
    accounts: int = 250
    records: int = 6_000
    seed: int = 1


class Stream:
    """Writes the records, and into the ledger what must come of them."""

    def __init__(self, options: Options) -> None:
        """Cast the accounts, one of each kind and the others by share, and the users."""
        self.ledger = Ledger()
        self._options = options
        self._random = Random(options.seed)
        drawn = [self._draw(_ACCOUNT_KINDS) for _ in range(options.accounts - len(_ACCOUNT_KINDS))]
        self._accounts = [Account(*each) for each in enumerate([*_ACCOUNT_KINDS, *drawn])]
        self._homes = [account for account in self._accounts if account.kind in LINKABLE]
        self._users: list[User] = []
        for index in range(options.users):
            home = self._random.choice([each for each in self._accounts if each.kind != "unowned"])
            is_mover = home.kind in LINKABLE and index % 2
            other = self._random.choice(self._homes) if is_mover else home
            self._users.append(User(index, (home, other), self._draw(_IDENTITIES)))
        self.ledger.planhat["companies"] = {seed["externalId"]: seed for seed in self.seeds()}

    def seeds(self) -> list[Entity]:
        """Give the companies that Planhat must have before."""
        return [
            {"externalId": each.snapshot()["external_id"], "name": "Acme of old"}
            for each in self._accounts
            if each.kind == "known"
        ]

    def records(self) -> Iterator[Produced]:
        """Write all records."""
        for number in range(self._options.records):
            self.ledger.records += 1
            is_half = number == self._options.records // 2
            yield self._bad(kinds.BIG) if is_half else self._record(number)

    def _draw(self, shares: Mapping[_Drawn, float]) -> _Drawn:
        return self._random.choices([*shares], [*shares.values()])[0]

    def _record(self, number: int) -> Produced:
        # Some users speak much more often than others.
        user = self._users[int(len(self._users) * self._random.random() ** 1.5)]
        match self._draw(_SORTS):
            case "bad":
                return self._bad(kinds.NO_MESSAGES[number % len(kinds.NO_MESSAGES)], number)
            case "guests":
                return self._guests(number)
            case "envelope":
                return self._envelope(user, number)
            case "account":
                return self._alone(self._random.choice(self._accounts), number)
            case _:
                return self._alone(user, number)

    def _bad(self, template: bytes | None, number: int = 0) -> Produced:
        value = template and template.replace(b"%d", b"%04d" % number)
        if value is None or b"channel" in value:
            reason = reasons.UNSUPPORTED_CHANNEL if value else reasons.TOMBSTONE
            self.ledger.skips["user", reason] += 1
            self.ledger.endings["skipped"] += 1
        else:
            self.ledger.reject(value)
        return Produced(b"bad", value)

    def _alone(self, profile: Profile, number: int) -> Produced:
        """Say what a message is about in one of three ways: inside, in headers, around it."""
        key, channel = profile.hull_id.encode(), f"{profile.entity}:update"
        message = self._message(profile)
        match number % 3:
            case 0:
                return Produced(key, orjson.dumps(message | {"channel": channel}))
            case 1:
                is_export = message.pop("is_export")
                headers = (("channel", channel.encode()), ("is_export", b"%d" % is_export))
                return Produced(key, orjson.dumps(message), headers)
            case _:
                about = {"channel": channel, "is_export": message.pop("is_export")}
                return Produced(key, orjson.dumps(about | {"messages": [message]}))

    def _envelope(self, user: User, number: int) -> Produced:
        """Tell several messages at once, the second one spoiled."""
        told = [self._message(user) for _ in range(1 + number % 3)]
        told.insert(1, told[0] | {"user": _WRONG[number % len(_WRONG)], "message_id": f"{number}"})
        value = orjson.dumps({"channel": "user:update", "messages": told})
        self.ledger.reject(value, 1)
        return Produced(user.hull_id.encode(), value)

    def _guests(self, number: int) -> Produced:
        """Export users together who never come again."""
        first = len(self._users) + number * _GUESTS
        home = self._random.choice(self._homes)
        guests = [User(index, (home, home)) for index in range(first, first + _GUESTS)]
        told = [self._message(guest, kinds.export(guest)) for guest in guests]
        value = orjson.dumps({"channel": "user:update", "messages": told})
        return Produced(guests[0].hull_id.encode(), value)

    def _message(self, profile: Profile, said: Said | None = None) -> Entity:
        """Write a message, one of any kind by itself, and into the ledger what must come of it."""
        ledger, kind = self.ledger, kinds.BY_STATE[profile.entity][profile.state]
        said = said or self._draw(kind)(profile)
        number = ledger.endings.total()
        about = {"message_id": f"{number:040x}", "is_export": said.is_export}
        changes = {} if said.changes is None else {"changes": {"is_new": False} | said.changes}
        message = profile.message() | about | changes
        for part in (message, message.get("changes", {})):
            part |= {kind: spelled(part[kind], number, kind) for kind in _ENTITIES if kind in part}
        is_sent = ledger.enter(profile, said.skip)
        is_there = bool(changes) and said.skip in {"", reasons.NOTHING_CHANGED}
        if is_there and isinstance(profile, User) and self._random.random() < _EVENT_SHARE:
            event, is_news = self._event(profile, number)
            message["events"] = [event]
            is_sent = is_sent or is_news
        ledger.endings["delivered" if is_sent else "skipped"] += 1
        return message

    def _event(self, user: User, number: int) -> tuple[Entity, bool]:
        """Make an event up, or repeat the last one, as Hull may; True if Planhat must have it."""
        if user.last_event is not None and self._random.random() < _REPEAT_SHARE:
            self.ledger.skips["user_event", reasons.EVENT_SENT] += 1
            return user.last_event, False
        action = self._random.choice([*TRACKED, UNTRACKED])
        event_id = f"event-{number}"
        event = {
            "event": action,
            "event_id": event_id,
            "created_at": (moment(number), f"{BEGIN + number}")[number % 2],
            "properties": {"event_id": event_id, "pages": 0, "referrer": None},
            "context": {"ip": "203.0.113.7", "useragent": "Mozilla/5.0"},
        }
        if action == UNTRACKED:
            self.ledger.skips["user_event", reasons.TRACKING_FILTER] += 1
            return event, False
        user.last_event = event
        self.ledger.happen(user, event_id, action, BEGIN + number)
        return event, True
