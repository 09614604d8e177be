import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.extract.json_rows import json_rows
from consumer.extract.row import LONGEST


class Chopped(io.BytesIO):
    """A file that gives few bytes at a time."""

    def __init__(self, content: bytes, most: int) -> None:
        super().__init__(content)
        self._most = most

    def read(self, size: int | None = -1) -> bytes:  # noqa: ARG002 - the interface of a file
        return super().read(self._most)


def rows(content: bytes) -> list[tuple[int, bytes]]:
    return [(row.line, row.value) for row in json_rows(io.BytesIO(content))]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\n \n", []),
        (b'{"a": 1}', [(1, b'{"a": 1}')]),
        (b'\xef\xbb\xbf{"a": 1}\n', [(1, b'{"a": 1}')]),
        (b'{"a": 1}\r\n\n{"b": 2}\r\n', [(1, b'{"a": 1}'), (3, b'{"b": 2}')]),
        (b'{"a": 1}\n{"b": \n{"c": 3}', [(1, b'{"a": 1}'), (2, b'{"b":'), (3, b'{"c": 3}')]),
        (b'{"a": \n{"b": 2}\n', [(1, b'{"a":'), (2, b'{"b": 2}')]),
        (b'{\n  "a": 1\n}\n', [(1, b'{\n  "a": 1\n}')]),
        (b'{\n"a": {}}\n\n{\n"b": "}"}', [(1, b'{\n"a": {}}'), (4, b'{\n"b": "}"}')]),
        (b"hello\nworld", [(1, b"hello"), (2, b"world")]),
        (b"[]", []),
        (b" [ ] ", []),
        (b'[{"a": 1}]', [(1, b'{"a": 1}')]),
        (b'\n[\n{"a": 1},\n  {"b": [2, 3]}\n]\n', [(3, b'{"a": 1}'), (4, b'{"b": [2, 3]}')]),
        (b'[{"a": "],\\""}, 5]', [(1, b'{"a": "],\\""}'), (1, b"5")]),
        (b'[{"a": 1},\n{bad},\n{"c": 3}]', [(1, b'{"a": 1}'), (2, b"{bad}"), (3, b'{"c": 3}')]),
        (b'[{"a": 1},\n{"b": ', [(1, b'{"a": 1}'), (2, b'{"b":')]),
        (b'[{"a": 1}] rest', [(1, b'{"a": 1}'), (1, b"rest")]),
        (b"[1}, 2]", [(1, b"1}"), (1, b"2")]),
    ],
    ids=repr,
)
def test_rows_are_found_in_each_layout(content: bytes, expected: list[tuple[int, bytes]]) -> None:
    assert rows(content) == expected


objects = st.lists(
    st.dictionaries(
        st.text(max_size=4),
        st.one_of(
            st.integers(),
            st.text(alphabet='a"\\{}[],\n\u00e9', max_size=8),
            st.lists(st.none(), max_size=2),
        ),
        max_size=3,
    ),
    min_size=1,
    max_size=6,
)


@given(objects, st.sampled_from([None, 2]), st.integers(1, 7))
def test_an_array_is_cut_as_a_parser_would(
    values: list[dict[str, object]], indent: int | None, most: int
) -> None:
    content = json.dumps(values, indent=indent).encode()

    found = [json.loads(row.value) for row in json_rows(Chopped(content, most))]

    assert found == values


@given(objects, st.integers(1, 7))
def test_documents_are_cut_as_a_parser_would(values: list[dict[str, object]], most: int) -> None:
    values = [{"": {}, **value} for value in values]
    content = "\n".join(json.dumps(value, indent=1) for value in values).encode()

    found = [json.loads(row.value) for row in json_rows(Chopped(content, most))]

    assert found == values


@given(st.binary(max_size=60) | st.text(alphabet='[]{},"\\\n a', max_size=40).map(str.encode))
def test_whatever_a_file_holds_is_read_to_its_end(content: bytes) -> None:
    found = list(json_rows(io.BytesIO(content)))

    assert all(row.value and not row.fault for row in found)
    assert [row.end for row in found] == sorted(row.end for row in found)
    assert all(row.end <= len(content) for row in found)


@pytest.mark.parametrize("layout", [b"%s\n%s\n%s\n", b"[%s,\n%s,\n%s]"])
def test_a_row_that_is_too_long_costs_only_itself(layout: bytes) -> None:
    large = b'{"a": "' + b"x" * LONGEST + b'"}'

    found = list(json_rows(io.BytesIO(layout % (b'{"a": 1}', large, b'{"c": 3}'))))

    assert [(row.line, row.value, row.fault) for row in found] == [
        (1, b'{"a": 1}', ""),
        (2, b"", "longer than 16 MiB"),
        (3, b'{"c": 3}', ""),
    ]
