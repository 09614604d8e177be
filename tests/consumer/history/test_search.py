"""Finding outcomes by names: the newest first, page by page, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.history.day import DAY_MS
from consumer.history.entries import home, place_of
from consumer.history.search import MOST_READ, Span
from tests.consumer.history_told import (
    NOON,
    found,
    offsets,
    outcome,
    store,
    told,
    with_planhat_id,
)

if TYPE_CHECKING:
    from consumer.history.store import Store
    from schemas.outcome.message import Outcome


@pytest.mark.parametrize("name", ["u1", "U1", "Ext-7", "d1g", "5F1b"])
def test_an_outcome_is_found_by(name: str) -> None:
    one = with_planhat_id("5f1b", hull_id="u1", external_id="ext-7", email_digest="d1g")
    with store() as kept:
        kept.take([told(0, one, outcome(hull_id="u2", offset=2))], NOON)

        assert offsets(found(kept, name)) == [1]


def test_nothing_is_found_by_no_name() -> None:
    with store() as kept:
        kept.take([told(0, outcome(external_id=""))], NOON)

        assert found(kept, "").items == []
        assert found(kept).items == []


def test_the_newest_comes_first_whatever_the_order_of_the_topic() -> None:
    with store() as kept:
        kept.take([told(0, *(outcome(NOON + at, offset=at) for at in (3, 1, 2)))], NOON)
        kept.take([told(1, outcome(NOON - DAY_MS, offset=9))], NOON)

        assert offsets(found(kept, "u1")) == [3, 2, 1, 9]


def test_only_what_ended_in_the_span_is_found() -> None:
    with store() as kept:
        kept.take([told(0, *(outcome(NOON + at, offset=at) for at in range(5)))], NOON)

        assert offsets(found(kept, "u1", span=Span(NOON + 1, NOON + 3))) == [2, 1]


def test_a_message_that_is_told_twice_counts_as_it_ended_last() -> None:
    twice = [
        outcome(NOON, offset=7, ending="rejected", reason="first"),
        outcome(NOON + 5000, offset=7, ending="delivered"),
    ]
    with store() as kept:
        kept.take([told(0, *twice)], NOON)

        (item,) = found(kept, "u1").items
        assert (b"delivered" in item.row.line, item.repeated) == (True, 1)


def test_messages_of_one_envelope_are_several() -> None:
    with store() as kept:
        kept.take([told(0, *(outcome(offset=7, position=at) for at in range(3)))], NOON)

        assert [item.repeated for item in found(kept, "u1").items] == [0, 0, 0]


def test_another_name_with_the_same_checksums_is_not_found() -> None:
    one, other = "47271341e64a", "eeb53233c380"
    assert home(one) == home(other)
    with store() as kept:
        rows = (outcome(hull_id=name, offset=at) for at, name in enumerate((one, other)))
        kept.take([told(0, *rows)], NOON)

        assert offsets(found(kept, one)) == [0]
        assert offsets(found(kept, other)) == [1]


def test_another_place_with_the_same_checksum_is_told_too() -> None:
    one, other = 549_377_168_127, 662_315_672_690
    assert place_of(("hull.events", 3, one, 0)) == place_of(("hull.events", 3, other, 0))
    with store() as kept:
        rows = (outcome(NOON + at, offset=offset) for at, offset in enumerate((one, other)))
        kept.take([told(0, *rows)], NOON)

        assert _all_pages(kept, 1) == [(other, 0), (one, 0)]


def test_a_search_that_must_read_much_goes_on_with_the_next_page() -> None:
    with store() as kept:
        for at in range(10):
            kept.take([told(at, outcome(NOON + at, offset=at))], NOON)

        assert len(found(kept, "u1", most_read=2).items) == 3
        found_at = [offset for offset, _ in _all_pages(kept, 50, most_read=2)]
        assert found_at == list(range(9, -1, -1))


def _all_pages(kept: Store, most: int, most_read: int = MOST_READ) -> list[tuple[int, int]]:
    pages = [found(kept, "u1", most=most, most_read=most_read)]
    while pages[-1].after is not None:
        pages.append(found(kept, "u1", most_read=most_read, most=most, after=pages[-1].after))
    return [(item.row.place.offset, item.repeated) for page in pages for item in page.items]


@given(
    st.lists(
        st.tuples(st.integers(0, 2 * DAY_MS - 1), st.integers(0, 12), st.sampled_from("ab")),
        max_size=60,
    ),
    st.integers(1, 7),
)
def test_page_by_page_each_message_is_told_once_as_it_ended_last(
    ends: list[tuple[int, int, str]], most: int
) -> None:
    lines = [
        outcome(NOON - DAY_MS + ms, f"u-{who}-{at}", at, external_id=who) for ms, at, who in ends
    ]
    newest: dict[int, Outcome] = {}
    for line in lines:
        if line.external_id == "a":
            other = newest.get(line.offset)
            newest[line.offset] = line if other is None or line.at >= other.at else other
    with store(now_ms=NOON + DAY_MS) as kept:
        kept.take([told(at, line) for at, line in enumerate(lines)], NOON + DAY_MS)
        span = Span(0, NOON + 2 * DAY_MS)
        page = found(kept, "a", span=span, most=most)
        items = page.items
        while page.after is not None:
            page = found(kept, "a", span=span, most=most, after=page.after)
            assert len(page.items) <= most
            items = items + page.items

    told_of = [(item.row.place.offset, item.row.ms) for item in items]
    right = [(one.offset, one.at) for one in newest.values()]
    assert sorted(told_of) == sorted(right)
    assert [ms for _, ms in told_of] == sorted((ms for _, ms in told_of), reverse=True)
