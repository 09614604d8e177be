"""Each alert fires on the state that it names and not otherwise, by promtool."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.deploy.chart import CHART, DEPLOY
from tests.deploy.tools import run

if TYPE_CHECKING:
    from pathlib import Path

RULES = CHART / "files" / "alerts.yaml"
ALERTS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text("utf-8"))["groups"][0]["rules"]
MINUTES = 120

HEALTHY = {
    'build_info{instance="a",pod="h-0"}': "1",
    'process_start_time_seconds{instance="a",pod="h-0"}': "1000",
    'halted{instance="a",reason="unauthorized"}': "0",
    'halted{instance="a",reason="too many rejected"}': "0",
    'halted{instance="a",reason="wrong host"}': "0",
    'halted{instance="a",reason="other"}': "0",
    'breaker_state{instance="a",resource="endusers"}': "0",
    'resource_halted{instance="a",resource="licenses"}': "0",
    'field_faults{instance="a",resource="endusers",fault="missing"}': "0",
    'dead_letters_total{instance="a",reason="planhat 403"}': "0",
    'oldest_unresolved_seconds{instance="a"}': "2",
    'partition_unresolved_seconds{instance="a",topic="t",partition="0"}': "2",
    'partition_unresolved_seconds{instance="a",topic="t",partition="1"}': "0",
    'consumer_lag{instance="a",topic="t",partition="0"}': "3",
    'pending_records{instance="a"}': "5",
    'records_total{instance="a",outcome="delivered",reason=""}': "0+600",
    'dead_letters_total{instance="a",reason="planhat 400"}': "0",
    'dead_letters_waiting{instance="a"}': "0",
    'requests_total{instance="a",resource="endusers",status="ok"}': "0+100",
    'requests_total{instance="a",resource="endusers",status="429"}': "0",
    'ready{instance="a"}': "1",
    'kafka_refused{instance="a"}': "0",
    'posts_total{instance="a",path="/smart-notifier",status="200"}': "0+100",
    'posts_total{instance="a",path="/smart-notifier",status="503"}': "3",
}
"""A state without alerts: series without the prefix -> value, or first value + step a minute."""

LATE = {
    'oldest_unresolved_seconds{instance="a"}': "2000",
    'partition_unresolved_seconds{instance="a",topic="t",partition="0"}': "2000",
    'partition_unresolved_seconds{instance="a",topic="t",partition="1"}': "1900",
    'consumer_lag{instance="a",topic="t",partition="0"}': "0+1000",
}
STILL = {'records_total{instance="a",outcome="delivered",reason=""}': "500"}
AGEING = {
    'oldest_unresolved_seconds{instance="a"}': "0+60",
    'partition_unresolved_seconds{instance="a",topic="t",partition="0"}': "0+60",
}
NOT_READY = {'ready{instance="a"}': "0"}


def halted(reason: str) -> dict[str, str]:
    """Nothing is sent, and all that follows from it."""
    return {
        f'halted{{instance="a",reason="{reason}"}}': "1",
        **STILL,
        **AGEING,
        **NOT_READY,
        'consumer_lag{instance="a",topic="t",partition="0"}': "0+1000",
    }


STATES: dict[str, tuple[dict[str, str], set[str]]] = {
    "all is well": ({}, set()),
    "Hull's posts are refused": (
        {'posts_total{instance="a",path="/smart-notifier",status="503"}': "0+20"},
        {"PostsRefused"},
    ),
    "idle": (
        {
            **STILL,
            'pending_records{instance="a"}': "0",
            'consumer_lag{instance="a",topic="t",partition="0"}': "0",
        },
        set(),
    ),
    "the token is refused": (halted("unauthorized"), {"CredentialRefused"}),
    "too much is rejected": (halted("too many rejected"), {"MassReject"}),
    "the host is wrong": (halted("wrong host"), {"Halted"}),
    "halted for another reason": (halted("other"), {"Halted"}),
    "one resource is refused": (
        {'resource_halted{instance="a",resource="licenses"}': "1", **AGEING},
        {"ResourceRefused"},
    ),
    "a mapped field is missing": (
        {'field_faults{instance="a",resource="endusers",fault="missing"}': "2"},
        {"MappingFault"},
    ),
    "a body is refused now and then": (
        {'dead_letters_total{instance="a",reason="planhat 403"}': "0+0.1"},
        {"BodyRefused"},
    ),
    "Kafka refuses us": (
        {'kafka_refused{instance="a"}': "1", **STILL, **AGEING, **NOT_READY},
        {"KafkaRefuses"},
    ),
    "Planhat is down": (
        {'breaker_state{instance="a",resource="endusers"}': "2", **STILL, **AGEING},
        {"ApiDown"},
    ),
    "Planhat is probed": (
        {'breaker_state{instance="a",resource="endusers"}': "1", **STILL, **AGEING},
        {"ApiDown"},
    ),
    "late, and going on": (LATE, {"FallingBehind"}),
    "one partition stands still": (AGEING, {"FallingBehind", "StuckPartition"}),
    "nothing becomes final": ({**STILL, **AGEING}, {"FallingBehind", "NoProgress"}),
    "unread, and nothing becomes final": (
        {**STILL, 'pending_records{instance="a"}': "0"},
        {"NoProgress"},
    ),
    "a dead letter now and then": (
        {'dead_letters_total{instance="a",reason="planhat 400"}': "0+0.1"},
        set(),
    ),
    "many dead letters": (
        {'dead_letters_total{instance="a",reason="planhat 400"}': "0+1"},
        {"DeadLettersGrowing"},
    ),
    "many dead letters, long ago": (
        {'dead_letters_total{instance="a",reason="planhat 400"}': "5000"},
        set(),
    ),
    "dead letters cannot be written": (
        {'dead_letters_waiting{instance="a"}': "3"},
        {"DeadLettersUnwritable"},
    ),
    "every tenth call is throttled": (
        {'requests_total{instance="a",resource="endusers",status="429"}': "0+11"},
        {"Throttled"},
    ),
    "a call in a hundred is throttled": (
        {'requests_total{instance="a",resource="endusers",status="429"}': "0+1"},
        set(),
    ),
    "a replica has no partitions": ({'ready{instance="b"}': "0"}, {"NotReady"}),
    "restarted again and again": (
        {'process_start_time_seconds{instance="a",pod="h-0"}': "1000+600"},
        {"Restarts"},
    ),
    "somebody else restarts": (
        {'process_start_time_seconds{instance="z",pod="other"}': "1000+600"},
        set(),
    ),
    "nothing is there": (dict.fromkeys(HEALTHY, ""), {"Absent"}),
}


def series(name: str, value: str) -> dict[str, str]:
    """Promtool's form of a series; one without a value is not there at all."""
    full = name if name.startswith("process_") else f"hull_planhat_{name}"
    first, _, step = value.partition("+")
    values = f"{first}+{step or 0}x{MINUTES}" if value else f"_x{MINUTES}"
    return {"series": full.replace("{", '{namespace="crm",job="h",'), "values": values}


