"""What users of a generated stream do next, and the records that tell it."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from consumer.cli.demo import spoil
from consumer.cli.demo.cast import User, differences
from consumer.cli.demo.event import Events, moment
from consumer.cli.demo.message import USER_CHANNEL, Changes, envelope, of_user, record
from consumer.cli.demo.spelling import Form
from consumer.cli.demo.vocabulary import ACTIVE, CUSTOMERS

if TYPE_CHECKING:
    from random import Random

    from consumer.cli.demo.cast import Account
    from consumer.cli.demo.message import Produced
    from consumer.cli.demo.options import Options
    from consumer.cli.demo.spelling import Entity

_FORMS = tuple(Form)
_EVEN = 0.5
_GUESTS = 3
_FIRST_GUEST = 0x1000000
_TRIES = 5


class UserSteps:
    """Writes the records of users."""

    def __init__(self, options: Options, random: Random, accounts: list[Account]) -> None:
        """Draw from `random`; users move between `accounts`."""
        self._options = options
        self._random = random
        self._accounts = [account for account in accounts if account.kind != "unowned"]
        self._names = tuple(options.user_steps)
        self._shares = tuple(accumulate(options.user_steps.values()))
        self._events = Events(options, random)

    def next(self, user: User, number: int) -> Produced:
        """Tell the user's next message; the first one says that it is new."""
        if not user.is_known:
            return self._told(user, number, self._appear(user))
        if user.is_away:
            return self._away(user, number)
        if user.account is None:
            return self._told(user, number, self._move(user, number))
        return self._present(user, number)

    def guests(self, number: int) -> Produced:
        """Export users who never come again, together."""
        first = _FIRST_GUEST + number * _GUESTS
        places = [account for account in self._accounts if account.is_linkable]
        cast = [
            User(first + index, "both", self._random.choice(places), moves=False)
            for index in range(_GUESTS)
        ]
        told = [self._message(user, f"{user.index:040x}", None) for user in cast]
        wrapped = envelope(told, number, USER_CHANNEL, is_export=True)
        return record(cast[0].hull_id, wrapped)

    def _present(self, user: User, number: int) -> Produced:
        step = self._random.choices(self._names, cum_weights=self._shares)[0]
        match step:
            case "export":
                return self._export(user, number)
            case "envelope":
                return self._envelope(user, number)
            case "extract":
                self._change(user, number)
                return self._told(user, number, None)
            case "move" | "unlink" | "rename" | "linked":
                return self._told(user, number, self._moved(user, number, step))
            case _:
                return self._told(user, number, self._changes(user, number, step))

    def _changes(self, user: User, number: int, step: str) -> Changes:
        match step:
            case "unmapped":
                user.theme += 1
                return Changes(user={"product/theme": ["dark", f"theme {user.theme}"]})
            case "fan_out":
                return Changes(account={"billing/seats": [1, 2], "crm/stage": ["a", "b"]})
            case "write_back":
                return Changes(user={"planhat/synced_at": [None, moment(number)]})
            case "leave":
                user.is_away = True
                return Changes(segments={"left": [ACTIVE]})
            case _:
                return self._change(user, number)

    def _moved(self, user: User, number: int, step: str) -> Changes:
        match step:
            case "linked":
                return self._linked(user, number)
            case "move" if user.moves:
                return self._move(user, number)
            case "unlink" if user.account is not None and user.moves:
                gone, user.account = user.account, None
                return Changes(account={"id": [gone.hull_id, None]})
            case "rename" if user.identity == "both" and not user.moves:
                return self._change(user, number, renamed=1)
            case _:
                return self._change(user, number)

    def _appear(self, user: User) -> Changes:
        user.is_known = True
        changed = differences({}, user.attributes())
        return Changes(is_new=True, user=changed, segments={"entered": [ACTIVE]})

    def _away(self, user: User, number: int) -> Produced:
        if self._random.random() < _EVEN:
            return self._told(user, number, self._change(user, number))
        if self._random.random() < _EVEN:
            return self._export(user, number)
        user.is_away = False
        user.version += 1
        return self._told(user, number, Changes(segments={"entered": [ACTIVE]}))

    def _change(self, user: User, number: int, renamed: int = 0) -> Changes:
        old = user.attributes()
        user.version += 1
        user.logins = (user.logins + 1) % 7
        user.stamp = moment(number)
        user.emails += renamed
        return Changes(user=differences(old, user.attributes()))

    def _linked(self, user: User, number: int) -> Changes:
        """Tell that the company has just become known, or entered the filter."""
        account = user.account
        user.version += 1
        if account is not None and account.planhat_id is not None:
            return Changes(account={"planhat/id": [None, account.planhat_id]})
        if account is not None and account.segments == [CUSTOMERS]:
            return Changes(account_segments={"entered": [CUSTOMERS]})
        return self._change(user, number)

    def _move(self, user: User, number: int) -> Changes:
        for _ in range(_TRIES):
            account = self._random.choice(self._accounts)
            if not account.is_away and account is not user.account:
                old, user.account = user.account, account
                user.version += 1
                return Changes(account={"id": [old.hull_id if old else None, account.hull_id]})
        return self._change(user, number)

    def _export(self, user: User, number: int) -> Produced:
        self._change(user, number)
        told = self._message(user, f"{number:040x}", None)
        match number % 3:
            case 0:
                return record(user.hull_id, told | {"is_export": True})
            case 1:
                return record(user.hull_id, told, (("is_export", b"true"),))
            case _:
                wrapped = envelope([told], number, USER_CHANNEL, is_export=True)
                return record(user.hull_id, wrapped)

    def _envelope(self, user: User, number: int) -> Produced:
        told: list[Entity] = []
        for position in range(1 + self._random.randrange(3)):
            changes = self._change(user, number)
            told.append(self._message(user, f"{position:08x}{number:032x}", changes))
        if number % 2:
            bad = spoil.deep(told[0], "user", number // 2) | {"message_id": f"bad{number:037x}"}
            told.insert(number % len(told), bad)
        wrapped = envelope(told, number, USER_CHANNEL, is_export=False)
        return record(user.hull_id, wrapped)

    def _told(self, user: User, number: int, changes: Changes | None) -> Produced:
        told = self._message(user, f"{number:040x}", changes)
        match number % 3:
            case 0:
                return record(user.hull_id, told | {"channel": USER_CHANNEL})
            case 1:
                return record(user.hull_id, told, (("channel", USER_CHANNEL.encode()),))
            case _:
                return record(user.hull_id, told)

    def _message(self, user: User, message_id: str, changes: Changes | None) -> Entity:
        form = self._random.choice(_FORMS)
        told = of_user(user, changes, form, self._options.value_bytes)
        told["message_id"] = message_id
        if changes is None:
            told["segments"] = {} if user.is_away else told["segments"]
        elif self._random.random() < self._options.event_share:
            told["events"] = self._events.of(user, message_id)
        return told
