from dataclasses import replace

import pytest

from consumer.lanes.halts import Halted, Kind
from consumer.watch.console.state import Facts, Level, headline
from schemas.planhat import Resource

WAIT = "Planhat asked us to wait until 2026-11-28 15:00:00 UTC"
WELL = Facts(
    refused=None,
    stuck=None,
    halts=(),
    unready=None,
    broken_lanes=(),
    unwritten_dead_letters=0,
    is_throttled=False,
    faults=(),
    long_wait=None,
    unread=0,
    unresolved=0,
)


@pytest.mark.parametrize(
    ("facts", "level", "title"),
    [
        (WELL, "good", "All is well"),
        (replace(WELL, unresolved=5), "good", "All is well"),
        (replace(WELL, unread=5), "busy", "Catching up"),
        (replace(WELL, unread=5, is_throttled=True), "trouble", "Throttled"),
        (
            replace(WELL, unread=5, faults=("[0]: no field Plan",)),
            "trouble",
            "The mapping does not fit the tenant's fields",
        ),
        (replace(WELL, is_throttled=True, faults=("x",)), "trouble", "Throttled"),
        (replace(WELL, unwritten_dead_letters=2), "trouble", "The dead-letter topic fails"),
        (
            replace(WELL, unwritten_dead_letters=2, unready="dead letters can't be written"),
            "trouble",
            "The dead-letter topic fails",
        ),
        (replace(WELL, refused="the group", unready="the group"), "stopped", "Kafka refuses us"),
        (replace(WELL, broken_lanes=("endusers",)), "trouble", "Planhat does not answer"),
        (replace(WELL, unready="no partitions assigned"), "busy", "Not ready"),
        (
            replace(WELL, long_wait=WAIT, unready="the companies are not read", is_throttled=True),
            "trouble",
            WAIT,
        ),
        (
            replace(WELL, halts=(Halted("unauthorized", "401 no", 0.0),), unready="halted"),
            "stopped",
            "Halted: nothing is sent",
        ),
        (
            replace(WELL, stuck="no poll", halts=(Halted("unauthorized", "401 no", 0.0),)),
            "stopped",
            "Stuck",
        ),
    ],
)
def test_the_worst_is_told(facts: Facts, level: Level, title: str) -> None:
    said = headline(facts)

    assert (said.level, said.title) == (level, title)


@pytest.mark.parametrize(
    ("kind", "remedy"),
    [
        ("unauthorized", "Renew the token"),
        ("wrong host", "Correct api_prefix"),
        ("too many rejected", "Roll back"),
    ],
)
def test_a_halt_says_what_a_person_must_do(kind: Kind, remedy: str) -> None:
    said = headline(replace(WELL, halts=(Halted(kind, "401 whatever", 0.0),)))

    assert said.remedy.startswith(remedy)


def test_a_resource_that_is_refused_is_named_and_stops_nothing() -> None:
    refused = Halted("resource refused", "403 Forbidden", 0.0, Resource.LICENSES)

    said = headline(replace(WELL, halts=(refused,)))

    assert (said.level, said.title) == ("trouble", "Planhat refuses licenses")
    assert "403 Forbidden" in said.detail


@pytest.mark.parametrize(
    ("count", "detail"),
    [(1, "a"), (2, "a; and 1 other, see the troubles"), (3, "a; and 2 others, see the troubles")],
)
def test_a_fault_of_the_mapping_is_told_in_full_and_the_others_counted(
    count: int, detail: str
) -> None:
    assert headline(replace(WELL, faults=tuple("abc"[:count]))).detail == detail
