"""What must be true when a generated stream was handled: the rules, once more and plainly.

Written for the vocabulary of the stream only, from the design's rules (5) and not from the code of
the service. Records are read in the order in which they were produced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from consumer.cli.demo import reading
from consumer.cli.demo.expectation import Activity, Company, Enduser, Expectation, Rejected
from consumer.cli.demo.reading import Foreign, Told
from consumer.cli.demo.vocabulary import ACTIVE, CHAMPIONS, CUSTOMERS, OWNER, TRACKED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from consumer.cli.demo.message import Produced

CONTACT_FILTER: Final = "User doesn't belong to any of the segments defined in the Contact Filter."
NO_IDENTITY: Final = "Neither email nor external id present."
UNCHANGED: Final = "No mapped attribute changed."
NO_COMPANY: Final = "No company id present."
UNTRACKED: Final = "Event not in the Tracking Filter."
SENT_BEFORE: Final = "Event sent before."
NO_EXTERNAL_ID: Final = "The account in Hull has no external_id, but it is marked as required."
ACCOUNT_FILTER: Final = (
    "Account doesn't belong to any of the segments defined in the Account Filter."
)
NO_NAME: Final = "No company name present."
INVALID_OWNER: Final = "Invalid Owner ID."

_CONTACTS: Final = frozenset({ACTIVE["id"], CHAMPIONS["id"]})
_COMPANIES: Final = frozenset({CUSTOMERS["id"]})

_USER: Final = {
    "name": "name",
    "email": "email",
    "external_id": "externalId",
    "crm/title": "position",
    "phone": "phone",
    "crm/tags": "tags",
    "is_champion": "featured",
}
_USER_CUSTOM: Final = {
    "product/logins_30d": "Logins (30 days)",
    "product/last_login_at": "Last login",
    "stream/version": "version",
}
_ACCOUNT: Final = {
    "external_id": "externalId",
    "name": "name",
    "crm/owner_id": "owner",
    "crm/stage": "phase",
    "crm/tags": "tags",
}
_ACCOUNT_CUSTOM: Final = {
    "billing/plan": "Plan",
    "billing/seats": "Seats",
    "stream/version": "version",
}
_LICENCE: Final = {
    "id": "externalId",
    "product": "product",
    "currency": "_currency",
    "start_date": "fromDate",
    "mrr": "mrr",
}
_LICENCE_CUSTOM: Final = {"seats": "Seats", "version": "version"}

_OPENS_USER: Final = frozenset({*_USER, *_USER_CUSTOM})
_OPENS_LINK: Final = frozenset({"id", "planhat/id", "billing/plan"})
_OPENS_ACCOUNT: Final = frozenset({*_ACCOUNT, *_ACCOUNT_CUSTOM, "billing/licenses"})


def expect(records: Iterable[Produced], seeds: Iterable[Mapping[str, Any]] = ()) -> Expectation:
    """Work out what must be; `seeds` are the companies that Planhat had before."""
    return Oracle(seeds).read(records).expected


class Oracle:
    """Reads records one after the other."""

    def __init__(self, seeds: Iterable[Mapping[str, Any]] = ()) -> None:
        """Begin with what Planhat has."""
        self.expected = Expectation()
        self._sent_events: set[str] = set()
        self._endusers: dict[str, Enduser] = {}
        self._snapshots: dict[str, dict[str, Any]] = {}
        self._named: set[str] = set()
        for seed in seeds:
            self.expected.companies[seed["externalId"]] = Company(dict(seed))
            self._named.add(seed["externalId"])

    def read(self, records: Iterable[Produced]) -> Oracle:
        """Take all records."""
        for record in records:
            self._record(record)
        self._finish()
        return self

    def _record(self, record: Produced) -> None:
        self.expected.records += 1
        for position, message in reading.messages(record):
            match message:
                case Told():
                    is_sent = self._user(message) if message.user else self._account(message)
                    self.expected.outcomes["delivered" if is_sent else "skipped"] += 1
                case Foreign(reason=reason):
                    self._skip("user", reason)
                    self.expected.outcomes["skipped"] += 1
                case None:
                    self.expected.rejected[Rejected(record.value or b"", position)] += 1
                    self.expected.outcomes["rejected"] += 1

    def _account(self, told: Told) -> bool:
        account = told.account
        reason = _why_no_company(account, told.account_segments, is_export=told.is_export)
        if reason is None and not _opens(told, _OPENS_ACCOUNT, "account", _COMPANIES):
            reason = UNCHANGED
        if reason is None and account["crm/owner_id"] != OWNER["_id"]:
            reason = INVALID_OWNER
            for _ in account.get("billing/licenses", ()):
                self._skip("license", reason)
        if reason is not None:
            return self._skip("account", reason)
        external_id = account["external_id"]
        fields = _mapped(account, _ACCOUNT, _ACCOUNT_CUSTOM)
        known = self.expected.companies.setdefault(external_id, Company({}))
        known.fields = _merged(known.fields, fields)
        for licence in account.get("billing/licenses", ()):
            self.expected.licences[external_id, licence["id"]] = _mapped(
                licence, _LICENCE, _LICENCE_CUSTOM
            )
        self._changed(account["id"], account["stream/version"])
        return True

    def _user(self, told: Told) -> bool:
        if not told.is_export and not told.segments & _CONTACTS:
            return self._skip("user", CONTACT_FILTER)
        reason = self._why_no_enduser(told)
        if reason is None:
            self._enduser(told)
        else:
            self._skip("user", reason)
        sent = [self._event(told, event) for event in told.events]
        return reason is None or any(sent)

    def _why_no_enduser(self, told: Told) -> str | None:
        if not _name_of(told.user):
            return NO_IDENTITY
        if not _opens(told, _OPENS_USER, "user", _CONTACTS):
            return UNCHANGED
        account = told.account
        if account.get("external_id") in self._named or "planhat/id" in account:
            return None
        refused = _why_no_company(account, told.account_segments, is_export=False)
        return NO_COMPANY if refused else None

    def _enduser(self, told: Told) -> None:
        user, account = told.user, told.account
        fields = _mapped(user, _USER, _USER_CUSTOM)
        fields["custom"]["Plan"] = account["billing/plan"]
        company = account["external_id"]
        known = self._endusers.setdefault(user["id"], Enduser(company, {}))
        known.company = company
        known.fields = _merged(known.fields, fields)
        if company not in self._named:
            self._snapshots[company] = _mapped(account, _ACCOUNT, _ACCOUNT_CUSTOM)
        self._changed(user["id"], user["stream/version"])

    def _event(self, told: Told, event: dict[str, Any]) -> bool:
        event_id = event["event_id"]
        if event["event"] not in TRACKED:
            return self._skip("user_event", UNTRACKED)
        if not _name_of(told.user):
            return self._skip("user_event", NO_IDENTITY)
        if event_id in self._sent_events:
            return self._skip("user_event", SENT_BEFORE)
        self._sent_events.add(event_id)
        if told.user["id"] in self._endusers:
            at = reading.moment(event["created_at"])
            self.expected.activities[event_id] = Activity(event["event"], told.user["id"], at)
        else:
            self.expected.strays.add(event_id)
        return True

    def _changed(self, hull_id: str, version: int) -> None:
        self.expected.versions[hull_id] = version
        self.expected.changes += 1

    def _skip(self, kind: str, reason: str) -> bool:
        self.expected.skips[kind, reason] += 1
        return False

    def _finish(self) -> None:
        expected = self.expected
        for external_id, fields in self._snapshots.items():
            expected.companies.setdefault(external_id, Company(fields, by_user=True))
        names = {hull_id: _name_of(user.fields) for hull_id, user in self._endusers.items()}
        expected.endusers = {names[hull_id]: enduser for hull_id, enduser in self._endusers.items()}
        expected.activities = {
            event_id: activity._replace(enduser=names[activity.enduser])
            for event_id, activity in expected.activities.items()
        }


def _why_no_company(
    account: Mapping[str, Any], segments: frozenset[str], *, is_export: bool
) -> str | None:
    reasons = [] if account.get("external_id") else [NO_EXTERNAL_ID]
    if not is_export and not segments & _COMPANIES:
        reasons.append(ACCOUNT_FILTER)
    if reasons:
        return " ".join(reasons)
    return None if account.get("name") else NO_NAME


def _opens(told: Told, names: frozenset[str], entity: str, entered: frozenset[str]) -> bool:
    """Tell whether anything changed that matters to the profile."""
    changes = told.changes
    if changes is None or told.is_export or changes["is_new"]:
        return True
    if any(name.partition("[")[0] in names for name in changes[entity]):
        return True
    segments = changes.get("segments" if entity == "user" else "account_segments") or {}
    if any(segment["id"] in entered for segment in segments.get("entered", ())):
        return True
    return entity == "user" and _opens_link(changes)


def _opens_link(changes: Mapping[str, Any]) -> bool:
    if not _OPENS_LINK.isdisjoint(changes["account"]):
        return True
    entered = changes["account_segments"].get("entered", ())
    return any(segment["id"] in _COMPANIES for segment in entered)


def _name_of(user: Mapping[str, Any]) -> str:
    return str(user.get("external_id") or user.get("externalId") or user.get("email") or "")


def _mapped(
    entity: Mapping[str, Any], standard: Mapping[str, str], custom: Mapping[str, str]
) -> dict[str, Any]:
    found = {target: entity[name] for name, target in standard.items() if name in entity}
    found["custom"] = {target: entity[name] for name, target in custom.items() if name in entity}
    return found


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    custom = {**old.get("custom", {}), **new.get("custom", {})}
    return {**old, **new, "custom": custom}
