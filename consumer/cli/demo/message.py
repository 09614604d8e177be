"""Hull messages, envelopes and records, as a bridge would write them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from consumer.cli.demo import spelling
from consumer.cli.demo.vocabulary import ACTIVE, CUSTOMERS, OTHERS

if TYPE_CHECKING:
    from consumer.cli.demo.cast import Account, User
    from consumer.cli.demo.spelling import Entity, Form

USER_CHANNEL = "user:update"
ACCOUNT_CHANNEL = "account:update"

_CONFIGURATION = {
    "id": "5c0000000000000000000001",
    "organization": "demo.hullapp.example",
    "secret": "not-a-real-secret",
}


class Produced(NamedTuple):
    """A Kafka record, ready to be produced."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class Changes:
    """What a message says of changes; the names are canonical until they are spelled."""

    is_new: bool = False
    user: dict[str, Any] = field(default_factory=dict)
    account: dict[str, Any] = field(default_factory=dict)
    segments: dict[str, Any] = field(default_factory=dict)
    account_segments: dict[str, Any] = field(default_factory=dict)


def of_user(user: User, changes: Changes | None, form: Form, value_bytes: int) -> Entity:
    """Build a message of a user as it is now; without `changes` it is an export or an extract."""
    segments = [OTHERS] if user.is_away else [OTHERS, ACTIVE]
    entity = spelling.user(user.attributes(), form)
    entity.update(spelling.ballast(form, user.index % spelling.POOL, value_bytes))
    entity["segment_ids"] = [segment["id"] for segment in segments]
    message: Entity = {
        "user": entity,
        "account": _snapshot(user.account, form) if user.account else {},
        "segments": segments,
        "account_segments": user.account.segments if user.account else [],
    }
    if changes is not None:
        message["events"] = []
        message["changes"] = {
            "is_new": changes.is_new,
            "user": spelling.user(changes.user, form),
            "account": spelling.account(changes.account, form),
            "segments": changes.segments,
            "account_segments": changes.account_segments,
        }
    return message


def of_account(account: Account, changes: Changes | None, form: Form) -> Entity:
    """Build a message of an account as it is now."""
    message: Entity = {
        "account": spelling.account(account.own_attributes(), form),
        "account_segments": account.segments,
    }
    if changes is not None:
        message["changes"] = {
            "is_new": changes.is_new,
            "account": spelling.account(changes.account, form),
            "account_segments": changes.account_segments,
        }
    return message


def envelope(messages: list[Any], number: int, channel: str, *, is_export: bool) -> Entity:
    """Wrap messages as Hull's notifier does."""
    return {
        "notification_id": f"4ce19364-13a4-4479-82d8-{number:012d}",
        "channel": channel,
        "is_export": is_export,
        "configuration": _CONFIGURATION,
        "segments": [ACTIVE, OTHERS],
        "accounts_segments": [CUSTOMERS],
        "messages": messages,
    }


def record(key: str, value: Entity, headers: tuple[tuple[str, bytes], ...] = ()) -> Produced:
    """Write a record."""
    return Produced(key.encode(), orjson.dumps(value), headers)


def _snapshot(account: Account, form: Form) -> Entity:
    found = account.snapshot()
    if account.planhat_id is not None:
        found["planhat/id"] = account.planhat_id
    return spelling.account(found, form)
