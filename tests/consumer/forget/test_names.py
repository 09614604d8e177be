"""By what people are named: one by one, and in a file."""

from __future__ import annotations

import pytest

from consumer.forget.names import MOST_NAMES, Name, distinct, from_csv, name


def test_an_address_is_the_same_in_any_case_and_is_kept_as_it_was_given() -> None:
    found = name("email", " Ann@Example.com ")

    assert found == name("email", "ann@example.com")
    assert (found.value, found.given) == ("ann@example.com", "Ann@Example.com")


def test_an_id_is_as_it_was_given() -> None:
    assert name("external_id", " U-1 ") == Name("external_id", "U-1")


@pytest.mark.parametrize("value", ["", "  ", "x" * 1001, "a\nb", "a\x00"])
def test_what_is_no_id_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="external_id: must be 1 to 1000 printable letters"):
        name("external_id", value)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("email\na@b.example\n\nc@d.example\n", ["a@b.example", "c@d.example"]),
        ("hull_id\r\n5d01\r\n", ["5d01"]),
        ("Email , external_id\na@b.example,u-1\n,u-2\n", ["a@b.example", "u-1", "u-2"]),
        ('external_id\n"u,1"\n', ["u,1"]),
        ("planhat_id,email\n5a01\n", ["5a01"]),
        ("email\n", []),
    ],
)
def test_a_file_has_a_column_for_each_kind(text: str, names: list[str]) -> None:
    assert [one.value for one in from_csv(text)] == names


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the first line must name the columns"),
        ("a@b.example\n", "the first line must name the columns"),
        ("email,name\na@b.example,Ann\n", "the first line must name the columns"),
        ("email,email\na@b.example,x@y.example\n", "the first line must name the columns"),
        ("email\na@b.example\nAnn\n", "line 3: email: must be an address"),
        ("email\na@b.example,u-1\n", "line 2: 2 cells, but 1 columns"),
    ],
)
def test_a_file_that_could_mean_somebody_else_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        from_csv(text)


def test_each_counts_once_and_there_is_a_bound() -> None:
    ann = name("email", "ann@example.com")

    assert distinct([ann, name("email", "ANN@example.com")]) == [ann]
    with pytest.raises(ValueError, match="nobody is named"):
        distinct([])
    with pytest.raises(ValueError, match="at most 10000 at once"):
        distinct(name("hull_id", str(at)) for at in range(MOST_NAMES + 1))
