from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.moment import iso_moment

AWARE = st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.timezones())  # noqa: DTZ001 - hypothesis adds the zone


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2018-03-30 14:38:02 UTC", "2018-03-30T14:38:02Z"),
        ("2019-07-10T14:31:42Z", "2019-07-10T14:31:42Z"),
        ("2019-07-10T14:31:42.000Z", "2019-07-10T14:31:42Z"),
        ("2019-07-10T14:33:24+00:00", "2019-07-10T14:33:24Z"),
        ("2019-07-10T14:33:24+0530", "2019-07-10T09:03:24Z"),
        ("2019-07-09T22:10:05.120000Z", "2019-07-09T22:10:05.120Z"),
        ("2019-07-09T22:10:05.000900Z", "2019-07-09T22:10:05Z"),
        ("2019-07-10T14:31:42", "2019-07-10T14:31:42Z"),
        ("2019-07-10", "2019-07-10T00:00:00Z"),
        (" 2019-07-10T14:31:42Z ", "2019-07-10T14:31:42Z"),
        ("1531000000", "2018-07-07T21:46:40Z"),
        (1531000000, "2018-07-07T21:46:40Z"),
        (1531000000.25, "2018-07-07T21:46:40.250Z"),
        (1531000000123, "2018-07-07T21:46:40.123Z"),
        ("1531000000123", "2018-07-07T21:46:40.123Z"),
    ],
    ids=repr,
)
def test_every_way_to_write_a_moment_becomes_iso_in_utc(written: object, moment: str) -> None:
    assert iso_moment(written) == moment


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "soon",
        "2019-02-30T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "nan",
        "1e999",
        True,
        0,
        12,
        -1531000000,
        float("nan"),
        10**400,
        [1531000000],
        {"at": 1},
        "2" * 5000,
        "\u0662\u0660\u0661\u0669-07-10",
    ],
    ids=lambda written: repr(written)[:30],
)
def test_what_is_no_moment_is_none(written: object) -> None:
    assert iso_moment(written) is None


@given(AWARE)
def test_a_moment_keeps_its_milliseconds_in_any_zone(moment: datetime) -> None:
    written = iso_moment(moment.isoformat())

    assert written is not None
    utc = moment.astimezone(UTC)
    whole = utc.replace(microsecond=utc.microsecond // 1000 * 1000)
    assert datetime.fromisoformat(written) == whole


@given(st.text() | st.integers() | st.floats() | st.none())
def test_nothing_that_can_be_written_raises(written: object) -> None:
    iso_moment(written)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2019-07-10T14:31:42.1Z", "2019-07-10T14:31:42.100Z"),
        ("2019-07-10T14:31:42.12Z", "2019-07-10T14:31:42.120Z"),
        ("2019-07-10T14:31:42.123456Z", "2019-07-10T14:31:42.123Z"),
        ("2019-07-10T14:31:42.000999Z", "2019-07-10T14:31:42Z"),
        ("2019-07-10T14:31:42,120Z", "2019-07-10T14:31:42.120Z"),
        ("2019-07-10 14:31:42Z", "2019-07-10T14:31:42Z"),
        ("2019-07-10T143142Z", "2019-07-10T14:31:42Z"),
        ("2019-07-10T14:31Z", "2019-07-10T14:31:00Z"),
        ("2019-07-10T14:31:42.120+00:00", "2019-07-10T14:31:42.120Z"),
        ("2019-07-10T14.31.42Z", None),
    ],
)
def test_what_is_nearly_written_as_hull_does_is_read_too(written: str, moment: str | None) -> None:
    assert iso_moment(written) == moment


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (99_999_999, None),
        (100_000_000, "1973-03-03T09:46:40Z"),
        (99_999_999_999, "5138-11-16T09:46:39Z"),
        (100_000_000_000, "1973-03-03T09:46:40Z"),
        (253_402_300_800_000, None),
    ],
)
def test_small_numbers_are_no_moments_and_large_ones_are_milliseconds(
    number: int, moment: str | None
) -> None:
    assert iso_moment(number) == moment
