"""The counting Planhat answers as the documented one does, and notices what must not be."""

from __future__ import annotations

from selectors import SelectSelector
from typing import Any

from tests.benchmarks.target import Counts, bulk_answer, exact_loop


def item(name: str, version: int = 1) -> dict[str, Any]:
    return {"externalId": name, "custom": {"version": version}}


def test_the_first_time_creates_and_the_second_updates() -> None:
    known: set[str] = set()

    first = bulk_answer([item("a"), item("b")], known)
    second = bulk_answer([item("a")], known)

    assert (first["created"], first["updated"]) == (2, 0)
    assert (second["created"], second["updatesKeys"]) == (0, [{"_id": "id-a", "externalId": "a"}])


def test_an_older_version_after_a_newer_one_is_an_overtake() -> None:
    counts = Counts()

    for version in (1, 3, 2):
        counts.answered(counts.arrived("endusers", [item("a", version)]), [item("a", version)])

    assert (counts.overtakes, counts.overlaps) == (1, 0)


def test_two_requests_at_once_for_one_profile_overlap() -> None:
    counts = Counts()

    counts.arrived("endusers", [item("a", 1)])
    counts.arrived("endusers", [item("a", 2), item("b", 1)])

    assert (counts.overtakes, counts.overlaps) == (0, 1)


def test_the_target_waits_by_what_does_not_round_up_to_milliseconds() -> None:
    loop = exact_loop()
    selector = loop._selector  # type: ignore[attr-defined]  # no public way to it
    loop.close()

    assert isinstance(selector, SelectSelector)
