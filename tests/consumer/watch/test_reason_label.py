import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decide import reasons
from consumer.watch.reason_label import REJECTIONS, reason_label


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
        ("no permission: 5f1e", "no permission"),
        ("licence 3: mrr is missing", "licence incomplete"),
        ("anything Planhat may say of jane@acme.com", "other"),
        ("5000 ways", "other"),
    ],
)
def test_what_others_said_is_told_by_its_kind(reason: str, label: str) -> None:
    assert reason_label(reason) == label


@given(st.text() | st.from_regex(r"[0-9]{2,4}.{0,9}") | st.sampled_from(REJECTIONS))
def test_whatever_is_said_it_is_one_of_few_labels(reason: str) -> None:
    label = reason_label(reason)

    assert label in {"", *REJECTIONS} or re.fullmatch("planhat [1-5][0-9][0-9]", label, re.ASCII)


def test_a_reason_of_ours_with_anything_added_is_no_reason_of_ours() -> None:
    assert reason_label(f"{reasons.CONTACT_FILTER} jane@acme.com") == "other"
