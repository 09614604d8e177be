"""A stream of Kafka records as a bridge of Hull would write it: varied, and the same by its seed.

What Planhat must hold in the end does not depend on how the partitions interleave: all records of
a profile have its Hull id as key, a user speaks only while its account is where the account's own
messages leave it, and what a user's message says of an account is never newer than those. Each
message that Planhat has to know of raises `stream/version` of its profile by one.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from consumer.cli.demo import cast, spoil
from consumer.cli.demo.account_step import AccountSteps
from consumer.cli.demo.options import Options
from consumer.cli.demo.user_step import UserSteps
from consumer.cli.demo.vocabulary import OWNER, connector_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from consumer.cli.demo.cast import User
    from consumer.cli.demo.message import Produced

__all__ = ["Options", "connector_settings", "generate", "planhat_users", "seeds"]


def generate(options: Options, planhat_ids: Mapping[str, str] | None = None) -> Iterator[Produced]:
    """Give `options.records` records.

    `planhat_ids` are Planhat's ids by external id of the companies that were seeded; with them,
    messages name these companies by `planhat/id`.
    """
    return iter(_Stream(options, dict(planhat_ids or {})))


def seeds(options: Options) -> list[dict[str, Any]]:
    """Give the companies that Planhat has to have before the stream begins."""
    return [
        {"externalId": account.external_id, "name": f"{account.name} of old", "phase": "Seeded"}
        for account in cast.accounts(options, Random(options.seed), {})
        if account.kind == "known"
    ]


def planhat_users() -> list[dict[str, Any]]:
    """Give the team members that Planhat has to have."""
    return [dict(OWNER)]


class _Stream:
    def __init__(self, options: Options, planhat_ids: dict[str, str]) -> None:
        self._options = options
        self._random = Random(options.seed)
        self._accounts = cast.accounts(options, self._random, planhat_ids)
        self._users = cast.users(options, self._random, self._accounts)
        self._speakers = [each for each in self._accounts if each.kind != "silent"]
        self._account_steps = AccountSteps(options, self._random)
        self._user_steps = UserSteps(options, self._random, self._accounts)

    def __iter__(self) -> Iterator[Produced]:
        options = self._options
        for number in range(options.records):
            if options.big_value_bytes and number == options.records // 2:
                yield spoil.big(b"big", options.big_value_bytes)
            else:
                yield self._record(number)

    def _record(self, number: int) -> Produced:
        options, drawn = self._options, self._random.random()
        if drawn < options.bad_share:
            key = self._users[number % len(self._users)].hull_id.encode()
            return spoil.KINDS[number % len(spoil.KINDS)](key, number)
        drawn -= options.bad_share
        if drawn < options.guests_share:
            return self._user_steps.guests(number)
        if drawn - options.guests_share < options.account_share:
            return self._account_steps.next(self._random.choice(self._speakers), number)
        user = self._user()
        if user.account is not None and user.account.is_away:
            return self._account_steps.come_back(user.account, number)
        return self._user_steps.next(user, number)

    def _user(self) -> User:
        options, random = self._options, self._random
        if options.hot_keys and random.random() < options.hot_share:
            return self._users[int(random.random() * options.hot_keys)]
        return self._users[int(random.random() * len(self._users))]
