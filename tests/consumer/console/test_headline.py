from dataclasses import replace

import pytest

from consumer.console.headline import Facts, Level, headline

WELL = Facts(
    refused=None,
    stuck=None,
    halted=None,
    unready=None,
    broken_lanes=(),
    unwritten_dead_letters=0,
    is_throttled=False,
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
        (replace(WELL, unwritten_dead_letters=2), "trouble", "The dead-letter topic fails"),
        (
            replace(WELL, unwritten_dead_letters=2, unready="dead letters can't be written"),
            "trouble",
            "The dead-letter topic fails",
        ),
        (replace(WELL, refused="the group", unready="the group"), "stopped", "Kafka refuses us"),
        (replace(WELL, broken_lanes=("endusers",)), "trouble", "Planhat does not answer"),
        (replace(WELL, unready="no partitions assigned"), "busy", "Not ready"),
        (replace(WELL, halted="401 no", unready="halted"), "stopped", "Halted: nothing is sent"),
        (replace(WELL, stuck="no poll", halted="401 no"), "stopped", "Stuck"),
    ],
)
def test_the_worst_is_told(facts: Facts, level: Level, title: str) -> None:
    said = headline(facts)

    assert (said.level, said.title) == (level, title)


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("401 Unauthorized; is the token valid?", "Renew the token"),
        ("404; is this the host of Planhat's API?", "Mend api_prefix"),
        ("too many messages are rejected", "Roll back"),
    ],
)
def test_a_halt_says_what_a_person_must_do(reason: str, remedy: str) -> None:
    assert headline(replace(WELL, halted=reason)).remedy.startswith(remedy)
