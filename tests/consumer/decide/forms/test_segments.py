"""Segments as data: what is written of them, when, and what is not known of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from consumer.decide import reasons
from consumer.decide.decide import decide
from consumer.decide.decision import AccountDecision, Payload, Skip, UserDecision
from consumer.decide.message import Messages, UserMessage
from consumer.decide.parse import parse
from consumer.decide.rules import Rules
from schemas.connector import ConnectorSettings
from schemas.hull import Segment, SegmentChanges
from tests.consumer.decide.test_map import row

if TYPE_CHECKING:
    from consumer.decide.decision import Body

SETTINGS: dict[str, Any] = {
    "contact_synchronized_segments": ["s1"],
    "account_synchronized_segments": ["a1"],
    "contact_attributes_outbound": [row("email", "email"), row("segments", "tags")],
    "contact_custom_attributes_outbound": [
        row("segment_ids", "Segment ids"),
        row("account.segments", "Account segments"),
        row("account.segment_ids", "Account segment ids"),
    ],
    "account_attributes_outbound": [row("name", "name"), row("segments", "tags")],
    "account_custom_attributes_outbound": [row("segment_ids", "Segment ids")],
}
RULES = Rules.compile(ConnectorSettings.model_validate(SETTINGS))
USER: dict[str, Any] = {
    "user": {"id": "u1", "email": "a@b.example"},
    "segments": [{"id": "s1", "name": "Trial"}, {"id": "s0", "name": " Active "}],
    "account_segments": [{"id": "a1", "name": "Customers"}],
}
ACCOUNT: dict[str, Any] = {
    "channel": "account:update",
    "account": {"id": "a1", "external_id": "acme-1", "name": "Acme"},
    "account_segments": [{"id": "a1", "name": "Customers"}],
}


def decided(document: object, rules: Rules = RULES) -> UserDecision | AccountDecision:
    found = parse(json.dumps(document).encode())
    assert isinstance(found, Messages)
    (message,) = found.messages
    return decide(message, rules)  # type: ignore[arg-type]  # a user's or an account's


def body(document: object, rules: Rules = RULES) -> Body:
    decision = decided(document, rules)
    main = decision.enduser if isinstance(decision, UserDecision) else decision.company
    assert isinstance(main, Payload), main
    return main.body


def told(**changed: object) -> tuple[object, ...]:
    """Of a user in a segment of the filter: tags, and the three custom fields."""
    found = body({**USER, "is_export": True, **changed})
    custom: Any = found.get("custom", {})
    names = ("Segment ids", "Account segments", "Account segment ids")
    return (found.get("tags"), *[custom.get(name) for name in names])


def test_the_segments_of_a_user_and_of_its_account_are_lists_in_an_order_that_holds() -> None:
    assert told() == (["Active", "Trial"], ["s0", "s1"], ["Customers"], ["a1"])
    assert told(segments=USER["segments"][::-1]) == told()


def test_the_segments_of_an_account_are_its_own() -> None:
    assert body(ACCOUNT) == {
        "externalId": "acme-1",
        "name": "Acme",
        "tags": ["Customers"],
        "custom": {"Segment ids": ["a1"]},
    }


def test_who_is_in_no_segment_has_an_empty_list() -> None:
    assert told(segments=[], account_segments=[]) == ([], [], [], [])


@pytest.mark.parametrize("untold", [None, {}], ids=repr)
def test_what_is_no_list_tells_nothing_so_nothing_is_written(untold: object) -> None:
    assert told(segments=untold, account_segments=untold) == (None, None, None, None)


def test_a_list_that_can_be_read_in_part_only_is_not_written() -> None:
    assert told(segments=[{"id": "s1", "name": "Trial"}, {}])[:2] == (None, None)


@pytest.mark.parametrize("name", [None, "", " "], ids=repr)
def test_names_are_written_whole_or_not_at_all(name: str | None) -> None:
    segments = [{"id": "s1", "name": "Trial"}, {"id": "s2", "name": name}]

    decision = decided({**USER, "segments": segments})

    assert isinstance(decision.enduser, Payload)  # type: ignore[union-attr]  # a user's
    assert "tags" not in decision.enduser.body  # type: ignore[union-attr]
    assert [one[1:] for one in decision.left_out] == [("tags", reasons.SEGMENT_WITHOUT_NAME)]
    assert told(segments=segments)[1] == ["s1", "s2"]


def test_an_account_tells_what_it_leaves_out_too() -> None:
    decision = decided({**ACCOUNT, "account_segments": [{"id": "a1"}]})

    assert [one[1:] for one in decision.left_out] == [("tags", reasons.SEGMENT_WITHOUT_NAME)]


@pytest.mark.parametrize("odd", [{}, {"more": 1e30, "is_export": "no"}], ids=["plain", "odd"])
def test_the_envelope_names_segments_of_which_only_the_id_is_known(odd: dict[str, Any]) -> None:
    envelope = {
        "segments": [{"id": "s1", "name": "Trial"}, {"id": "a1", "name": "Not of accounts"}],
        "accounts_segments": [{"id": "a1", "name": "Customers"}],
        "messages": [{**USER, "segments": [{"id": "s1"}], "account_segments": [{"id": "a1"}]}],
        **odd,
    }

    found = body(envelope)

    assert found["tags"] == ["Trial"]
    assert found["custom"]["Account segments"] == ["Customers"]  # type: ignore[index, call-overload]


@pytest.mark.parametrize("listed", [7, "x", {}, [7, {"id": 5}, {"name": "x"}], [[]]], ids=repr)
def test_odd_lists_of_the_organisation_do_no_harm(listed: object) -> None:
    envelope = {"segments": listed, "accounts_segments": listed, "messages": [USER]}

    assert body(envelope)["tags"] == ["Active", "Trial"]


def test_an_attribute_of_hull_called_segments_is_named_with_its_prefix() -> None:
    rules = Rules.compile(
        ConnectorSettings.model_validate(
            {
                **SETTINGS,
                "contact_attributes_outbound": [row("email", "email"), row("segments", "tags")],
                "contact_custom_attributes_outbound": [row("traits_segments", "Own")],
            }
        )
    )
    for name in ("traits_segments", "segments"):
        user = {**USER["user"], name: "theirs"}
        found = body({**USER, "user": user}, rules)

        assert (found["tags"], found["custom"]) == (["Active", "Trial"], {"Own": "theirs"})


def test_a_member_of_a_licence_called_segments_is_one() -> None:
    rules = Rules.compile(
        ConnectorSettings.model_validate(
            {
                **SETTINGS,
                "account_licenses_attribute": "licenses",
                "account_licenses_attributes_outbound": [
                    row("id", "externalId"),
                    row("currency", "_currency"),
                    row("start", "fromDate"),
                    row("mrr", "mrr"),
                ],
                "account_licenses_custom_attributes_outbound": [row("segments", "Segments")],
            }
        )
    )
    licence = {"id": 1, "currency": "EUR", "start": "2020-01-01", "mrr": 1, "segments": ["x"]}
    decision = decided({**ACCOUNT, "account": {**ACCOUNT["account"], "licenses": [licence]}}, rules)

    assert isinstance(decision, AccountDecision)
    assert decision.lists[0].payloads[0].body["custom"] == {"Segments": ["x"]}


MOVES = {"entered": {"entered": [{"id": "s9"}]}, "left": {"left": [{"id": "s9"}]}}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
@pytest.mark.parametrize("part", ["segments", "account_segments", "user_segments"])
def test_any_segment_entered_or_left_opens_the_gate_where_segments_are_mapped(
    part: str, move: dict[str, Any]
) -> None:
    decision = decided({**USER, "changes": {"is_new": False, part: move}})

    assert isinstance(decision, UserDecision)
    assert isinstance(decision.enduser, Payload)


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_any_segment_of_an_account_opens_its_gate_where_segments_are_mapped(
    move: dict[str, Any],
) -> None:
    decision = decided({**ACCOUNT, "changes": {"is_new": False, "account_segments": move}})

    assert isinstance(decision, AccountDecision)
    assert isinstance(decision.company, Payload)


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
@pytest.mark.parametrize(
    ("mapped", "part"),
    [("account.segments", "segments"), ("segments", "account_segments"), ("name", "segments")],
)
def test_segments_that_are_not_mapped_leave_the_gate_closed(
    mapped: str, part: str, move: dict[str, Any]
) -> None:
    rules = Rules.compile(
        ConnectorSettings.model_validate(
            {
                **SETTINGS,
                "contact_attributes_outbound": [row("email", "email"), row(mapped, "position")],
                "contact_custom_attributes_outbound": [],
            }
        )
    )

    decision = decided({**USER, "changes": {"is_new": False, part: move}}, rules)

    assert isinstance(decision, UserDecision)
    assert decision.enduser == Skip(reasons.NOTHING_CHANGED)


@pytest.mark.parametrize(
    "named",
    [
        {"user_segments": [{"id": "s1", "name": "Trial"}]},
        {"segments": [], "user_segments": [{"id": "s1", "name": "Trial"}]},
        {"segments": [{"id": "s1", "name": "Trial"}], "user_segments": [{"id": "s2"}]},
        {"segments": None, "user_segments": {}, "user_segment_ids": ["s1"]},
    ],
    ids=str,
)
def test_user_segments_are_segments(named: dict[str, Any]) -> None:
    found = parse(json.dumps({"user": {"id": "u1"}, **named}).encode())

    assert isinstance(found, Messages)
    assert isinstance(found.messages[0], UserMessage)
    assert [one.id for one in found.messages[0].segments] == ["s1"]
    assert found.messages[0].untold == ("account_segments",)


def test_user_segments_in_changes_are_segments() -> None:
    changes = {"is_new": False, "user_segments": {"entered": [{"id": "s1", "name": "Trial"}]}}

    found = parse(json.dumps({"user": {"id": "u1"}, "changes": changes}).encode())

    assert isinstance(found, Messages)
    assert isinstance(found.messages[0], UserMessage)
    assert found.messages[0].changes is not None
    assert found.messages[0].changes.segments == SegmentChanges((Segment("s1", "Trial"),))
