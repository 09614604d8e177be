"""What is remembered of lives: of the survivor's message, and of whom it swallowed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from consumer.watch.metrics import Metrics
from consumer.watch.outcomes.outcomes import Outcomes
from consumer.watch.outcomes.standing import says, told
from consumer.watch.report import Reporter
from planhat_client.protocol import Delivered
from schemas.planhat import BulkResult, Resource
from tests.consumer.joined import joined, rules_of

if TYPE_CHECKING:
    from consumer.watch.outcomes.block import Outcome

SETTINGS = """
contact_synchronized_segments: [s]
contact_attributes_outbound: [{hull_field_name: email, service_field_name: email}]
"""


def delivered(**members: Any) -> Outcomes:  # noqa: ANN401 - JSON
    """Deliver a message, and give what is remembered."""
    outcomes = Outcomes()
    engine = joined(rules_of(SETTINGS), report=Reporter(Metrics(), outcomes=outcomes))
    message = {
        "user": {"id": "u", "email": "jane@acme.com", "planhat/id": "5e"},
        "account": {"id": "a", "planhat/id": "company", "external_id": "acme"},
        "segments": [{"id": "s"}],
        "changes": {"is_new": False},
        **members,
    }
    record = Record(Partition("t", 0), 0, b"u", json.dumps(message).encode())
    engine.take([record], Offsets(0, ""), 0.0)
    batch = engine.lanes[Resource.ENDUSERS].take(0.0)
    assert batch is not None
    engine.answered(batch, Delivered(BulkResult(updated=1)), 0.0)
    return outcomes


def found(outcomes: Outcomes, name: str) -> list[Outcome]:
    steps = outcomes.search(name, 10)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            whole: list[Outcome] = end.value
            return whole


def said(outcomes: Outcomes, name: str) -> list[str]:
    return [
        says(
            one.channel,
            one.ending,
            one.reason,
            told(one.channel, one.ending, one.reason, one.skips, one.changes),
        )
        for one in found(outcomes, name)
    ]


MERGED = {
    "event": "User merged",
    "properties": {"merged_id": "v", "merged_external_id": "v-1", "merged_email": "v@acme.com"},
}


def test_who_was_merged_is_found_under_each_of_its_names() -> None:
    outcomes = delivered(events=[MERGED])

    for name in ("v", "v-1", "v@acme.com"):
        assert said(outcomes, name) == ["Merged into u."]


def test_of_the_survivor_it_is_said_who_was_merged_into_it() -> None:
    assert said(delivered(events=[MERGED]), "u") == ["Planhat accepted it: v merged into it."]


def test_of_who_moved_it_is_said_where_to() -> None:
    outcomes = delivered(changes={"is_new": False, "account": {"id": ["b", "a"]}})

    assert said(outcomes, "u") == ["Planhat accepted it: moved to acme."]
