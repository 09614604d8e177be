"""What of somebody lies in our topics: found in records, told with what removes it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from consumer.decide.rules import Rules
from consumer.forget.names import Name
from consumer.forget.traces import Persons, Traces, of_contact, planhat_id_in, told
from consumer.offsets.record import Partition, Record
from consumer.settings.kafka import KafkaSettings
from schemas.connector import ConnectorSettings
from schemas.planhat import Enduser

RULES = Rules.compile(
    ConnectorSettings.from_text(
        json.dumps(
            {
                "contact_attributes_outbound": [
                    {"hull_field_name": "traits_crm/id", "service_field_name": "externalId"},
                    {"hull_field_name": "email", "service_field_name": "email"},
                ]
            }
        ),
        "connector.json",
    )
)
USER = {"id": "h-1", "email": "Ann@example.com", "external_id": "u-1", "traits_crm/id": "c-1"}
EMAIL = Name("email", "ann@example.com")
SETTINGS = KafkaSettings(results_topic="results")


def record(document: object, key: bytes | None = b"h-1", offset: int = 0) -> Record:
    value = document if isinstance(document, bytes) or document is None else _bytes(document)
    return Record(Partition("t", 0), offset, key, value, (), 0.0)


def _bytes(document: object) -> bytes:
    return json.dumps(document).encode()


def persons(*names: Name) -> Persons:
    return Persons(names, RULES)


@pytest.mark.parametrize(
    "name",
    [
        EMAIL,
        Name("external_id", "c-1"),
        Name("hull_id", "h-1"),
    ],
    ids=["an address in any case", "what is mapped to it", "the Hull id"],
)
def test_a_message_is_theirs_by_any_key_and_tells_the_hull_id(name: Name) -> None:
    them = persons(name)

    assert them.are_in(record({"user": USER, "account": {}}, key=None))
    assert them.hull_ids == ["h-1"]
    assert them.are_in(record({"user": {"id": "h-1"}}, key=None))


@pytest.mark.parametrize(
    "document",
    [
        {"user": {"id": "h-2", "email": "bob@example.com"}},
        {"user": {"id": "h-2", "external_id": "c-1"}},
        {"account": {"id": "h-2", "external_id": "c-1", "name": "ann@example.com"}},
        {"messages": []},
        b"no JSON",
        None,
    ],
)
def test_what_others_say_is_not_theirs(document: object) -> None:
    assert not persons(EMAIL, Name("external_id", "c-1")).are_in(record(document, key=b"h-2"))


def test_one_message_of_an_envelope_is_enough() -> None:
    messages = [{"user": {"id": "h-2"}}, {"user": USER}]

    assert persons(EMAIL).are_in(record({"messages": messages}, key=b"h-2"))


def test_a_record_without_a_value_is_theirs_by_its_key() -> None:
    assert persons(Name("hull_id", "h-1")).are_in(record(None))


def test_the_keys_of_a_contact_are_those_that_planhat_was_sent() -> None:
    found = persons(Name("hull_id", "h-1")).meant(
        record({"user": USER | {"planhat/id": "5a01"}, "account": {}})
    )

    assert set(found["h-1"]) == {
        Name("planhat_id", "5a01"),
        Name("external_id", "c-1"),
        EMAIL,
    }


RESULT: dict[str, Any] = {"type": "user", "hull_id": "h-1", "planhat_id": "5a01"}


def test_a_result_is_theirs_by_planhats_id_and_tells_the_hull_id() -> None:
    them = persons(Name("planhat_id", "5a01"))

    assert them.are_result(record(RESULT))
    assert them.hull_ids == ["h-1"]
    assert planhat_id_in(record(RESULT)) == "5a01"


@pytest.mark.parametrize(
    "document",
    [RESULT | {"type": "account"}, RESULT | {"planhat_id": None}, [], b"{", None, b"x" * 9000],
)
def test_what_is_no_result_of_theirs_is_none(document: object) -> None:
    assert not persons(Name("planhat_id", "5a01")).are_result(record(document))


def test_a_contact_that_was_found_is_looked_for_by_all_its_keys() -> None:
    row = Enduser(_id="5a01", externalId="c-1", email="Ann@example.com")

    assert of_contact(row) == [Name("planhat_id", "5a01"), Name("external_id", "c-1"), EMAIL]
    assert of_contact(Enduser(_id="5a01")) == [Name("planhat_id", "5a01")]


def test_each_place_is_named_with_what_removes_it() -> None:
    traces = Traces([(0, 17), (0, 21), (1, 3)], {"h-1": {0}}, undelivered=12, theirs=2)

    lines = "\n".join(told(traces, SETTINGS))

    assert "3 letters of theirs: 0:17 0:21 1:3" in lines
    assert '"partition":0,"offset":22}' in lines
    assert '"partition":1,"offset":4}' in lines
    assert "results (results): 1 profile of theirs; --tombstone writes" in lines
    assert "--entity-name hull.events" in lines
    assert "12 messages not delivered yet, 2 of theirs" in lines


def test_where_nothing_is_that_is_said() -> None:
    lines = "\n".join(told(Traces(), SETTINGS))

    assert "dead letters (hull.planhat.dead-letters): none of theirs" in lines
    assert "results (results): none of theirs" in lines
    assert "all messages are delivered" in lines


def test_many_letters_are_counted_and_some_named() -> None:
    lines = "\n".join(told(Traces([(0, at) for at in range(25)]), KafkaSettings()))

    assert "0:19 and 5 more" in lines
    assert "results" not in lines
