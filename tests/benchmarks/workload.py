"""Reproducible records as Hull's bridge would write them; the same seed gives the same bytes."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTACTS = {
    "id": "5d2f0c1e8f0b7a0001a1b001",
    "name": "Active users",
    "type": "users_segment",
}
OTHERS = {**CONTACTS, "id": "5d2f0c1e8f0b7a0001a1b0ff", "name": "Others"}
COMPANIES = {
    **CONTACTS,
    "id": "5d2f0c1e8f0b7a0001a1c001",
    "name": "Customers",
    "type": "accounts_segment",
}
TENANT = "11111111-2222-3333-4444-555555555555"
TRACKED = "Signed in"
ATTRIBUTES = 40
"""Attributes of a user: with them a record has 2 KB."""

USERS_PER_ACCOUNT = 20

_TEXTS = 29
_WORDS = (
    "analytics",
    "berlin",
    "champion",
    "dashboard",
    "enterprise",
    "friday",
    "growth",
    "renewal",
)


@dataclass(frozen=True, slots=True)
class Bench:
    """What a workload is made of.

    `mapped` custom attributes are sent beside name, e-mail address and external id. Users are
    visited in turn, so that in the first `users` records nobody comes twice. `keys` makes a few of
    them hot: so many users get all changes. `bad` is the share of records that are no JSON.
    """

    records: int
    users: int = 100_000
    mapped: int = 7
    events: bool = True
    bad: float = 0.01
    keys: int = 0
    kind: str = "users"


def connector(bench: Bench) -> dict[str, Any]:
    """The connector settings that fit."""
    customs = [
        {"hull_field_name": f"traits_{_name(n)}", "service_field_name": f"Field {n}"}
        for n in range(bench.mapped)
    ]
    version = {"hull_field_name": "traits_version", "service_field_name": "version"}
    sent_at = {"hull_field_name": "traits_sent", "service_field_name": "sent"}
    return {
        "tenant_id": TENANT,
        "contact_synchronized_segments": [CONTACTS["id"]],
        "contact_events": [TRACKED],
        "contact_attributes_outbound": [
            {"hull_field_name": "name", "service_field_name": "name"},
            {"hull_field_name": "email", "service_field_name": "email"},
            {"hull_field_name": "external_id", "service_field_name": "externalId"},
        ],
        "contact_custom_attributes_outbound": [version, sent_at, *customs],
        "account_synchronized_segments": [COMPANIES["id"]],
        "account_attributes_outbound": [{"hull_field_name": "name", "service_field_name": "name"}],
        "account_custom_attributes_outbound": [
            {"hull_field_name": "billing/plan", "service_field_name": "Plan"},
            version,
        ],
    }


def records(bench: Bench) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of each record, one after the other."""
    dice = random.Random(7)
    make = _MAKERS[bench.kind]
    for number in range(bench.records):
        user = dice.randrange(bench.keys) if bench.keys else number % bench.users
        if bench.bad and dice.random() < bench.bad:
            yield f"user-{user}".encode(), b'{"user": {"id": "torn'
            continue
        message = make(bench, number, user)
        key = message["user"]["id"] if "user" in message else message["account"]["id"]
        yield key.encode(), orjson.dumps(message)


def companies(bench: Bench) -> int:
    """How many companies there are; Planhat knows them all beforehand."""
    return bench.users // USERS_PER_ACCOUNT + 1


def user_message(bench: Bench, number: int, user: int, sent: float = 0.0) -> dict[str, Any]:
    """A user of whom one mapped attribute has changed."""
    return {
        "channel": "user:update",
        "user": _user(user, number, sent),
        "account": _account(user // USERS_PER_ACCOUNT, 0),
        "segments": [OTHERS, CONTACTS],
        "account_segments": [COMPANIES],
        "events": [_event(number)] if bench.events and number % 3 == 0 else [],
        "changes": {
            "is_new": False,
            "user": {"traits_version": [number - 1, number], "traits_page": ["/a", "/b"]},
            "account": {},
            "segments": {},
            "account_segments": {},
        },
        "message_id": f"32eeb31334d67c96098756c839ae0679{number:08x}",
    }


def _fan_out(bench: Bench, number: int, user: int) -> dict[str, Any]:
    """What an edit of an account brings for each of its users: nothing that is mapped."""
    message = user_message(bench, number, user)
    changes = {"is_new": False, "user": {}, "account": {"billing/seats": [number, number + 1]}}
    return {**message, "events": [], "changes": changes}


def _account_message(_bench: Bench, number: int, user: int) -> dict[str, Any]:
    account = user // USERS_PER_ACCOUNT
    return {
        "channel": "account:update",
        "account": _account(account, number),
        "account_segments": [COMPANIES],
        "changes": {"is_new": False, "account": {"version": [number - 1, number]}},
        "message_id": f"a2eeb31334d67c96098756c839ae0679{number:08x}",
    }


_MAKERS = {"users": user_message, "fan-out": _fan_out, "accounts": _account_message}


def _user(user: int, version: int, sent: float) -> dict[str, Any]:
    found = {
        "id": f"5d25f6ce0f6b1168e{user:07d}",
        "external_id": f"u-{user}",
        "email": f"user.{user}@customer-{user // USERS_PER_ACCOUNT}.example",
        "name": f"User Number {user}",
        "created_at": "2019-07-10T14:31:42Z",
        "indexed_at": "2026-11-24T10:03:24+00:00",
        "last_seen_at": "2026-11-24T10:02:11Z",
        "segment_ids": [OTHERS["id"], CONTACTS["id"]],
        "is_approved": False,
        "traits_version": version,
        "traits_sent": sent,
    }
    found |= {f"traits_{_name(n)}": _value(n, user, version) for n in range(_TEXTS)}
    return found


def _name(number: int) -> str:
    group = ("crm", "product", "billing", "support")[number % 4]
    return f"{group}/field_{number}"


def _value(number: int, user: int, version: int) -> Any:  # noqa: ANN401 - any JSON
    kind = number % 5
    if kind == 0:
        return _WORDS[(user + number) % 8]
    if kind == 1:
        return user * number
    if kind == 2:
        return (user + version + number) % 2 == 0
    if kind == 3:
        return [_WORDS[number % 8]]
    return f"2026-10-{number % 28 + 1:02d}"


def _account(account: int, version: int) -> dict[str, Any]:
    return {
        "id": f"6d25f6ce0f6b1168e{account:07d}",
        "external_id": f"a-{account}",
        "name": f"Customer {account}",
        "domain": f"customer-{account}.example",
        "billing/plan": "Scale",
        "billing/seats": 42,
        "version": version,
    }


def _event(number: int) -> dict[str, Any]:
    return {
        "event": TRACKED,
        "event_id": f"0b0e7c5e-6f0f-4a39-9a60-{number:012d}",
        "created_at": "2026-11-24 10:02:11 UTC",
        "properties": {"browser": "Firefox", "pages": 3, "plan": "Scale"},
        "context": {"ip": "203.0.113.7", "useragent": "Mozilla/5.0"},
    }
