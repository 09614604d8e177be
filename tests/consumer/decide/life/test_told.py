"""What becomes of a contact, in the words of the console."""

from __future__ import annotations

import json
from typing import Any

import pytest

from consumer.decide.decide import decide
from consumer.decide.decision import UserDecision
from consumer.decide.message import Messages, UserMessage
from consumer.decide.parse import parse
from tests.consumer.joined import rules_of

RULES = rules_of("""
contact_synchronized_segments: [s]
contact_attributes_outbound: [{hull_field_name: email, service_field_name: email}]
on_segment_left: archive
on_user_unlinked: archive
""")
SEGMENT = {"id": "s"}
ACCOUNT = {"id": "account-1", "external_id": "acme", "name": "Acme"}


def told(**members: Any) -> str:  # noqa: ANN401 - JSON
    changes = members.pop("changes", {})
    message = {
        "user": {"id": "u", "email": "jane@acme.com"},
        "account": ACCOUNT,
        "segments": [SEGMENT],
        "changes": {"is_new": False, **changes},
        **members,
    }
    parsed = parse(json.dumps(message).encode())
    assert isinstance(parsed, Messages)
    (one,) = parsed.messages
    assert isinstance(one, UserMessage)
    decision = decide(one, RULES)
    assert isinstance(decision, UserDecision)
    return decision.life


def merged(*losers: str) -> list[dict[str, Any]]:
    return [{"event": "User merged", "properties": {"merged_id": one}} for one in losers]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        pytest.param({"changes": {"user": {"email": ["a", "b"]}}}, "", id="a change"),
        pytest.param({"events": merged("v")}, "v merged into it", id="merged"),
        pytest.param({"events": merged("v", "w")}, "v and 1 more merged into it", id="both"),
        pytest.param(
            {"events": [{"event": "User merged", "properties": {"merged_email": "x@y.com"}}]},
            "another user merged into it",
            id="known by its address",
        ),
        pytest.param(
            {"changes": {"account": {"id": ["account-0", "account-1"]}}},
            "moved to acme",
            id="moved",
        ),
        pytest.param(
            {"changes": {"account": {"id": [None, "account-1"]}}, "events": merged("v")},
            "v merged into it; moved to acme",
            id="merged and moved",
        ),
        pytest.param(
            {"account": {}, "changes": {"account": {"id": ["account-1", None]}}},
            "archived because its account was unlinked in Hull",
            id="unlinked",
        ),
        pytest.param(
            {"segments": [], "changes": {"segments": {"left": [SEGMENT]}}},
            "archived because it left the Contact Filter",
            id="left",
        ),
        pytest.param({"segments": [], "events": merged("v")}, "", id="not sent"),
    ],
)
def test_what_becomes_of_a_contact_is_said(members: dict[str, Any], words: str) -> None:
    assert told(**members) == words
