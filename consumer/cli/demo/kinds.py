"""The kinds of messages in the demo's stream: what each says, and whether it must be skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from consumer.cli.demo import profile as of
from consumer.cli.demo.vocabulary import ACTIVE, CUSTOMERS, Entity
from consumer.decide import reasons

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from consumer.cli.demo.profile import Account, Profile, State, User


class Said(NamedTuple):
    """What a message says of changes (None: nothing at all), and why it must be skipped."""

    changes: Entity | None
    skip: str = ""
    is_export: bool = False


def new(profile: Profile) -> Said:
    """Tell that it was made, and entered the filters."""
    entered = {"segments": {"entered": [ACTIVE]}, "account_segments": {"entered": [CUSTOMERS]}}
    return Said({"is_new": True, profile.entity: of.change(profile)} | entered)


def change(profile: Profile) -> Said:
    """Tell a change that Planhat has to know of, if it is to know of the profile at all."""
    return Said({profile.entity: of.change(profile)}, profile.refusal)


def unmapped(profile: Profile) -> Said:
    """Tell a change that Planhat is not told of."""
    return Said({profile.entity: {"ui/theme": ["dark", "light"]}}, reasons.NOTHING_CHANGED)


def write_back(profile: Profile) -> Said:
    """Tell that Hull took Planhat's answer."""
    return Said({profile.entity: {"planhat/synced_at": [None, "now"]}}, reasons.NOTHING_CHANGED)


def extract(profile: Profile) -> Said:
    """Tell the profile as it is, without its changes."""
    of.change(profile)
    return Said(None)


def export(profile: Profile) -> Said:
    """Tell the profile as it is because a person asked for it, in the filter or not."""
    of.change(profile)
    return Said(None, is_export=True)


def fan_out(user: User) -> Said:  # noqa: ARG001 - one of a table
    """Tell that its account changed, as each of the account's users is told."""
    return Said({"account": {"crm/stage": ["Adoption", "Renewal"]}}, reasons.NOTHING_CHANGED)


def leave(user: User) -> Said:
    """Tell that it left the filter."""
    user.is_away = True
    return Said({"segments": {"left": [ACTIVE]}}, user.refusal)


def come_back(user: User) -> Said:
    """Tell that it entered the filter again, and nothing of what changed meanwhile."""
    user.is_away = False
    user.version += 1
    return Said({"segments": {"entered": [ACTIVE]}})


def unlink(user: User) -> Said:
    """Tell that it left its account."""
    user.is_unlinked = True
    return Said({"account": {"id": [user.account.hull_id, None]}}, reasons.NO_COMPANY_ID)


def move(user: User) -> Said:
    """Tell that it came to its other home, or to the only one that it has."""
    old = None if user.is_unlinked else user.account.hull_id
    user.is_unlinked = False
    user.moves += 1
    user.version += 1
    return Said({"account": {"id": [old, user.account.hull_id]}})


OF_USERS: Final[Mapping[State, Mapping[Callable[[User], Said], float]]] = {
    "new": {new: 1},
    "present": {
        change: 0.66,
        unmapped: 0.06,
        fan_out: 0.06,
        write_back: 0.02,
        leave: 0.03,
        move: 0.07,
        unlink: 0.02,
        extract: 0.04,
        export: 0.04,
    },
    "away": {change: 0.5, export: 0.25, come_back: 0.25},
    "unlinked": {move: 1},
    "refused": {change: 1},
}
"""Kinds by the state of the profile, each with its share."""

OF_ACCOUNTS: Final[Mapping[State, Mapping[Callable[[Account], Said], float]]] = {
    "new": {new: 1},
    "present": {change: 0.7, unmapped: 0.1, write_back: 0.05, extract: 0.08, export: 0.07},
    "refused": {change: 1},
}

NO_MESSAGES: Final[tuple[bytes | None, ...]] = (
    b"not JSON, number %d",
    b'{"message_id": "%d", "user": {"id": "5d2',
    b'{"user": {"id": "\xff\xfe"}, "number": "%d"}',
    b'["%d"]',
    b'{"hello": "world", "message_id": "%d"}',
    b'{"user": {"email": "nobody-%d@users.example"}}',
    b'{"channel": "ship:update", "messages": [{"id": "%d"}]}',
    None,
)
"""Records that are no message of ours. The last two are skipped, the others rejected."""

BIG: Final = orjson.dumps({"message_id": "big", "blob": "x" * 900_000})
"""Another one, as big as a record may be."""
