import io
import json
from typing import Any

import pytest

from consumer.extract.csv_rows import csv_rows
from consumer.extract.row import LONGEST


def rows(text: str, *numbers: str) -> list[tuple[int, Any]]:
    found = csv_rows(io.BytesIO(text.encode()), frozenset(numbers))
    return [(row.line, row.fault or json.loads(row.value)) for row in found]


def test_the_header_names_the_attributes() -> None:
    assert rows("id,email,traits_crm/title\n1,a@b.example,\n\n2,,Boss\n") == [
        (2, {"id": "1", "email": "a@b.example"}),
        (4, {"id": "2", "traits_crm/title": "Boss"}),
    ]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (
            "id,email,account.id\n,a@b.c,a1\n",
            {"id": None, "email": "a@b.c", "account": {"id": "a1"}},
        ),
        ("email,account.id\na@b.c,a1\n", {"id": None, "email": "a@b.c", "account": {"id": "a1"}}),
        ("id,account.id\n,a1\n", {"id": None, "account": {"id": "a1"}}),
        ('account,changes\n"{""id"":""a1""}",\n', {"account": {"id": "a1"}}),
    ],
    ids=["an empty cell", "no such column", "nothing else", "messages, which have none"],
)
def test_a_row_without_an_id_is_still_one_of_a_profile(text: str, row: dict[str, Any]) -> None:
    assert rows(text) == [(2, row)]


def test_a_cell_may_hold_lines_and_quotes() -> None:
    assert rows('id,note\r\n1,"a\nb ""c"""\r\n2,d\r\n') == [
        (2, {"id": "1", "note": 'a\nb "c"'}),
        (4, {"id": "2", "note": "d"}),
    ]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("42", "42"),
        ("007", "007"),
        ('"[""a"",1]"', ["a", 1]),
        ('"{""a"":1}"', {"a": 1}),
        ("[broken", "[broken"),
    ],
)
def test_cells_are_what_they_can_only_be(cell: str, value: object) -> None:
    assert rows(f"id,x\n1,{cell}\n") == [(2, {"id": "1", "x": value})]


@pytest.mark.parametrize(("cell", "value"), [("42", 42), ("4.5", 4.5), ("007", "007"), ("x", "x")])
def test_columns_of_numbers_are_named(cell: str, value: object) -> None:
    assert rows(f"id,x\n1,{cell}\n", "x") == [(2, {"id": "1", "x": value})]


def test_columns_of_the_account_make_one() -> None:
    assert rows("id,account.id,account.name\n1,a,Acme\n") == [
        (2, {"id": "1", "account": {"id": "a", "name": "Acme"}})
    ]


def test_a_line_that_does_not_fit_the_header_costs_only_itself() -> None:
    assert rows("id,x\n1,2,3\n4,5\n") == [
        (2, "3 cells, but the header names 2"),
        (3, {"id": "4", "x": "5"}),
    ]


def test_a_mark_of_the_byte_order_is_no_part_of_a_name() -> None:
    assert rows("\ufeffid\n1\n") == [(2, {"id": "1"})]


def test_a_quote_that_is_never_closed_takes_no_row_along_unsaid() -> None:
    assert rows('id,x\n1,a\n2,"b\n3,c\n') == [
        (2, {"id": "1", "x": "a"}),
        (3, "a quote is opened and never closed"),
    ]


def test_of_a_row_that_is_too_long_no_part_is_read_as_a_row() -> None:
    planted = "9,planted\n" * (LONGEST // 10 + 1000)

    found = rows(f'id,x\n1,"{planted}"\n2,b\n')

    assert found == [(2, "longer than 16 MiB"), (planted.count("\n") + 3, {"id": "2", "x": "b"})]


def test_a_row_that_is_not_utf_8_is_told_and_not_changed() -> None:
    content = "id,x\n1,J\xf6rg\n".encode("latin-1") + "2,J\xf6rg \ufffd\n".encode()

    found = [(row.fault, row.value) for row in csv_rows(io.BytesIO(content))]

    assert found[0] == ("not UTF-8", b"")
    assert json.loads(found[1][1]) == {"id": "2", "x": "J\xf6rg \ufffd"}
