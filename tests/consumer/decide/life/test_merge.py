"""Who was merged into a user, as Hull tells it in two ways."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.decide.decision import Payload, Skip, UserDecision
from consumer.decide.life.merge import Loser, losers
from consumer.decide.message import UserMessage
from consumer.decide.rules import Rules
from schemas.connector import ConnectorSettings
from schemas.hull import Changes, Event
from tests.consumer.decide.test_decide import decided

NAMED = {
    "user_id": "winner",
    "merged_id": "loser",
    "merged_external_id": 17,
    "merged_email": " old@example.com ",
}
LOSER = ("loser", "17", "old@example.com")
RULES = Rules.compile(
    ConnectorSettings.from_text(
        "{contact_synchronized_segments: [s], contact_attributes_outbound:"
        " [{hull_field_name: email, service_field_name: email}]}",
        "test",
    )
)


def message(*events: Event, user: dict[str, Any] | None = None) -> UserMessage:
    changes = None if user is None else Changes(is_new=False, user=user)
    return UserMessage("winner", {}, {}, (), (), events, changes, is_export=False)


def merged(**properties: object) -> Event:
    return Event(event="User merged", properties=properties)  # type: ignore[arg-type]  # JSON


def told(found: tuple[Loser, ...]) -> list[tuple[str | None, ...]]:
    return [(one.hull_id, one.external_id, one.email) for one in found]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (message(), []),
        (message(Event(event="Signed in")), []),
        (message(merged(**NAMED)), [LOSER]),
        (message(Event(event=" User merged ", properties=NAMED)), [LOSER]),  # type: ignore[arg-type]
        (message(merged(**NAMED), merged(**NAMED)), [LOSER]),
        (message(merged(merged_email="a@b.c")), [(None, None, "a@b.c")]),
        (message(merged(merged_id="winner", merged_email="a@b.c")), []),
        (message(merged(merged_id=None, merged_email=" ")), []),
        (message(user={"id": ["loser", "winner"]}), [("loser", None, None)]),
        (message(merged(**NAMED), user={"id": ["loser", "winner"]}), [LOSER]),
        (message(user={"id": ["winner", "winner"]}), []),
        (message(user={"id": [None, "winner"]}), []),
        (message(user={"id": "loser"}), []),
        (message(user={"name": ["a", "b"]}), []),
    ],
)  # fmt: skip
def test_losers_are_who_the_message_names(
    given: UserMessage, expected: list[tuple[str | None, ...]]
) -> None:
    assert told(losers(given)) == expected


def test_many_losers_of_one_message_are_bounded() -> None:
    many = [merged(merged_id=f"loser-{number}") for number in range(150)]

    assert len(losers(message(*many))) == 100


def record(**members: object) -> dict[str, Any]:
    return {
        "user": {"id": "winner", "email": "a@b.c"},
        "account": {"id": "a", "external_id": "a"},
        "segments": [{"id": "s"}],
        "changes": {"is_new": False},
        "events": [{"event": "User merged", "properties": NAMED}],
        **members,
    }


def test_a_merge_passes_the_gate_whatever_else_changed() -> None:
    found = decided(record(), rules=RULES)

    assert isinstance(found, UserDecision)
    assert isinstance(found.enduser, Payload)
    assert told(found.merged) == [LOSER]


@pytest.mark.parametrize(
    "left_out", [{"segments": []}, {"user": {"id": "winner"}}], ids=["filter", "identity"]
)
def test_a_survivor_that_is_not_for_planhat_merges_nobody(left_out: dict[str, Any]) -> None:
    found = decided(record(**left_out), rules=RULES)

    assert isinstance(found, UserDecision)
    assert isinstance(found.enduser, Skip)
    assert found.merged == ()
