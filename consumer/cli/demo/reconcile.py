"""What differs between what must be and what is. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from consumer.cli.demo.expectation import Activity, Company, Enduser, Expectation, Rejected

Row = dict[str, Any]
Key = TypeVar("Key")
State = dict[str, list[Row]]
"""What the sandbox tells at `/sandbox/state`: rows by model."""

_LONGEST: Final = 160


def differences(
    expected: Expectation, state: Mapping[str, Any], *, may_repeat: bool = False
) -> list[str]:
    """Tell each difference in one line; none means that Planhat holds what it must.

    `may_repeat`: activities may be there twice, as after a crash (Planhat has no key for them).
    """
    places = {row["_id"]: row.get("externalId", "") for row in state["companies"]}
    people = {row["_id"]: _person(row) for row in state["endusers"]}
    found = [
        *_companies(expected.companies, state["companies"]),
        *_endusers(expected.endusers, state["endusers"], places),
        *_licences(expected.licences, state["licenses"], places),
        *_activities(expected, state["activities"], people, may_repeat=may_repeat),
        *_dropped(expected, state["dropped"]),
    ]
    return [line[:_LONGEST] for line in found]


def bounded(lines: list[str], most: int = 20) -> list[str]:
    """Keep the first lines, and say how many more there are."""
    left = len(lines) - most
    return lines if left <= 0 else [*lines[:most], f"... and {left} more"]


def miscounted(what: str, expected: Mapping[Any, int], found: Mapping[Any, int]) -> list[str]:
    """Tell each count that is not as it must be."""
    return [
        f"{what} {_spoken(name)}: {found.get(name, 0)}, should be {expected.get(name, 0)}"
        for name in dict.fromkeys((*expected, *found))
        if found.get(name, 0) != expected.get(name, 0)
    ]


def misplaced(expected: Expectation, dead_letters: Iterable[Rejected]) -> list[str]:
    """Compare the dead letters with what had to be rejected."""
    found = Counter(dead_letters)
    missing, extra = expected.rejected - found, found - expected.rejected
    return [
        *(f"not in the dead letters: {_shown(each)}" for each in missing.elements()),
        *(f"wrongly in the dead letters: {_shown(each)}" for each in extra.elements()),
    ]


def _shown(rejected: Rejected) -> str:
    return f"position {rejected.position} of {rejected.value[:60]!r}"


def _spoken(name: object) -> str:
    return ", ".join(map(str, name)) if isinstance(name, tuple) else str(name)


def _person(row: Row) -> str:
    return str(row.get("externalId") or row.get("email") or row["_id"])


def _companies(expected: Mapping[str, Company], rows: list[Row]) -> Iterator[str]:
    keyed = [(str(row.get("externalId")), row) for row in rows]
    found = yield from _keyed("company", expected, keyed)
    for name, row in found.items():
        company = expected[name]
        yield from _fields(f"company {name}", company.fields, row, may_lack=company.by_user)


def _endusers(
    expected: Mapping[str, Enduser], rows: list[Row], places: Mapping[str, str]
) -> Iterator[str]:
    found = yield from _keyed("enduser", expected, [(_person(row), row) for row in rows])
    for name, row in found.items():
        enduser = expected[name]
        company = places.get(row.get("companyId", ""), "nowhere")
        if company != enduser.company:
            yield f"enduser {name}: is in {company}, should be in {enduser.company}"
        yield from _fields(f"enduser {name}", enduser.fields, row)


def _licences(
    expected: Mapping[tuple[str, str], Row], rows: list[Row], places: Mapping[str, str]
) -> Iterator[str]:
    keyed = [
        ((places.get(row.get("companyId", ""), "nowhere"), str(row.get("externalId"))), row)
        for row in rows
    ]
    found = yield from _keyed("licence", expected, keyed)
    for name, row in found.items():
        yield from _fields(f"licence {_spoken(name)}", expected[name], row)


def _activities(
    expected: Expectation, rows: list[Row], people: Mapping[str, str], *, may_repeat: bool
) -> Iterator[str]:
    counts: Counter[str] = Counter()
    for row in rows:
        event_id = str(row.get("info", {}).get("event_id"))
        counts[event_id] += 1
        if event_id in expected.activities:
            yield from _activity(event_id, expected.activities[event_id], row, people)
        elif event_id not in expected.strays:
            yield f"activity {event_id}: should not be there"
    missing = (event_id for event_id in expected.activities if not counts[event_id])
    yield from (f"activity {event_id}: missing" for event_id in missing)
    if not may_repeat:
        repeated = (each for each in counts.items() if each[1] > 1)
        yield from (f"activity {event_id}: is there {count} times" for event_id, count in repeated)


def _activity(
    event_id: str, activity: Activity, row: Row, people: Mapping[str, str]
) -> Iterator[str]:
    person = people.get(row.get("enduserId", ""), "nobody")
    if person != activity.enduser:
        yield f"activity {event_id}: is of {person}, should be of {activity.enduser}"
    if row.get("action") != activity.action:
        yield f"activity {event_id}: action {row.get('action')!r}, should be {activity.action!r}"
    if _moment(row.get("date")) != activity.at:
        yield f"activity {event_id}: date {row.get('date')!r}, should be at {activity.at}"


def _dropped(expected: Expectation, rows: list[Row]) -> Iterator[str]:
    """No event may come before its contact, not even once."""
    for row in rows:
        event_id = str(row["event"].get("info", {}).get("event_id"))
        if event_id in expected.activities:
            yield f"activity {event_id}: was dropped, as {row['reason']}"


def _moment(text: object) -> float | None:
    return datetime.fromisoformat(text).timestamp() if isinstance(text, str) else None


def _keyed(
    what: str, expected: Mapping[Key, object], rows: list[tuple[Key, Row]]
) -> Generator[str, None, dict[Key, Row]]:
    """Yield what is missing, there twice or not to be there; return the rest by key."""
    found: dict[Key, Row] = {}
    for name, row in rows:
        if name not in expected:
            yield f"{what} {_spoken(name)}: should not be there"
        elif name in found:
            yield f"{what} {_spoken(name)}: is there more than once"
        else:
            found[name] = row
    for name in expected:
        if name not in found:
            yield f"{what} {_spoken(name)}: missing"
    return found


def _fields(who: str, expected: Row, row: Row, *, may_lack: bool = False) -> Iterator[str]:
    for name, value in expected.items():
        if name == "custom":
            yield from _fields(f"{who} custom", value, row.get("custom", {}), may_lack=may_lack)
        elif row.get(name) != value and not (may_lack and name not in row):
            yield f"{who}: {name} is {row.get(name)!r}, should be {value!r}"
