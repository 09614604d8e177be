"""Headers about the quota. Which spellings are read is tested with the answers (test_protocol)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from planhat_client.quota import Quota, quota, retry_after

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
