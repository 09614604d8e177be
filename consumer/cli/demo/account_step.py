"""What accounts of a generated stream do next, and the records that tell it."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from consumer.cli.demo import spoil
from consumer.cli.demo.cast import differences
from consumer.cli.demo.message import ACCOUNT_CHANNEL, Changes, envelope, of_account, record
from consumer.cli.demo.spelling import Form
from consumer.cli.demo.vocabulary import CUSTOMERS

if TYPE_CHECKING:
    from random import Random

    from consumer.cli.demo.cast import Account
    from consumer.cli.demo.message import Produced
    from consumer.cli.demo.options import Options
    from consumer.cli.demo.spelling import Entity

_FORMS = tuple(Form)
_EXPORTED = frozenset({"inside", "nameless", "unowned", "keyless"})


class AccountSteps:
    """Writes the records of accounts."""

    def __init__(self, options: Options, random: Random) -> None:
        """Draw from `random`."""
        self._options = options
        self._random = random
        self._names = tuple(options.account_steps)
        self._shares = tuple(accumulate(options.account_steps.values()))

    def next(self, account: Account, number: int) -> Produced:
        """Tell the account's next message; the first one says that it is new."""
        if not account.is_known:
            return self._appear(account, number)
        if account.is_away:
            return self._away(account, number)
        step = self._random.choices(self._names, cum_weights=self._shares)[0]
        if step == "envelope":
            return self._envelope(account, number)
        if step == "export" and account.kind in _EXPORTED:
            return self._export(account, number)
        return self._told(account, number, self._changes(account, step))

    def come_back(self, account: Account, number: int) -> Produced:
        """Enter the Company Filter again."""
        account.is_away = False
        changes = self._change(account)
        changes.account_segments = {"entered": [CUSTOMERS]}
        return self._told(account, number, changes)

    def _changes(self, account: Account, step: str) -> Changes | None:
        match step:
            case "unmapped":
                return Changes(account={"billing/city": ["A", "B"]})
            case "write_back":
                return Changes(account={"planhat/synced_at": [None, account.stamp]})
            case "leave" if account.kind == "inside":
                account.is_away = True
                return Changes(account_segments={"left": [CUSTOMERS]})
            case "extract":
                account.change(rename=False)
                return None
            case _:
                return self._change(account)

    def _appear(self, account: Account, number: int) -> Produced:
        account.is_known = True
        changes = Changes(is_new=True, account=differences({}, account.own_attributes()))
        changes.account_segments = {"entered": account.segments}
        return self._told(account, number, changes)

    def _away(self, account: Account, number: int) -> Produced:
        if self._random.random() < 0.5:  # noqa: PLR2004 - even chances
            return self.come_back(account, number)
        return self._told(account, number, self._change(account))

    def _change(self, account: Account) -> Changes:
        rename = account.kind != "nameless" and self._random.random() < self._options.rename_share
        return Changes(account=account.change(rename=rename))

    def _export(self, account: Account, number: int) -> Produced:
        account.change(rename=False)
        told = self._message(account, f"{number:040x}", None)
        wrapped = envelope([told], number, ACCOUNT_CHANNEL, is_export=True)
        return record(account.hull_id, wrapped)

    def _envelope(self, account: Account, number: int) -> Produced:
        told: list[Entity] = []
        for position in range(3):
            message_id = f"{position:08x}{number:032x}"
            told.append(self._message(account, message_id, self._change(account)))
        told.insert(1, spoil.deep(told[0], "account", number) | {"message_id": f"bad{number:037x}"})
        wrapped = envelope(told, number, ACCOUNT_CHANNEL, is_export=False)
        return record(account.hull_id, wrapped)

    def _told(self, account: Account, number: int, changes: Changes | None) -> Produced:
        told = self._message(account, f"{number:040x}", changes)
        match number % 3:
            case 0:
                return record(account.hull_id, told | {"channel": ACCOUNT_CHANNEL})
            case 1:
                header = ("channel", ACCOUNT_CHANNEL.encode())
                return record(account.hull_id, told, (header,))
            case _:
                return record(account.hull_id, told)

    def _message(self, account: Account, message_id: str, changes: Changes | None) -> Entity:
        told = of_account(account, changes, self._random.choice(_FORMS))
        return told | {"message_id": message_id}
