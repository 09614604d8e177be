"""What Kafka refuses is told once a minute, and is over when it was not refused for a while."""

from __future__ import annotations

from structlog.testing import capture_logs

from consumer.watch.blocked import HOLD_SECONDS, Blocked


def test_each_refusal_is_told_once_a_minute() -> None:
    blocked = Blocked()

    with capture_logs() as logs:
        for second in range(0, 120, 5):
            blocked.note("topic a", second)
            blocked.note("group b", second)

    assert [line["reason"] for line in logs] == ["topic a", "group b"] * 2
    assert blocked.reason(116.0) == "topic a; group b"


def test_what_is_not_refused_any_more_is_over_and_told() -> None:
    blocked = Blocked()
    blocked.note("topic a", 0.0)
    blocked.note("group b", 10.0)

    with capture_logs() as logs:
        now = blocked.reason(HOLD_SECONDS + 1)

    assert now == "group b"
    assert logs == [{"event": "kafka.goes_on", "log_level": "info", "reason": "topic a"}]


def test_nothing_refused_is_no_reason() -> None:
    assert Blocked().reason(0.0) is None
