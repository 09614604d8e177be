from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.decide.moment import iso_moment

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
        (31536000000, "1971-01-01T00:00:00Z"),
        (-631152000000, "1950-01-01T00:00:00Z"),
        (-1531000000, "1921-06-27T02:13:20Z"),
        (-5364662400000, "1800-01-01T00:00:00Z"),
        ("-631152000000", "1950-01-01T00:00:00Z"),
        (7258118400, "2200-01-01T00:00:00Z"),
        (7258118401, "1970-03-26T00:08:38.401Z"),
        (253402214400000, "9999-12-31T00:00:00Z"),
        ("Fri, 30 Mar 2018 14:38:02 GMT", "2018-03-30T14:38:02Z"),
        ("Fri, 30 Mar 2018 14:38:02 +0200", "2018-03-30T12:38:02Z"),
        ("30 Mar 2018 14:38 EST", "2018-03-30T19:38:00Z"),
        ("Friday, 30-Mar-18 14:38:02 GMT", "2018-03-30T14:38:02Z"),
        (
            "Fri Mar 30 2018 16:38:02 GMT+0200 (Central European Summer Time)",
            "2018-03-30T14:38:02Z",
        ),
        ("Fri Mar 30 2018 16:38:02 GMT+0200 (heure d\u2019\u00e9t\u00e9)", "2018-03-30T14:38:02Z"),
        ("Fri Mar 30 14:38:02 2018", "2018-03-30T14:38:02Z"),
        ("Fri Mar 30 14:38:02 UTC 2018", "2018-03-30T14:38:02Z"),
        ("March 30, 2018 2:38 PM", "2018-03-30T14:38:00Z"),
        ("Mar 30 2018", "2018-03-30T00:00:00Z"),
        ("3/30/2018", "2018-03-30T00:00:00Z"),
        ("3/30/2018, 12:38:02 AM", "2018-03-30T00:38:02Z"),
        ("2018/03/30 14:38:02", "2018-03-30T14:38:02Z"),
        ("2018-3-30", "2018-03-30T00:00:00Z"),
        ("2018-03-30t14:38:02.57z", "2018-03-30T14:38:02.570Z"),
        ("2018-03-30 14:38:02 -0500", "2018-03-30T19:38:02Z"),
        ("2018-03-30 14:38:02.123456 +0000 UTC", "2018-03-30T14:38:02.123Z"),
        ("2018-03-30T24:00:00Z", "2018-03-31T00:00:00Z"),
        ("2018-03", "2018-03-01T00:00:00Z"),
        ("March 2018", "2018-03-01T00:00:00Z"),
        ("2018 Mar 30", "2018-03-30T00:00:00Z"),
        ("Mar 30, 18", "2018-03-30T00:00:00Z"),
        ("3-30-2018", "2018-03-30T00:00:00Z"),
        ("2018", "2018-01-01T00:00:00Z"),
        ("20180330T143802Z", "2018-03-30T14:38:02Z"),
        ("20180330T143802.5+0200", "2018-03-30T12:38:02.500Z"),
        ("20180330143802", "2018-03-30T14:38:02Z"),
        ("20180330", "2018-03-30T00:00:00Z"),
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
        -12,
        float("nan"),
        -(10**15),
        "1_531_000_000",
        "Plan 5",
        "Friday",
        "30/03/2018",
        "Fri, 31 Feb 2018 14:38:02 GMT",
        "Mar 30 2018 25:00",
        "Mar 30 2018 14:60",
        "Mar 30 2018 13:00 PM",
        "Mar 30 2018 14:38 CEST",
        "3/30/2018 5",
        "99999999",
        "(2018)",
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
        (100_000_000_000, "1973-03-03T09:46:40Z"),
        (253_402_300_800_000, None),
    ],
)
def test_small_numbers_are_no_moments_and_large_ones_are_milliseconds(
    number: int, moment: str | None
) -> None:
    assert iso_moment(number) == moment