def case(name: str, changes: dict[str, str], alerts: set[str]) -> dict[str, Any]:
    """At the last minute exactly these alerts fire."""
    expected = [
        {"labels": f'{{alertname="HullPlanhat{alert}"}}', "value": 1} for alert in sorted(alerts)
    ]
    return {
        "name": name,
        "interval": "1m",
        "input_series": [series(*one) for one in {**HEALTHY, **changes}.items()],
        "promql_expr_test": [
            {
                "expr": 'sort(group by (alertname) (ALERTS{alertstate="firing"}))',
                "eval_time": f"{MINUTES}m",
                "exp_samples": expected,
            }
        ],
    }


@pytest.mark.parametrize("state", STATES)
def test_a_state_fires_its_alerts_and_no_others(promtool: str, state: str, tmp_path: Path) -> None:
    file = tmp_path / "test.yaml"
    tests = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [case(state, *STATES[state])],
    }
    file.write_text(json.dumps(tests))

    told = run(promtool, "test", "rules", str(file), seconds=60)

    assert told.returncode == 0, told.stdout + told.stderr


def test_each_alert_has_a_state_that_fires_it() -> None:
    fired = {f"HullPlanhat{alert}" for _, alerts in STATES.values() for alert in alerts}

    assert fired == {rule["alert"] for rule in ALERTS}


def test_the_rules_are_right_for_prometheus(promtool: str) -> None:
    told = run(promtool, "check", "rules", "--lint-fatal", str(RULES), seconds=60)

    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_each_alert_has_its_section_in_the_runbook(rule: dict[str, Any]) -> None:
    runbook = (DEPLOY.parent / "docs" / "operations.md").read_text("utf-8")
    anchors = {
        re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", runbook, re.MULTILINE)
    }

    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")

    assert page == "docs/operations.md"
    assert anchor == rule["alert"].lower()
    assert anchor in anchors
