"""What Planhat should hold, by a plain reading of the messages: no batches, no time, no failures.

It shares no code with the service. One message after the other, in Hull's order; what each means is
said in the text of the rules, so that somebody who knows only those could have written it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from tests.lives.hull import EVENT
from tests.lives.people import ACCOUNTS_SEGMENT, USERS_SEGMENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.lives.hull import Said

_USERS: Final = USERS_SEGMENT["id"]
_ACCOUNTS: Final = ACCOUNTS_SEGMENT["id"]


@dataclass(frozen=True)
class Settings:
    """The settings of the connector that decide about lives."""

    on_user_merged: str = "ignore"
    on_user_unlinked: str = "keep"
    on_segment_left: str = "ignore"


def changed(settings: Settings) -> dict[str, str]:
    """Give what is not as it is without a word."""
    usual = vars(Settings())
    return {name: value for name, value in vars(settings).items() if value != usual[name]}


@dataclass
class Contact:
    """The contact of one user of Hull: what was written last, and of which account it is.

    `since` is the message that put it to `account`: later ones may have given that another key.
    """

    version: int
    external_id: str | None
    email: str | None
    account: str
    since: int
    is_archived: bool = False


@dataclass
class Reading:
    """What was read so far. `ended` are users whose contact was ended for a merge: by whom."""

    settings: Settings = field(default_factory=Settings)
    contacts: dict[str, Contact] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    merged_into: dict[str, str] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    """Users who moved while they were outside the filter."""
    companies: dict[str, int] = field(default_factory=dict)
    """Hull id of an account -> the version that was written last."""
    keys: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    """Hull id of an account -> its external ids, each with the message that told it first."""
    events: dict[str, str] = field(default_factory=dict)
    """Events that must be in Planhat: id -> the user."""
    maybe: set[str] = field(default_factory=set)
    """Events that may be: of users who are not sent, though they may be there from before."""
    _read: int = 0

    def read(self, messages: Iterable[Said]) -> None:
        """Read on."""
        for message in messages:
            self._read += 1
            if account := message["account"]:
                known = self.keys.setdefault(account["id"], [])
                if not known or known[-1][1] != account["external_id"]:
                    known.append((self._read, account["external_id"]))
            if "user" in message:
                self._user(message)
            else:
                self._account(message)

    def forget(self, hull_ids: Iterable[str]) -> None:
        """They are deleted in Planhat, with all who were merged into them."""
        for one in hull_ids:
            for each in self.family(one):
                self.forgotten.add(each)
                self.contacts.pop(each, None)

    def family(self, hull_id: str) -> set[str]:
        """Give a user and all who were merged into it."""
        return {hull_id} | {one for one in self.merged_into if hull_id in self.survivors(one)}

    def survivors(self, hull_id: str) -> list[str]:
        """Give who a user was merged into, and that one, and so on."""
        found = []
        while (hull_id := self.merged_into.get(hull_id, "")) and hull_id not in found:
            found.append(hull_id)
        return found

    def keys_since(self, account: str, since: int) -> set[str]:
        """Give the external ids that an account had from a message on."""
        known = self.keys[account]
        last_before = max((at for at, _ in known if at <= since), default=0)
        return {key for at, key in known if at >= last_before}

    def _user(self, message: Said) -> None:
        user = message["user"]
        hull_id = user["id"]
        losers = merged_of(message)
        for loser in losers:
            self.merged_into[loser] = hull_id
        is_inside = _is_in(message["segments"], _USERS)
        is_sent = self._is_sent(message, losers)
        self._note_events(message, is_sent=is_sent)
        if not is_inside or not message["account"]:
            self._goes(message, is_inside=is_inside)
            return
        if not is_sent:
            return
        self.contacts[hull_id] = Contact(
            user["traits_version"],
            user.get("external_id"),
            user.get("email"),
            message["account"]["id"],
            self._read,
        )
        if self.settings.on_user_merged != "ignore":
            for loser in losers:
                self.ended[loser] = hull_id
                self.contacts.pop(loser, None)

    def _goes(self, message: Said, *, is_inside: bool) -> None:
        """Who is outside the filter, or in no company, may have been there until now."""
        changes, known = message["changes"], self.contacts.get(message["user"]["id"])
        if is_inside:
            has_gone = changes["account"].get("id", [None])[0] is not None
            is_archived = self.settings.on_user_unlinked == "archive"
        else:
            has_gone = _is_in(changes["segments"].get("left", []), _USERS)
            is_archived = self.settings.on_segment_left == "archive"
        if known and not is_inside and changes["account"]:
            self.unseen.add(message["user"]["id"])
        if known and has_gone and is_archived:
            known.is_archived = True

    def _is_sent(self, message: Said, losers: set[str]) -> bool:
        """Whether the contact is written: in the filter, in a company, and something matters."""
        user, changes = message["user"], message["changes"]
        if not _is_in(message["segments"], _USERS) or not message["account"]:
            return False
        if "email" not in user and "external_id" not in user:
            return False
        moved = {"id", "external_id", "domain"} & changes["account"].keys()
        return bool(
            changes["is_new"]
            or losers
            or moved
            or "traits_version" in changes["user"]
            or _is_in(changes["segments"].get("entered", []), _USERS)
        )

    def _note_events(self, message: Said, *, is_sent: bool) -> None:
        hull_id = message["user"]["id"]
        for event in message["events"]:
            if event["event"] != EVENT:
                continue
            number = event["properties"]["id"]
            if not _is_in(message["segments"], _USERS):
                continue
            if is_sent or hull_id in self.contacts:
                self.events[number] = hull_id
            else:
                self.maybe.add(number)

    def _account(self, message: Said) -> None:
        account, changes = message["account"], message["changes"]
        if changes["is_new"] or {"version", "external_id"} & changes["account"].keys():
            self.companies[account["id"]] = account["version"]


def merged_of(message: Said) -> set[str]:
    """Give who was merged into the user of a message, as its events and its changes tell."""
    own = message["user"]["id"]
    told: list[Any] = [
        event["properties"].get("merged_id")
        for event in message["events"]
        if event["event"] == "User merged"
    ]
    told.append(message["changes"]["user"].get("id", [None])[0])
    return {one for one in told if one and one != own}


def _is_in(segments: list[Said], wanted: str) -> bool:
    return any(one["id"] == wanted for one in segments)
