"""The segments that a whole organisation has, as envelopes list them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from schemas.hull import Segment

if TYPE_CHECKING:
    from collections.abc import Mapping as Lookup


_MOST: Final = 10_000
"""Segments of a kind that are looked at."""


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
    if not isinstance(found, (list, tuple)):
        return {}
    names: dict[str, str] = {}
    for one in found[:_MOST]:
        segment_id, name = _parts(one)
        if isinstance(segment_id, str) and segment_id.strip():
            names[segment_id.strip()] = name.strip() if isinstance(name, str) else ""
    return names


def _parts(one: object) -> tuple[object, object]:
    if isinstance(one, Segment):
        return one.id, one.name
    return (one.get("id"), one.get("name")) if isinstance(one, dict) else (None, None)
