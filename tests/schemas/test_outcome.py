"""The lines of the outcomes topic are read as they are written, and by whoever knows less."""

from __future__ import annotations

import json

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.cli.schema import schema_text
from schemas.outcome import Line, lines
from schemas.outcome.digest import EmailDigest
from schemas.outcome.member import Gap, Summary
from schemas.outcome.message import Change, Outcome, Skip

OUTCOME = Outcome(
    at=1_764_000_000_123,
    hull_id="5f1",
    ending="delivered",
    topic="hull.events",
    partition=3,
    offset=17,
    position=2,
    email="j***@a***.com",
    skips=(Skip("activities", "Not in the Tracking Filter."),),
    changes=(
        Change("endusers", "delivered", change="created", payload=msgspec.Raw(b'{"email":1}')),
    ),
)
GAP = Gap(at=9, member="m", run=1, since=2, until=3, count=4)
SUMMARY = Summary(at=9, since=1, member="m", run=1)
SCHEMA = json.loads(schema_text("outcome"))


def written(*some: Line) -> bytes:
    return b"\n".join(map(msgspec.json.encode, some))


def test_a_record_is_read_line_by_line() -> None:
    found = [one for one in lines(written(OUTCOME, GAP, SUMMARY)) if one is not None]

    assert [type(one) for one in found] == [Outcome, Gap, Summary]
    assert written(*found) == written(OUTCOME, GAP, SUMMARY)


def test_a_line_that_cannot_be_read_costs_only_itself() -> None:
    value = b'{"kind":"gap"}\nno json\n{"kind":"of tomorrow"}\n\xff\n' + written(GAP)

    assert list(lines(value)) == [None, None, None, None, GAP]


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"kind":"outcome","at":1,"hull_id":"\xff","topic":"t","partition":0,"offset":0}',
    ],
    ids=["nested", "no UTF-8"],
)
def test_a_line_that_is_hardly_json_costs_only_itself(line: bytes) -> None:
    assert list(lines(line + b"\n" + written(GAP))) == [None, GAP]


def test_fields_of_tomorrow_are_passed_over() -> None:
    value = written(GAP)[:-1] + b',"colour":"blue"}'

    assert list(lines(value)) == [GAP]


def test_what_is_empty_is_left_out() -> None:
    plain = Outcome(at=1, hull_id="a", ending="skipped", topic="t", partition=0, offset=5)

    assert json.loads(written(plain)) == {
        "kind": "outcome",
        "at": 1,
        "hull_id": "a",
        "ending": "skipped",
        "topic": "t",
        "partition": 0,
        "offset": 5,
    }


@pytest.mark.parametrize("line", [OUTCOME, GAP, SUMMARY], ids=["outcome", "gap", "summary"])
def test_the_json_schema_takes_each_kind_of_line(line: Line) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(written(line)))


def test_the_json_schema_says_what_each_field_of_an_outcome_means() -> None:
    named = SCHEMA["$defs"]["Change"]["properties"]

    assert all("description" in one for one in named.values())


def test_an_address_has_one_digest_in_any_case_of_letters() -> None:
    digest = EmailDigest("tenant")

    assert digest.of(" Jane@Acme.com") == digest.of("jane@acme.com")


def test_another_tenant_has_other_digests() -> None:
    assert EmailDigest("one").of("jane@acme.com") != EmailDigest("two").of("jane@acme.com")


def test_a_digest_stays_what_it_was_yesterday() -> None:
    assert EmailDigest("tenant").of("jane@acme.com") == "92e3b02836044df1"


@given(st.text(), st.text(min_size=1))
def test_any_text_has_a_digest_of_sixteen_digits(email: str, tenant: str) -> None:
    assert len(bytes.fromhex(EmailDigest(tenant).of(email))) == 8
