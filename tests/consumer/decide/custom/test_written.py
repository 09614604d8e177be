"""Rich text: what is a text becomes HTML, and what is HTML stays."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decide.custom.written import rich
from schemas.attribute import ABSENT, Absent

if TYPE_CHECKING:
    from pydantic import JsonValue


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Hello", "<p>Hello</p>"),
        ("one\ntwo", "<p>one<br>two</p>"),
        ("one\r\ntwo\rthree", "<p>one<br>two<br>three</p>"),
        ("one\n\ntwo", "<p>one</p><p>two</p>"),
        ("one\n \t\n\n two\n", "<p>one</p><p>two</p>"),
        ("a < b && c > d", "<p>a &lt; b &amp;&amp; c &gt; d</p>"),
        ("by <ada@example.com>", "<p>by &lt;ada@example.com&gt;</p>"),
        ("use <p> for it", "<p>use &lt;p&gt; for it</p>"),
        ("<plan>", "<p>&lt;plan&gt;</p>"),
        ('say "hi"', '<p>say "hi"</p>'),
        (7, "<p>7</p>"),
        ("", ""),
        (" \n ", " \n "),
        (None, None),
        (["one"], "<p>one</p>"),
        (["one", "two"], ABSENT),
    ],
)
def test_a_text_becomes_paragraphs(text: JsonValue, written: JsonValue | Absent) -> None:
    assert rich(text) == written


@pytest.mark.parametrize(
    "html",
    [
        "<p>one</p>\n<p>two</p>",
        "  <P CLASS='x'>unclosed",
        "one<br>two",
        "one<BR/>two",
        "see <a href='https://example.com'>this</a> & that",
        "<img src='x'>",
        "<h2>Title</h2>",
    ],
)
def test_what_is_html_already_stays(html: str) -> None:
    assert rich(html) == html


@given(st.text())
def test_rich_text_is_written_once_and_for_all(text: str) -> None:
    written = rich(text)

    assert isinstance(written, str)
    assert rich(written) == written


@given(st.text(alphabet='ab<>&\n\r "/p'))
def test_no_word_is_lost(text: str) -> None:
    written = rich(text)

    assert isinstance(written, str)
    if written != text:
        shown = unescape(re.sub("</p><p>|<br>", "\n", written)[3:-4])
        assert shown.split() == text.split()


@pytest.mark.parametrize("text", ["<p" * 50_000, "\n" * 100_000 + "x", "\n \n" * 50_000 + "<"])
def test_any_text_is_written_in_little_time(text: str) -> None:
    assert isinstance(rich(text), str)
