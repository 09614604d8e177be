"""Headers about the quota. Which spellings are read is tested with the answers (test_protocol)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planhat_client.limiter import Limiter
from planhat_client.protocol import Response, read
from planhat_client.quota import LONGEST_WAIT_SECONDS, Quota, quota, retry_after

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_800_000_000.0


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock on the wall is nine hours ahead."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("far_east")
@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0000"])
def test_a_date_is_in_utc_wherever_the_service_runs(zone: str) -> None:
    assert retry_after({"retry-after": f"Fri, 15 Jan 2027 08:00:30 {zone}"}, NOW) == 30.0


def test_a_header_that_is_no_number_leaves_the_word_to_its_other_spelling() -> None:
    told = {"x-ratelimit-limit": "many", "x-rate-limit-limit": "100"}

    assert quota(told, NOW) == Quota(100)


def test_less_than_nothing_remains_as_little_as_nothing() -> None:
    assert Quota(200, -1, 9.0).closed_seconds == 9.0


@pytest.mark.parametrize(
    "reset",
    [
        "-5",
        "0" * 400 + "-1",
        "45000",  # 45 s in milliseconds
        "1799999990",  # ten seconds ago
        "1799999990000",
        "1000000000000000000",
        "9" * 400,
        "1900000000",  # in three years
        "NaN",
        "inf",
        "1e3",
        "soon",
        "",
        "Fri, 15 Jan 2027 08:00:30 GMT",
    ],
)
def test_a_reset_that_can_not_be_is_none(reset: str) -> None:
    told = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}

    heard = quota(told, NOW)

    assert heard == Quota(None, 0, None)
    assert heard.closed_seconds == 1.0


@pytest.mark.parametrize("reset", ["30", "1800000030", "1800000030000", "30.0", " 30, 30;w=60"])
def test_a_reset_is_read_in_whatever_unit_it_makes_sense(reset: str) -> None:
    told = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}

    assert quota(told, NOW) == Quota(None, 0, 30.0)


@pytest.mark.parametrize(
    "asked", ["315360000", "9" * 400, "Fri, 15 Jan 2038 08:00:30 GMT", "99999999999999999999.5"]
)
def test_nobody_makes_us_wait_for_more_than_an_hour(asked: str) -> None:
    assert retry_after({"retry-after": asked}, NOW) == LONGEST_WAIT_SECONDS == 3600.0


NUMBERS = st.one_of(
    st.text(max_size=40),
    st.integers(-(10**30), 10**30).map(str),
    st.floats().map(str),
    st.floats(NOW - 1e4, NOW + 1e4).map("{:.3f}".format),
    st.datetimes().map("{:%a, %d %b %Y %H:%M:%S GMT}".format),
)


@given(
    headers=st.dictionaries(
        st.sampled_from(
            [
                *("retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"),
                *("x-rate-limit-remaining", "x-rate-limit-reset", "x-ratelimit-limit"),
            ]
        ),
        NUMBERS,
    ),
    status=st.sampled_from([200, 206, 401, 429, 503]),
)
def test_whatever_the_headers_say_the_wait_is_bounded(headers: dict[str, str], status: int) -> None:
    limiter = Limiter(200, 10)

    answer = read(Response(status, headers, b"{}"), NOW)
    asked = getattr(answer, "retry_after", None)
    closed = answer.quota.closed_seconds if answer.quota else 0.0
    limiter.throttled(0.0, asked)
    limiter.close(0.0, closed)

    assert 0.0 <= closed <= LONGEST_WAIT_SECONDS
    assert asked is None or 0.0 <= asked <= LONGEST_WAIT_SECONDS
    assert 0.0 <= limiter.wait(0.0) <= LONGEST_WAIT_SECONDS + 1
