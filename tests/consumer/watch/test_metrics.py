import re

import pytest

from consumer.decide.reasons import NOTHING_CHANGED
from consumer.watch.metrics import HALTS, Metrics
from schemas.planhat import Resource


@pytest.fixture(name="metrics")
def _metrics() -> Metrics:
    return Metrics("1.2.3")


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"hull_planhat_{name}", labels)


def test_the_version_is_told(metrics: Metrics) -> None:
    assert 'hull_planhat_build_info{python="3.' in metrics.text().decode()
    assert 'version="1.2.3"} 1.0' in metrics.text().decode()


def test_messages_are_counted_by_channel_outcome_and_reason(metrics: Metrics) -> None:
    metrics.messages.note("user:update", "delivered", "")
    metrics.messages.note("user:update", "delivered", "")
    metrics.messages.note("account:update", "skipped", NOTHING_CHANGED)

    labels = {"channel": "user:update", "outcome": "delivered", "reason": ""}
    assert value(metrics, "messages_total", **labels) == 2
    labels = {"channel": "account:update", "outcome": "skipped", "reason": NOTHING_CHANGED}
    assert value(metrics, "messages_total", **labels) == 1


def test_labels_stay_few_whatever_comes_in(metrics: Metrics) -> None:
    for number in range(1000):
        metrics.messages.note(f"channel-{number}", "rejected", f"E11000 of user{number}@acme.com")
        metrics.records.note("rejected", f"item {number} is bad", "")
        metrics.count("dead_letters", f"item {number} is bad")

    text = metrics.text().decode()
    assert "acme" not in text
    for name in ("messages", "records"):
        assert len(re.findall(rf"^hull_planhat_{name}_total{{", text, re.MULTILINE)) == 1
    assert 'hull_planhat_dead_letters_total{reason="other"} 1000.0' in text


def test_what_alerts_watch_begins_at_nothing(metrics: Metrics) -> None:
    assert value(metrics, "dead_letters_total", reason="planhat 400") == 0
    assert value(metrics, "dead_letters_total", reason="not JSON") == 0
    assert value(metrics, "commits_total", result="failed") == 0
    assert value(metrics, "items_total", resource="licenses", outcome="rejected") == 0


def test_a_request_is_counted_timed_and_sized(metrics: Metrics) -> None:
    metrics.request(Resource.ENDUSERS, "200", 0.3, 500)
    metrics.request("leancompanies", "200", 0.1)

    assert value(metrics, "requests_total", resource="endusers", status="200") == 1
    assert value(metrics, "request_seconds_sum", resource="endusers") == 0.3
    assert value(metrics, "batch_items_sum", resource="endusers") == 500
    assert value(metrics, "batch_items_count", resource="leancompanies") is None


def test_delivery_is_timed_from_the_record_and_never_negative(metrics: Metrics) -> None:
    metrics.observe("delivery_seconds", Resource.ENDUSERS, -4e9)

    assert value(metrics, "delivery_seconds_sum", resource="endusers") == 0
    assert value(metrics, "delivery_seconds_count", resource="endusers") == 1


def test_the_lag_of_a_partition_that_is_gone_is_gone(metrics: Metrics) -> None:
    metrics.lags({("t", 0): 5, ("t", 1): 7}, {})
    metrics.lags({("t", 1): 8}, {})
    metrics.lags({("t", 1): 9, ("t", 0): 1}, {})

    assert value(metrics, "consumer_lag", topic="t", partition="1") == 9
    assert value(metrics, "consumer_lag", topic="t", partition="0") == 1
    metrics.lags({}, {})
    assert value(metrics, "consumer_lag", topic="t", partition="1") is None


def test_the_age_of_a_partition_comes_and_goes_with_its_lag(metrics: Metrics) -> None:
    metrics.lags({("t", 0): 5, ("t", 1): 7}, {("t", 0): 12.5})

    assert value(metrics, "partition_unresolved_seconds", topic="t", partition="0") == 12.5
    assert value(metrics, "partition_unresolved_seconds", topic="t", partition="1") == 0
    metrics.lags({}, {})
    assert value(metrics, "partition_unresolved_seconds", topic="t", partition="0") is None


@pytest.mark.parametrize("label", HALTS)
def test_halts_begin_at_nothing_and_are_told_by_their_kind(metrics: Metrics, label: str) -> None:
    before = value(metrics, "halted", reason=label)
    metrics.gauge("halted", 1, label)

    assert (before, value(metrics, "halted", reason=label)) == (0, 1)


def test_a_resource_that_is_refused_is_told_by_its_name(metrics: Metrics) -> None:
    metrics.gauge("resource_halted", 1, "licenses")

    assert value(metrics, "resource_halted", resource="licenses") == 1
    assert value(metrics, "resource_halted", resource="endusers") == 0


def test_how_things_are_is_set(metrics: Metrics) -> None:
    metrics.gauge("waiting", 20, "companies")
    metrics.gauge("quota_used_ratio", 0.95)
    metrics.count("commits", "ok")
    metrics.count("rebalances", "assigned")
    metrics.items.note("companies", "delivered", "")
    metrics.count("skipped", "companies", NOTHING_CHANGED)

    assert value(metrics, "waiting", resource="companies") == 20
    assert value(metrics, "quota_used_ratio") == 0.95
    assert value(metrics, "commits_total", result="ok") == 1
    assert value(metrics, "rebalances_total", kind="assigned") == 1
    assert value(metrics, "items_total", resource="companies", outcome="delivered") == 1
    labels = {"resource": "companies", "reason": NOTHING_CHANGED}
    assert value(metrics, "skipped_total", **labels) == 1


def test_two_services_in_one_process_do_not_meet(metrics: Metrics) -> None:
    other = Metrics("other")
    other.count("commits", "ok")

    assert value(metrics, "commits_total", result="ok") == 0
