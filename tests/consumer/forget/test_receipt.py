"""What a receipt says, and what another run learns from it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.forget.names import Name, name
from consumer.forget.receipt import NoReceipt, digest, line, past
from tests.examples import examples

SALT = bytes(16)
ANN = name("email", "Ann@example.com")
BEGUN = line("begun", 0.0, receipt=1, salt=SALT.hex())


def test_a_line_is_json_with_its_moment() -> None:
    assert line("gone", 1_700_000_000.9, planhat_id="5a01") == (
        '{"event": "gone", "at": "2023-11-14T22:13:20Z", "planhat_id": "5a01"}\n'
    )


def test_a_digest_depends_on_name_kind_and_salt_alone() -> None:
    found = digest(ANN, SALT)

    assert found == digest(name("email", "ann@EXAMPLE.com"), SALT)
    assert len(found) == 32
    others = {digest(ANN, bytes([1] * 16)), digest(Name("external_id", ANN.value), SALT)}
    assert found not in others


def test_a_fresh_receipt_has_a_salt_of_its_own() -> None:
    assert past("", b"x" * 16).salt == b"x" * 16


def test_what_was_begun_is_known_until_it_is_gone() -> None:
    text = BEGUN + line("named", 1.0, digest="d", contacts=["5a01", "5a02"])
    text += line("deleting", 2.0, planhat_id="5a01") + line("deleting", 3.0, planhat_id="5a02")

    found = past(text + line("deleted", 4.0, planhat_id="5a01"), b"x" * 16)

    assert found.salt == SALT
    assert found.unfinished == ["5a02", "5a01"]
    assert found.forgotten("d") is None


def test_a_name_is_forgotten_when_all_its_contacts_are_gone() -> None:
    text = BEGUN + line("named", 1.0, digest="d", contacts=["5a01", "5a02"])
    text += line("gone", 2.0, planhat_id="5a01") + line("gone", 3.0, planhat_id="5a02")

    found = past(text, SALT)

    assert found.unfinished == []
    assert found.forgotten("d") == "1970-01-01T00:00:03Z"
    assert found.forgotten("of nobody") is None


def test_one_that_failed_and_was_tried_again_is_where_it_got_last() -> None:
    text = BEGUN + line("failed", 1.0, planhat_id="5a01") + line("gone", 2.0, planhat_id="5a01")

    assert past(text, SALT).unfinished == []


def test_a_line_that_was_torn_is_passed_over() -> None:
    text = BEGUN + '{"event": "de\n' + line("deleting", 1.0, planhat_id="5a01") + '{"event": "go'

    assert past(text, SALT).unfinished == ["5a01"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("notes\n", "is no receipt"),
        ("notes", "is no receipt"),
        ('{"event": "gone"}\n', "is no receipt"),
        ('{"event": "begun", "receipt": 2}\n', "is no receipt"),
        ('{"event": "begun", "receipt": 1}\n', "has no salt"),
        ('{"event": "begun", "receipt": 1, "salt": "zz"}\n', "has no salt"),
        ('{"event": "begun", "receipt": 1, "salt": "00"}\n', "has a salt of another length"),
    ],
)
def test_what_is_no_receipt_is_told(text: str, why: str) -> None:
    with pytest.raises(NoReceipt, match=why):
        past(text, SALT)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)


@settings(max_examples=examples(200))
@given(st.lists(_JSON | st.fixed_dictionaries({"event": st.just("named"), "contacts": _JSON})))
def test_whatever_lines_follow_it_can_be_read(lines: list[object]) -> None:
    text = "".join(f"{json.dumps(one)}\n" for one in lines)

    assert past(BEGUN + text, b"x" * 16).salt == SALT


@settings(max_examples=examples(100))
@given(st.text())
def test_any_other_text_is_refused_or_fresh(text: str) -> None:
    try:
        assert past(text, SALT).salt == SALT
    except NoReceipt:
        assert text
