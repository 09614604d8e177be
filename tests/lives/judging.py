"""What Planhat holds, against the plain reading: each difference in a line."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.lives.reading import Contact, Reading

Row = dict[str, Any]

CONNECTOR = """
tenant_id: 11111111-2222-3333-4444-555555555555
contact_synchronized_segments: [5d2f0c1e8f0b7a0001a1b001]
contact_events: [Signed in]
contact_attributes_outbound:
  - {hull_field_name: name, service_field_name: name}
  - {hull_field_name: email, service_field_name: email}
  - {hull_field_name: external_id, service_field_name: externalId}
contact_custom_attributes_outbound:
  - {hull_field_name: traits_version, service_field_name: version}
  - {hull_field_name: id, service_field_name: hull}
account_synchronized_segments: [5d2f0c1e8f0b7a0001a1c001]
account_attributes_outbound:
  - {hull_field_name: name, service_field_name: name}
account_custom_attributes_outbound:
  - {hull_field_name: version, service_field_name: version}
  - {hull_field_name: id, service_field_name: hull}
"""
"""Each contact and company says whose it is, beside the keys."""


@dataclass
class Findings:
    """Lines of what is wrong; and how often something was that is known to be.

    `leftovers` are companies that an account left by its new key. `seconds` are second contacts of
    users who moved while they were outside the filter, and whose id nobody knew when they came back
    (decision 0014).
    """

    wrong: list[str] = field(default_factory=list)
    leftovers: int = 0
    seconds: int = 0
    activities_twice: int = 0

    def add(self, line: str) -> None:
        self.wrong.append(line)


def judge(state: Row, reading: Reading) -> Findings:
    """Compare what the sandbox holds with what was read. `state` is its full report."""
    found = Findings()
    rows: dict[str, list[Row]] = defaultdict(list)
    for row in state["endusers"]:
        rows[row.get("custom", {}).get("hull", "")].append(row)
    for row in rows.pop("", []):
        # Who leaves without ever having been sent is known by its keys only, and archived.
        if not row.get("archived"):
            found.add(f"a contact of nobody: {row}")
    companies = {row["_id"]: row.get("externalId") for row in state["companies"]}
    _contacts(found, rows, companies, reading)
    _companies(found, state["companies"], reading)
    _events(found, state, reading)
    _forgotten(found, rows, state["endusers"], reading)
    return found


def _contacts(
    found: Findings, rows: dict[str, list[Row]], companies: dict[str, str], reading: Reading
) -> None:
    for hull_id in rows.keys() | reading.contacts.keys():
        there = rows.get(hull_id, [])
        expected = reading.contacts.get(hull_id)
        if hull_id in reading.merged_into and hull_id not in reading.ended:
            continue  # nobody ended it: it is there, or it became the contact of its survivor
        live = [row for row in there if not row.get("archived")]
        if expected is None or expected.is_archived:
            for row in live:
                why = "archived" if expected else f"ended by {reading.ended.get(hull_id)}"
                found.add(f"{hull_id}: not {why}: {row}")
            if expected and not there:
                found.add(f"{hull_id}: there is no archived contact")
            continue
        if hull_id in reading.unseen or _may_have_two(hull_id, reading):
            newest = [row for row in live if row["custom"].get("version") == expected.version]
            found.seconds += len(live) - len(newest)
            live = newest
        if len(live) != 1:
            found.add(f"{hull_id}: {len(live)} contacts instead of 1: {there} for {expected}")
            continue
        _contact(found, hull_id, live[0], expected, companies, reading)


def _may_have_two(hull_id: str, reading: Reading) -> bool:
    """A survivor may have inherited the keys of one whose contact nobody ended."""
    return bool(reading.family(hull_id) - {hull_id} - reading.ended.keys())


def _contact(
    found: Findings,
    hull_id: str,
    row: Row,
    expected: Contact,
    companies: dict[str, str],
    reading: Reading,
) -> None:
    for name, wanted in (("externalId", expected.external_id), ("email", expected.email)):
        if row.get(name) != wanted:
            found.add(f"{hull_id}: {name} is {row.get(name)} instead of {wanted}")
    if row["custom"].get("version") != expected.version:
        found.add(f"{hull_id}: {row['custom'].get('version')} instead of {expected.version}")
    at = companies.get(row.get("companyId", ""))
    if at not in reading.keys_since(expected.account, expected.since):
        found.add(f"{hull_id}: at company {at} instead of {expected.account}")


def _companies(found: Findings, rows: list[Row], reading: Reading) -> None:
    by_key: dict[str | None, list[Row]] = defaultdict(list)
    for row in rows:
        by_key[row.get("externalId")].append(row)
    newest = {keys[-1][1]: account for account, keys in reading.keys.items()}
    for key, account in newest.items():
        version = reading.companies.get(account)
        there = by_key.get(key, [])
        if len(there) != 1 or there[0].get("custom", {}).get("version") != version:
            found.add(f"{account}: {key} has {there} instead of version {version}")
    found.leftovers = len(rows) - len(newest)


def _events(found: Findings, state: Row, reading: Reading) -> None:
    owner = {row["_id"]: row.get("custom", {}).get("hull") for row in state["endusers"]}
    stored: dict[str, list[str]] = defaultdict(list)
    for row in state["activities"]:
        stored[row["info"]["id"]].append(row["enduserId"])
    for number, hull_id in reading.events.items():
        if number not in stored:
            found.add(f"{number}: of {hull_id} is not in Planhat")
        # Who inherited the keys of one whose contact nobody ended shares them with it.
        shared = reading.family(hull_id) - reading.ended.keys()
        allowed = {hull_id, *reading.survivors(hull_id), *shared}
        for contact in stored.get(number, []):
            # The contact of one that was ended or forgotten may be gone, with what it had.
            if contact in owner and owner[contact] not in allowed:
                found.add(f"{number}: of {hull_id} is at {owner[contact]}")
    for number in stored.keys() - reading.events.keys() - reading.maybe:
        found.add(f"{number}: nobody asked for it")
    found.activities_twice = sum(len(each) - 1 for each in stored.values())


def _forgotten(
    found: Findings, rows: dict[str, list[Row]], endusers: list[Row], reading: Reading
) -> None:
    for hull_id in reading.forgotten:
        for row in rows.get(hull_id, []):
            found.add(f"{hull_id}: was forgotten: {row}")
    gone = {hull_id.removeprefix("user-") for hull_id in reading.forgotten}
    for row in endusers:
        if str(row.get("externalId", "")).removeprefix("u-") in gone:
            found.add(f"the key of one who was forgotten: {row}")
