"""The options of `hull-planhat history`."""

from __future__ import annotations

import pytest

from tests.consumer.cli.commands import call_here


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing argument"),
        (["  "], "the name is empty"),
        (["u1", "--since", "lately"], "must be like 2h, 3d or 2026-11-24T10:00:00Z"),
        (["u1", "--count", "0"], "greater than or equal to 1"),
    ],
)
def test_wrong_use_is_one_line(arguments: list[str], words: str) -> None:
    done = call_here("history", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_a_topic_of_outcomes_there_is_no_history() -> None:
    done = call_here("history", "u1")

    assert done.returncode == 2
    assert "KAFKA_OUTCOMES_TOPIC: missing" in done.stderr
