"""The workloads are the same each time, and mean what the scenarios say of them."""

from __future__ import annotations

from itertools import islice

import pytest

from consumer.decide.decide import decide
from consumer.decide.decision import Payload, UserDecision
from consumer.decide.message import AccountMessage, Messages, UserMessage
from consumer.decide.parse import parse
from consumer.decide.rules import Rules
from schemas.connector import ConnectorSettings
from tests.benchmarks.workload import ATTRIBUTES, Bench, connector, records, user_message

KINDS = ("users", "accounts", "fan-out")


@pytest.mark.parametrize("kind", KINDS)
def test_a_workload_has_the_same_bytes_each_time(kind: str) -> None:
    bench = Bench(500, kind=kind)

    assert list(records(bench)) == list(records(bench))


def test_a_user_has_forty_attributes_and_two_kilobytes() -> None:
    sizes = [len(value) for _, value in records(Bench(300, bad=0.0))]

    assert len(user_message(Bench(1), 0, 0)["user"]) == ATTRIBUTES
    assert 1900 < sum(sizes) / len(sizes) < 2300


@pytest.mark.parametrize(("kind", "is_sent"), [("users", True), ("fan-out", False)])
def test_a_user_is_sent_but_for_a_fan_out(kind: str, is_sent: bool) -> None:  # noqa: FBT001 - a column
    bench = Bench(50, bad=0.0, kind=kind)
    rules = Rules.compile(ConnectorSettings.model_validate(connector(bench)))
    decisions = [decide(message, rules) for message in _messages(bench)]

    users = [one.enduser for one in decisions if isinstance(one, UserDecision)]
    assert [isinstance(one, Payload) for one in users] == [is_sent] * 50


def test_few_keys_get_all_changes() -> None:
    keys = {key for key, _ in islice(records(Bench(1000, keys=5, bad=0.0)), 1000)}

    assert len(keys) == 5


def _messages(bench: Bench) -> list[UserMessage | AccountMessage]:
    found = []
    for _, value in records(bench):
        parsed = parse(value)
        assert isinstance(parsed, Messages)
        found += [one for one in parsed.messages if isinstance(one, UserMessage | AccountMessage)]
    return found
