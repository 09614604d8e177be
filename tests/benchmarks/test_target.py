"""The counting Planhat answers as the documented one does, and notices what must not be."""

from __future__ import annotations

import asyncio
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


def test_an_answer_is_not_late_by_a_whole_millisecond() -> None:
    """The best of many timers tells what the clock can do, however busy the machine is."""

    async def least_late() -> float:
        loop, late = asyncio.get_running_loop(), []
        for _ in range(100):
            due = loop.time() + 0.0002
            await asyncio.sleep(0.0002)
            late.append(loop.time() - due)
        return min(late)

    with asyncio.Runner(loop_factory=exact_loop) as runner:
        assert runner.run(least_late()) < 0.0007
