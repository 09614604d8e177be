"""What is known of a name is what was put last, within bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.lanes.name_table import NameTable

NAMES = st.text(alphabet="ab\n\t\x00ü☃", max_size=4)


@given(
    st.integers(1, 3),
    st.integers(1, 30),
    st.lists(st.tuples(st.sampled_from(["put", "pop"]), NAMES, NAMES)),
)
def test_nothing_but_what_was_put_last_is_ever_known(
    texts: int, letters: int, steps: list[tuple[str, str, str]]
) -> None:
    table = NameTable(texts, letters)
    last: dict[str, str] = {}
    for step, name, value in steps:
        if step == "put":
            table.put(name, value)
            last[name] = value
        else:
            was_known = name in table
            assert table.pop(name) == was_known
            last.pop(name, None)

        assert all(table.get(one) in {None, last.get(one)} for one in {*last, name})
        assert all((table.get(one) is not None) == (one in table) for one in {*last, name})


@pytest.mark.parametrize("value", ["", "p1"])
def test_what_fits_is_known_until_newer_ones_fill_its_text(value: str) -> None:
    table = NameTable(texts=1, letters=3 * len(f"\na\t{value}"))
    for name in "abcd":
        table.put(name, value)

    assert [table.get(name) for name in "abcd"] == [None, value, value, value]


def test_what_is_put_again_is_young_again() -> None:
    table = NameTable(texts=1, letters=3 * len("\na\t"))
    for name in "abcad":
        table.put(name)

    assert [name in table for name in "abcd"] == [True, False, True, True]


def test_the_last_ten_thousand_ids_are_nearly_all_known() -> None:
    table = NameTable()
    ids = [f"{number:024x}" for number in range(50_000)]
    for one in ids:
        table.put(one, one)

    assert sum(table.get(one) == one for one in ids[-10_000:]) > 9_900
    assert sum(one in table for one in ids) <= 32_768


@pytest.mark.parametrize("name", ["a\nb", "a\tb", "a" * 500])
def test_what_would_break_a_text_is_not_remembered_and_harms_nobody(name: str) -> None:
    table = NameTable(texts=1)
    table.put("b", "1")
    table.put(name, "2")
    table.put("c", name)

    assert [table.get(one) for one in ("b", name, "c")] == ["1", None, None]


def test_a_name_that_looks_like_two_rows_is_neither_known_nor_harms_them() -> None:
    table = NameTable(texts=1)
    table.put("b", "2")
    table.put("a", "1")
    odd = "a\t1\nb"

    assert odd not in table
    assert not table.pop(odd)
    table.put(odd, "3")
    assert [table.get(name) for name in ("a", odd, "b")] == ["1", None, "2"]


def test_a_value_that_can_not_be_kept_makes_the_last_one_unknown() -> None:
    table = NameTable()
    table.put("a", "1")
    table.put("a", "2\n3")

    assert "a" not in table
