"""The kinds of messages in the demo's stream: what each says, and whether it must be skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from consumer.cli.demo import profile as of
from consumer.cli.demo.vocabulary import ACTIVE, CUSTOMERS, Entity
from consumer.decide import reasons

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from consumer.cli.demo.profile import Profile, State, User


class Said(NamedTuple):
    """What a message says of changes (None: nothing at all), and why it must be skipped."""

    changes: Entity | None
    skip: str = ""
    is_export: bool = False


def _new(profile: Profile) -> Said:
    entered = {"segments": {"entered": [ACTIVE]}, "account_segments": {"entered": [CUSTOMERS]}}
    return Said({"is_new": True, profile.entity: of.change(profile)} | entered)


def _change(profile: Profile) -> Said:
    return Said({profile.entity: of.change(profile)}, profile.refusal)


def _unmapped(profile: Profile) -> Said:
    return Said({profile.entity: {"ui/theme": ["dark", "light"]}}, reasons.NOTHING_CHANGED)


def _write_back(profile: Profile) -> Said:
    return Said({profile.entity: {"planhat/synced_at": [None, "now"]}}, reasons.NOTHING_CHANGED)


def _extract(profile: Profile) -> Said:
    of.change(profile)
    return Said(None)


def export(profile: Profile) -> Said:
    """Tell the profile as it is because a person asked for it, in the filter or not."""
    of.change(profile)
    return Said(None, is_export=True)


def _fan_out(_: User) -> Said:
    # Hull tells each of an account's users of its change.
    return Said({"account": {"crm/stage": ["Adoption", "Renewal"]}}, reasons.NOTHING_CHANGED)


def _leave(user: User) -> Said:
    user.is_away = True
    return Said({"segments": {"left": [ACTIVE]}}, user.refusal)


def _come_back(user: User) -> Said:
    # Nothing is told of what changed meanwhile.
    user.is_away = False
    user.version += 1
    return Said({"segments": {"entered": [ACTIVE]}})


def _unlink(user: User) -> Said:
    user.is_unlinked = True
    return Said({"account": {"id": [user.account.hull_id, None]}}, reasons.UNLINKED)


def _move(user: User) -> Said:
    old = None if user.is_unlinked else user.account.hull_id
    user.is_unlinked = False
    user.moves += 1
    user.version += 1
    return Said({"account": {"id": [old, user.account.hull_id]}})


BY_STATE: Final[Mapping[str, Mapping[State, Mapping[Callable[[Any], Said], float]]]] = {
    "user": {
        "new": {_new: 1},
        "present": {
            _change: 0.66,
            _unmapped: 0.06,
            _fan_out: 0.06,
            _write_back: 0.02,
            _leave: 0.03,
            _move: 0.07,
            _unlink: 0.02,
            _extract: 0.04,
            export: 0.04,
        },
        "away": {_change: 0.5, export: 0.25, _come_back: 0.25},
        "unlinked": {_move: 1},
        "refused": {_change: 1},
    },
    "account": {
        "new": {_new: 1},
        "present": {_change: 0.7, _unmapped: 0.1, _write_back: 0.05, _extract: 0.08, export: 0.07},
        "refused": {_change: 1},
    },
}
"""Kinds by the state of a profile, each with its share."""

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
