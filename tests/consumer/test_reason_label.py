import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer import reasons
from consumer.reason_label import reason_label


@pytest.mark.parametrize(
    "reason",
    [
        reasons.CONTACT_FILTER,
        reasons.TOMBSTONE,
        f"{reasons.EXTERNAL_ID_REQUIRED} {reasons.ACCOUNT_FILTER}",
        "",
    ],
)
def test_our_own_reasons_stay_word_for_word(reason: str) -> None:
    assert reason_label(reason) == reason


@pytest.mark.parametrize(
    ("reason", "label"),
    [
        ("400 E11000 duplicate key jane@acme.com", "planhat 400"),
        ("503", "planhat 503"),
        ("network: ClientOSError", "network"),
        ("no answer in 30 s", "timeout"),
        ("user without an id", "without an id"),
        ("not a Hull message: not a JSON object", "not a Hull message"),
        ("licence 3: mrr is missing", "licence incomplete"),
        ("anything Planhat may say of jane@acme.com", "other"),
        ("5000 ways", "other"),
    ],
)
def test_what_others_said_is_told_by_its_kind(reason: str, label: str) -> None:
    assert reason_label(reason) == label


@given(st.text())
def test_whatever_is_said_a_label_is_short(reason: str) -> None:
    assert reason_label(reason) in {"", "other"} or len(reason_label(reason)) < 200
