"""KEDA's question to Prometheus, state by state: more replicas only where they would help."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.deploy.tools import run
from tests.deploy.values import SCALED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.deploy.chart import Chart

TARGET = 300
"""Seconds; an answer above it asks for more replicas, one below it for fewer."""

LATE = {
    "oldest_unresolved_seconds": 1500,
    "consumer_lag": 50_000,
    "quota_used_ratio": 0.3,
    "quota_limit": 200,
    "breaker_state": 0,
    "halted": 0,
    "resource_halted": 0,
    "kafka_refused": 0,
}
STATES: dict[str, tuple[dict[str, float], float | None]] = {
    "late, and quota is left": (LATE, 1500),
    "late, and the quota is used": ({**LATE, "quota_used_ratio": 0.95}, TARGET),
    "late, and 429s have lowered the quota": (
        {**LATE, "quota_used_ratio": 0.69, "quota_limit": 140},
        TARGET,
    ),
    "late, and half of the quota is used": ({**LATE, "quota_used_ratio": 0.5}, 1500),
    "late, and Planhat is down": ({**LATE, "breaker_state": 2}, TARGET),
    "late, and Planhat is probed": ({**LATE, "breaker_state": 1}, TARGET),
    "late, and halted": ({**LATE, "halted": 1}, TARGET),
    "late, and a resource is refused": ({**LATE, "resource_halted": 1}, TARGET),
    "late, and Kafka refuses us": ({**LATE, "kafka_refused": 1}, TARGET),
    "late, and all is read": ({**LATE, "consumer_lag": 10}, TARGET),
    "in time": ({**LATE, "oldest_unresolved_seconds": 20}, 20),
    "in time, and the quota is used": (
        {**LATE, "oldest_unresolved_seconds": 20, "quota_used_ratio": 0.95},
        20,
    ),
    "in time, and the quota is spared": (
        {**LATE, "oldest_unresolved_seconds": 4, "quota_used_ratio": 0.5, "consumer_lag": 200},
        4,
    ),
    "idle": (dict.fromkeys(LATE, 0), 0),
    "nothing is known": ({}, None),
}


def question(chart: Chart) -> str:
    (trigger,) = chart.one(SCALED, "ScaledObject")["spec"]["triggers"]
    assert trigger["metadata"]["threshold"] == str(TARGET)
    query: str = trigger["metadata"]["query"]
    return query


def case(query: str, state: dict[str, float], answer: float | None) -> dict[str, Any]:
    of = '{namespace="crm",job="hull-planhat",pod="hull-planhat-0"}'
    other = of.replace("hull-planhat-0", "hull-planhat-1")
    series = [
        {"series": f"hull_planhat_{name}{of}", "values": f"{value}x5"}
        for name, value in state.items()
    ]
    # A second member that has nothing to do, and another installation whose state is none of ours.
    series += [{"series": f"hull_planhat_{name}{other}", "values": "0x5"} for name in state]
    series += [
        {"series": f"hull_planhat_{name}{of.replace('crm', 'other')}", "values": "9999x5"}
        for name in LATE
    ]
    samples = [] if answer is None else [{"labels": "{}", "value": answer}]
    return {
        "interval": "1m",
        "input_series": series,
        "promql_expr_test": [{"expr": query, "eval_time": "5m", "exp_samples": samples}],
    }


@pytest.mark.parametrize("state", STATES)
def test_the_age_counts_only_where_more_replicas_help(
    chart: Chart, promtool: str, state: str, tmp_path: Path
) -> None:
    file = tmp_path / "test.yaml"
    file.write_text(json.dumps({"tests": [case(question(chart), *STATES[state])]}))

    told = run(promtool, "test", "rules", str(file), seconds=60)

    assert told.returncode == 0, told.stdout + told.stderr


def test_it_grows_slowly_and_shrinks_more_slowly(chart: Chart) -> None:
    spec = chart.one(SCALED, "ScaledObject")["spec"]
    behaviour = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]

    assert behaviour["scaleUp"]["policies"] == [{"type": "Pods", "value": 1, "periodSeconds": 300}]
    assert behaviour["scaleDown"]["policies"] == [
        {"type": "Pods", "value": 1, "periodSeconds": 900}
    ]
    assert behaviour["scaleDown"]["stabilizationWindowSeconds"] == 1800
