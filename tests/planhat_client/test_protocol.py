from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planhat_client.protocol import (
    Delivered,
    Halt,
    Partial,
    Reject,
    Response,
    Retry,
    read,
    read_activities,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b'{"created": 1}', Delivered),
        (201, b"{}", Delivered),
        (204, b"", Delivered),
        (200, b'"ok"', Delivered),
        (200, b'{"created": 0, "createdErrors": ["email duplicated"]}', Partial),
        (206, b"", Partial),
        (206, b'{"createdErrors": [{}]}', Partial),
        (400, b'{"updatedErrors": ["x"]}', Partial),
        (400, b'"bad"', Reject),
        (401, b"", Halt),
        (403, b"", Halt),
        (403, b'{"permissionErrors": ["x"]}', Partial),
        (404, b"<html>", Halt),
        (302, b"", Halt),
        (408, b"", Retry),
        (413, b"", Reject),
        (422, b"{}", Reject),
        (429, b"", Retry),
        (500, b"<html>oops</html>", Retry),
        (503, b"", Retry),
        (999, b"?", Retry),
    ],
)
def test_each_status_says_what_to_do_next(status: int, body: bytes, kind: type) -> None:
    assert isinstance(read(Response(status, {}, body)), kind)


@given(st.integers(100, 600), st.binary(max_size=40) | JSON.map(lambda at: json.dumps(at).encode()))
def test_any_answer_is_survived(status: int, body: bytes) -> None:
    assert read(Response(status, {}, body)) is not None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 100.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "12"}, 12.0),
        ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "12"}, 12.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_taken_from_whatever_header_tells_it(
    headers: dict[str, str], seconds: float | None
) -> None:
    answer = read(Response(429, headers, b""), 0.0)

    assert isinstance(answer, Retry)
    assert answer.retry_after == seconds


def test_the_analytics_host_gives_no_result_so_its_status_is_the_proof() -> None:
    answer = read_activities(Response(200, {}, b'{"processed": 1, "errors": []}'))

    assert answer == Delivered(None, None, is_whole=True)
