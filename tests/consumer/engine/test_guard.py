from pathlib import Path

import pytest

from consumer.engine.guard import LEAST_RECORDS, MOST_RECORDS, RejectGuard

ROOT = Path(__file__).parents[3]


def noted(*runs: tuple[bool, int]) -> bool:
    guard = RejectGuard(0.5)
    for rejected, count in runs:
        for _ in range(count):
            guard.note(rejected=rejected)
    return guard.is_tripped


def test_a_few_bad_messages_mean_nothing() -> None:
    assert not noted((True, 199))


def test_mostly_bad_messages_trip_it() -> None:
    assert noted((True, 200))


def test_half_is_not_more_than_half() -> None:
    assert not noted(*[(False, 1), (True, 1)] * 500)


def test_a_deploy_that_breaks_everything_is_seen_after_a_long_good_time() -> None:
    assert noted((False, 50_000), (True, 1001))


def test_bad_ones_that_end_last_do_not_trip_it() -> None:
    assert not noted((False, 20_000), (True, 200))


def test_once_tripped_it_stays_so() -> None:
    assert noted((True, 200), (False, 5000))


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "consumer/settings/__init__.py",
        "docs/configuration.md",
        "docs/logs.md",
        "docs/operations.md",
    ],
)
def test_the_pages_tell_of_how_many_messages_it_is_the_share(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")

    assert f"of the last {MOST_RECORDS:,} records" in text
    assert f"of the last {LEAST_RECORDS} records" not in text
