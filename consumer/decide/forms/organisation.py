"""The segments that a whole organisation has, as envelopes list them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from schemas.hull import Segment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as Lookup


_MOST: Final = 10_000
"""Segments of a kind that anybody has: more are not looked at."""

LOOK_SECONDS: Final = 3600.0
USERS: Final = "contact_synchronized_segments"
ACCOUNTS: Final = "account_synchronized_segments"


class Organisation:
    """All segments of users and of accounts, as the envelope lists them; read if asked for."""

    def __init__(self, users: object, accounts: object) -> None:
        """Each list as it was read: segments, JSON as bytes, or whatever stands there."""
        self._lists = (users, accounts)
        self._read: tuple[dict[str, str], dict[str, str]] | None = None

    @property
    def users(self) -> Lookup[str, str]:
        """Ids of segments of users, and their names; empty if none are listed."""
        return self._found()[0]

    @property
    def accounts(self) -> Lookup[str, str]:
        """The same of accounts."""
        return self._found()[1]

    def _found(self) -> tuple[dict[str, str], dict[str, str]]:
        if self._read is None:
            users, accounts = self._lists
            self._read = (_named(users), _named(accounts))
        return self._read


def _named(found: object) -> dict[str, str]:
    """Id -> name, "" without one. Of what is no list nothing is said: it is for comfort only."""
    if isinstance(found, msgspec.Raw):
        try:
            found = msgspec.json.decode(found) if bytes(found) else ()
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return {}
    if not isinstance(found, (list, tuple)) or len(found) > _MOST:
        return {}
    names: dict[str, str] = {}
    for one in found:
        segment_id, name = _parts(one)
        if isinstance(segment_id, str) and segment_id.strip():
            names[segment_id.strip()] = name.strip() if isinstance(name, str) else ""
    return names


def _parts(one: object) -> tuple[object, object]:
    if isinstance(one, Segment):
        return one.id, one.name
    return (one.get("id"), one.get("name")) if isinstance(one, dict) else (None, None)


def gone(filter_ids: Iterable[str], listed: Lookup[str, str]) -> list[str]:
    """The ids of a filter that are in no list; none if there is no list."""
    return sorted(one for one in filter_ids if one not in listed) if listed else []


class GoneSegments:
    """Segments that a filter names, and the organisation has not; each is news once.

    Envelopes repeat their lists, so one is looked at now and then. One that is older than a segment
    may lack it, too.
    """

    def __init__(self, users: frozenset[str], accounts: frozenset[str]) -> None:
        """The ids of both filters."""
        self._users = users
        self._accounts = accounts
        self._next_at = float("-inf")
        self._told: set[tuple[str, str]] = set()
        self._news: list[tuple[str, str]] = []

    def look(self, organisation: Organisation | None, now: float) -> None:
        """An envelope came, with lists or without; `now` is seconds of a steady clock."""
        if organisation is None or now < self._next_at:
            return
        self._next_at = now + LOOK_SECONDS
        found = [(USERS, one) for one in gone(self._users, organisation.users)]
        found += [(ACCOUNTS, one) for one in gone(self._accounts, organisation.accounts)]
        for one in found:
            if one not in self._told:
                self._told.add(one)
                self._news.append(one)

    def news(self) -> list[tuple[str, str]]:
        """What was found since this was asked last: the setting, and the id."""
        found, self._news = self._news, []
        return found
