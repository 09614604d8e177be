"""What is read straight from the bytes is what would be read part by part."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic_core import from_json

from consumer.decide.message import AccountMessage, Messages, UserMessage
from consumer.decide.parse import _Hints, _odd, parse
from consumer.decide.read import decoded, lenient
from consumer.decide.route import route
from schemas.hull import NO_MOVES, Event, Message, Segment, SegmentChanges
from tests.consumer.watch.explain.hull_messages import encoded, records
from tests.examples import examples
from tests.processor_time import on_this_machine

if TYPE_CHECKING:
    from consumer.decide.message import Routed

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, {}, [], "", "text", 5, 1.5, True, False, [None], [{}], {"id": "x"}, "true", "account:x"]
)
SEGMENT = st.fixed_dictionaries(
    {"id": st.sampled_from(["s1", "s2", 7, None, "s" * 200])},
    optional={"name": st.sampled_from(["Users", None, 5]), "type": ODD},
)
SEGMENTS = st.lists(SEGMENT, max_size=3) | ODD
EVENT = st.fixed_dictionaries(
    {}, optional={"event": ODD, "event_id": ODD, "created_at": ODD, "properties": ODD}
)
MOVES = st.fixed_dictionaries({}, optional={"entered": SEGMENTS, "left": SEGMENTS}) | ODD
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "is_new": ODD,
        "user": st.just({"email": [None, "a"]}) | ODD,
        "account": ODD,
        "segments": MOVES,
        "account_segments": MOVES,
        "user_segments": MOVES,
    },
)
DOCUMENT = st.fixed_dictionaries(
    {},
    optional={
        "channel": st.sampled_from(["user:update", "account:update"]) | ODD,
        "user": st.fixed_dictionaries({"id": st.just("u1") | ODD}) | ODD,
        "account": st.just({"id": "a1"}) | ODD,
        "segments": SEGMENTS,
        "account_segments": SEGMENTS,
        "user_segments": SEGMENTS,
        "user_segment_ids": st.lists(st.sampled_from(["s1", 7, None]), max_size=2) | ODD,
        "events": st.lists(EVENT, max_size=2) | ODD,
        "changes": CHANGES | ODD,
        "message_id": st.just("m1") | ODD,
        "is_export": ODD,
    },
)
CHANNELS = st.sampled_from([None, "", "user:update", "account:update", "ship:update"])
MANY = settings(suppress_health_check=list(HealthCheck), deadline=None)
USUAL: dict[str, Any] = {
    "channel": "user:update",
    "user": {"id": "u1", "email": "a@example.com"},
    "account": {},
    "segments": [{"id": "s1", "name": "Users", "type": "users_segment", "stats": {}}],
    "account_segments": [],
    "events": [],
    "changes": {"is_new": False, "user": {"email": [None, "a@example.com"]}, "segments": {}},
    "message_id": "m1",
}


def exactly(found: object) -> str:
    """The text of a message: unlike it, `1`, `1.0` and `True` are not equal."""
    return repr(found)


def part_by_part(
    document: dict[str, Any], channel: str | None, *, is_export: bool
) -> Routed | None:
    message, faults = lenient(document)
    return route(message, channel, is_export=is_export, faults=faults)


def nested(depth: int) -> Any:  # noqa: ANN401 - any JSON
    return [nested(depth - 1)] if depth else 1


@given(DOCUMENT, CHANNELS, st.booleans())
@example({"channel": {}, "user": {"id": "u1"}}, None, False)
@example({"user": {"id": "u1"}, "changes": {}}, None, False)
@example({"user": {"id": "u1"}, "changes": {"more": 1}}, None, False)
def test_a_plain_message_is_read_as_it_is_part_by_part(
    document: dict[str, Any],
    channel: str | None,
    is_export: bool,  # noqa: FBT001 - a drawn value
) -> None:
    expected = part_by_part(document, channel, is_export=is_export)
    plain = decoded(encoded(document))

    if plain is not None:
        assert exactly(route(plain, channel, is_export=is_export)) == exactly(expected)


@settings(MANY, max_examples=examples(300))
@given(records, st.booleans())
@example(b'{"user": {"id": "u1"}, "user": {"id": 2, "id": 1.0}}', False)
@example(b'{"us\\u0065r": {"i\\u0064": "\\ud83d\\ude00"}, "unread": 1e999}', False)
@example(b'{"user": {"id": "u1", "n": [-0, -0.0, 1E2, 123456789012345678901234567890]}}', False)
@example(b'{"user": {"id": "u1"}, "unread": "\xff"}', False)
@example(b'{"user": {"id": "u1"}, "unread": "\\ud800"}', False)
@example(b'{"messages": [{"user": {"id": "u1"}, "is_export": false}], "is_export": true}', False)
@example(b'{"messages": [], "user": {"id": "u1"}}', False)
@example(b'{"messages": [], "user": {}}', False)
@example(b'{"messages": [{"id": "1"}], "channel": "ship:update"}', False)
@example(b'{"messages": [], "channel": "ship:update", "notification_id": []}', True)
@example(b'{"user": {"id": "u1"}, "message_id": {}}', False)
@example(b'{"user": {"id": "u1"}, "id": {}}', False)
@example(b'{"id": "a1", "account": {"id": "a2"}}', False)
@example(b'{"id": "a1", "account": {"id": "a2"}, "changes": null}', False)
@example(b'{"id": null, "email": "a@b.example"}', False)
@example(b'{"messages": [{"user": {"id": "u1"}}, {"id": "u2", "email": null}]}', False)
@example(b'{"messages": [], "id": "u2", "email": null}', False)
def test_any_record_is_read_as_it_is_part_by_part(
    value: bytes,
    is_export: bool,  # noqa: FBT001 - a drawn value
) -> None:
    headers = [("is_export", b"true")] if is_export else []

    found = parse(value, headers)

    assert exactly(found) == exactly(_odd(value, _Hints(None, is_export)))


NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
)


@given(NUMBERS)
def test_a_number_is_read_to_the_last_bit(number: str) -> None:
    value = f'{{"user": {{"n": {number}}}}}'.encode()

    plain = decoded(value)

    if plain is not None:
        assert repr(plain.user) == repr(from_json(value)["user"])


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"account": None, "segments": None, "events": None, "changes": None},
        {"account": {"id": "a1"}, "segments": {}, "account_segments": {}},
        {"changes": {"is_new": True, "segments": {"entered": [{"id": "s1"}]}}},
        {"events": [{"event": "Signed in", "created_at": 5}], "is_export": True},
        {"user": {}, "account": {"id": "a1"}},
        {"user": {"id": "u1", "object": {"of": {"objects": [{"and": "lists"}]}}}},
    ],
    ids=[
        *("usual", "nothing is null", "an export", "entered a segment", "an event"),
        *("an account", "a nested value"),
    ],
)
def test_the_usual_forms_are_plain(changed: dict[str, Any]) -> None:
    document = {**USUAL, **changed}

    plain = decoded(encoded(document))

    assert plain is not None
    found = route(plain, None, is_export=False)
    assert isinstance(found, UserMessage | AccountMessage)
    assert found == part_by_part(document, None, is_export=False)


@pytest.mark.parametrize(
    "changed",
    [
        {"segments": {"id": "s1"}},
        {"user": []},
        {"is_export": "yes"},
        {"changes": {}},
        {"messages": [None]},
        {"user": {"id": "u1", "deep": nested(5)}},
    ],
    ids=["an object of segments", "a list", "a word for true", "no changes", "messages", "deep"],
)
def test_what_is_not_plain_is_not_read_in_one_go(changed: dict[str, Any]) -> None:
    document = {**USUAL, **changed}

    assert decoded(encoded(document)) is None


@pytest.mark.parametrize(
    "unread",
    [b"1e999", b"9" * 5_000, b"[" * 500 + b"]" * 500],
    ids=["infinite", "very long", "very deep"],
)
def test_what_nobody_reads_may_be_what_nobody_could_write(unread: bytes) -> None:
    value = b'{"user": {"id": "u1"}, "unread": ' + unread + b"}"

    found = parse(value)

    assert isinstance(found, Messages)
    assert isinstance(found.messages[0], UserMessage)


def test_changes_without_anything_are_none() -> None:
    found = parse(json.dumps({**USUAL, "changes": {}}).encode())

    assert isinstance(found, Messages)
    assert isinstance(found.messages[0], UserMessage)
    assert found.messages[0].changes is None


def test_an_envelope_of_plain_messages_is_plain() -> None:
    hull = {"notification_id": "n1", "configuration": {"secret": "x"}, "channel": "user:update"}
    plain = decoded(encoded({**hull, "messages": [USUAL, {**USUAL, "account": None}]}))

    assert plain is not None
    assert plain.messages is not None
    assert len(plain.messages) == 2


def test_a_megabyte_of_extreme_numbers_is_read_at_once() -> None:
    many = b",".join([b"1e308"] * 160_000)
    begun = time.process_time()

    found = parse(b'{"user": {"id": "u", "many": [' + many + b"]}}")

    assert time.process_time() - begun < on_this_machine(1)  # 3 s by msgspec
    assert isinstance(found, Messages)
    assert isinstance(found.messages[0], UserMessage)
    assert found.messages[0].user["many"] == [1e308] * 160_000


def read(document: dict[str, Any]) -> Message:
    """The message of a document in which nothing is wrong."""
    found, faults = lenient(document)
    assert faults == {}
    return found


NOTHING: list[object] = [None, {}, []]
EMPTY = read({})


@pytest.mark.parametrize("nothing", NOTHING, ids=str)
@pytest.mark.parametrize("field", ["user", "account", "events", "changes"])
def test_null_and_empty_are_the_same_as_absent(field: str, nothing: object) -> None:
    assert read({field: nothing}) == EMPTY


@pytest.mark.parametrize("field", ["segments", "account_segments", "user_segments"])
def test_of_segments_an_empty_list_is_all_and_what_is_no_list_is_the_same_as_absent(
    field: str,
) -> None:
    assert read({field: None}) == read({field: {}}) == EMPTY
    assert read({field: []}) != EMPTY
    for nothing in NOTHING:
        found = route(read({"user": {"id": "u1"}, field: nothing}), None, is_export=False)
        assert isinstance(found, UserMessage)
        assert (found.segments, found.account_segments) == ((), ())


@pytest.mark.parametrize("nothing", NOTHING, ids=str)
@pytest.mark.parametrize("field", ["user", "account", "segments", "account_segments"])
def test_nothing_inside_changes_is_the_same_as_absent(field: str, nothing: object) -> None:
    assert read({"changes": {"is_new": True, field: nothing}}) == read(
        {"changes": {"is_new": True}}
    )


def test_segments_that_were_entered_and_left_are_read() -> None:
    segment = {"id": "s1", "name": "Active users", "stats": {}}

    found = read({"changes": {"segments": {"entered": [segment], "left": None}}}).changes

    assert found is not None
    assert found.segments == SegmentChanges((Segment("s1", "Active users"),), ())
    assert found.account_segments == NO_MOVES


def test_unknown_fields_are_ignored() -> None:
    assert read({"update_id": "x", "matchesFilter": True}) == EMPTY


@pytest.mark.parametrize(("written", "read_as"), [(17, "17"), (1.5, "1.5"), ("s1", "s1")])
def test_an_id_may_be_a_number(written: object, read_as: str) -> None:
    assert read({"segments": [{"id": written}]}).segments == (Segment(read_as),)


@pytest.mark.parametrize("created_at", ["2018-03-30 14:38:02 UTC", 1531000000, None, {"odd": 1}])
def test_no_date_makes_an_event_unreadable(created_at: Any) -> None:  # noqa: ANN401 - any JSON
    event = {"event": "Signed in", "created_at": created_at}

    assert read({"events": [event]}).events == (Event("Signed in", None, created_at),)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        *((one, True) for one in (True, 1, 1.0, "1", "true", "True", "T", "yes", "Y", "on")),
        *((one, False) for one in (False, None, 0, -0.0, "0", "false", "F", "NO", "n", "off")),
    ],
)
def test_a_flag_may_be_a_number_or_a_word(written: object, read_as: bool) -> None:  # noqa: FBT001 - a column
    assert read({"is_export": written}).is_export is read_as


@pytest.mark.parametrize("wrong", [2, -1, 0.5, "", "perhaps", " true", {}, [], [True]], ids=repr)
def test_any_other_flag_is_a_fault(wrong: object) -> None:
    found, faults = lenient({"is_export": wrong})

    assert not found.is_export
    assert faults == {"is_export": "is_export: should be true or false"}


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"is_new": "perhaps"}, "changes.is_new: should be true or false"),
        ({"user": {"a": [1, 2]}, "account": 7}, "changes.account: should be an object"),
        ({"segments": 7}, "changes.segments: should be an object"),
        (
            {"segments": {"entered": [{"id": "s1"}, {}]}},
            "changes.segments.entered.1.id: field required",
        ),
        ({"account_segments": {"left": 7}}, "changes.account_segments.left: should be a list"),
    ],
    ids=str,
)
def test_any_fault_in_changes_costs_all_of_them(wrong: dict[str, Any], fault: str) -> None:
    found, faults = lenient({"changes": wrong})

    assert found.changes is None
    assert faults == {"changes": fault}


def test_the_first_fault_of_a_part_is_told() -> None:
    _, faults = lenient({"segments": [{}, 7], "account_segments": [7, {}], "user": 7})

    assert list(faults.items()) == [
        ("user", "user: should be an object"),
        ("segments", "segments.0.id: field required"),
        ("account_segments", "account_segments.0: should be an object"),
    ]
