from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.json_text import mended, read_json

# Any text with halves of pairs in it, as JavaScript has them.
HALVES = st.text(st.characters(codec="utf-16", exclude_categories=()) | st.sampled_from('\\u"d8'))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb'"cut \ud83d"', "cut \ufffd"),
        (rb'"\uDE00 of it"', "\ufffd of it"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (rb'"\ude00\ud83d"', "\ufffd\ufffd"),
        (rb'"\ud83d\n"', "\ufffd\n"),
        (rb'"whole \ud83d\ude00"', "whole \U0001f600"),
        (rb'"a path \\ud83d"', r"a path \ud83d"),
        (rb'"a path \\\ud83d"', "a path \\\ufffd"),
        (b'"bytes \xed\xa0\xbd"', "bytes \ufffd"),
        (b'"bytes \xed\xa0\xbd\xed\xb8\x80"', "bytes \U0001f600"),
        (b'"\xed\x95\x9c"', "\ud55c"),
        (rb'{"cut \ud83d": {"\ud83d": 1}}', {"cut \ufffd": {"\ufffd": 1}}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
    ],
    ids=repr,
)
def test_half_a_character_is_read_as_one_that_is_unknown(written: bytes, read: object) -> None:
    assert read_json(written) == read


@pytest.mark.parametrize("broken", [b"", b"{", b'"\xff"', b'"\xff\xed\xa0\xbd"', b'"\\ud8"'])
def test_what_is_no_json_stays_none(broken: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_json(broken)


@given(HALVES)
def test_what_python_writes_is_read_but_for_the_halves(text: str) -> None:
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    assert read_json(json.dumps(text).encode()) == whole


@given(st.recursive(st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_what_is_whole_stays_as_it_is(document: Any) -> None:  # noqa: ANN401 - any JSON
    value = json.dumps(document, ensure_ascii=False).encode()

    assert mended(value) == value
