"""Rows of Hull's extracts: a profile by itself, without a message around it. Pure.

They come in files (`backfill`), and in records where a bridge passes an extract on. Either way one
is read as an export: it tells how a profile is, and neither what changed nor what happened.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from consumer.decide.reasons import BARE_ROW
from consumer.decide.route import ACCOUNT_CHANNEL, USER_CHANNEL

Kind = Literal["users", "accounts"]

SEGMENT_IDS: Final = {"segment_ids": "segments", "account_segment_ids": "account_segments"}
"""Where a row holds ids of segments, and where a message holds the segments."""

ACCOUNT_PREFIX: Final = "account."
_CHANNELS: Final[dict[object, Kind]] = {USER_CHANNEL: "users", ACCOUNT_CHANNEL: "accounts"}
_OF_MESSAGES: Final = frozenset(
    ("changes", "events", "message_id", "segments", "user_segments", "account_segments")
)
_OF_USERS: Final = frozenset(("email", "first_name", "last_name", "account"))
_PREFIXES_OF_USERS: Final = (ACCOUNT_PREFIX, "traits_")


def is_row(document: dict[str, Any]) -> bool:
    """A profile has an id of its own, and may have an account inside; a message has none.

    A message to which somebody gave an id is one all the same.
    """
    if "id" not in document or isinstance(document.get("user"), dict):
        return False
    return _OF_MESSAGES.isdisjoint(document)


def kind_of(row: dict[str, Any], channel: object) -> Kind | None:
    """Whose row it is: as the channel says, else if that is certain; else None.

    `segment_ids` and `domain` are of either. Only users have an account, an e-mail address, parts
    of a name, attributes that begin with `traits_`, and segments of two kinds.
    """
    named = _CHANNELS.get(channel) if isinstance(channel, str) else None
    if named is not None:
        return named
    if not _OF_USERS.isdisjoint(row) or any(n.startswith(_PREFIXES_OF_USERS) for n in row):
        return "users"
    if "account_segment_ids" in row:
        return "users" if "segment_ids" in row else "accounts"
    return None


def message_of(row: dict[str, Any], of: Kind) -> dict[str, Any]:
    """Make a message of a row: with segments of which only the ids are known."""
    rest = {name: value for name, value in row.items() if name not in SEGMENT_IDS}
    found: dict[str, Any] = {
        target: [{"id": one} for one in row[name] if isinstance(one, str)]
        for name, target in SEGMENT_IDS.items()
        if isinstance(row.get(name), list)
    }
    if of == "accounts":
        segments = found.get("segments", found.get("account_segments"))
        own = {} if segments is None else {"account_segments": segments}
        return {"channel": ACCOUNT_CHANNEL, "account": rest, **own}
    account = rest.pop("account", None)
    names = [name for name in rest if name.startswith(ACCOUNT_PREFIX)]
    flat = {name.removeprefix(ACCOUNT_PREFIX): rest.pop(name) for name in names}
    if flat:
        account = {**account, **flat} if isinstance(account, dict) else flat
    return {"channel": USER_CHANNEL, "user": rest, "account": account, **found}


def read_row(row: dict[str, Any], channel: object) -> dict[str, Any] | str:
    """Make an export message of a row of a record; the reason why not, if nobody knows whose."""
    of = kind_of(row, channel)
    return BARE_ROW if of is None else {**message_of(row, of), "is_export": True}
