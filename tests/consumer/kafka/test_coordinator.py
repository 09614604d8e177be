from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from consumer.kafka.coordinator import has_namesake

names = st.text(min_size=1, max_size=12)


def member(name: str) -> str:
    return f"{name}-{uuid.uuid4()}"


@given(names)
def test_another_member_by_our_name_is_a_namesake(name: str) -> None:
    assert has_namesake([member("x"), member(name)], name, own=member(name))


@given(names)
def test_we_ourselves_are_none(name: str) -> None:
    own = member(name)

    assert not has_namesake([own], name, own)


@given(names)
def test_whose_name_only_begins_or_ends_like_ours_is_none(name: str) -> None:
    others = [member(f"{name}-1"), member(f"1-{name}"), name, f"{name}-1"]

    assert not has_namesake(others, name, own=member(name))
