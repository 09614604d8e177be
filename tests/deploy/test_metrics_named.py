"""Dashboard, alerts and KEDA's query name only metrics that the service has."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from consumer.watch.metrics import Metrics
from tests.deploy.chart import CHART
from tests.deploy.tools import run
from tests.described_metrics import described

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = re.compile(r"\b(?:hull_planhat|process)_[a-z0-9_]+")
DASHBOARD: dict[str, Any] = json.loads((CHART / "files" / "dashboard.json").read_text("utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
WITH_METRICS = ("files/dashboard.json", "files/alerts.yaml", "templates/scaledobject.yaml")


def known() -> Iterator[str]:
    """Names of all series that a process has."""
    for one in described():
        if one.kind == "histogram":
            yield from (f"{one.name}_{part}" for part in ("bucket", "sum", "count"))
        else:
            yield one.name
    for family in Metrics().registry.collect():
        yield from (sample.name for sample in family.samples)


@pytest.mark.parametrize("file", WITH_METRICS)
def test_each_metric_that_is_named_exists(file: str) -> None:
    named = set(NAME.findall((CHART / file).read_text("utf-8")))

    assert named
    assert named - set(known()) == set()


def test_labels_that_alerts_select_by_exist() -> None:
    labels = {one.name: set(one.labels) for one in described()}
    rules = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text("utf-8"))
    found = [
        (name, label)
        for rule in rules["groups"][0]["rules"]
        for name, selector in re.findall(r"(hull_planhat_\w+)\{([^}]*)\}", rule["expr"])
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector)
    ]

    assert found
    assert [pair for pair in found if pair[1] not in labels[pair[0]]] == []


def test_panels_have_ids_titles_and_descriptions() -> None:
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]

    assert len(set(numbers)) == len(numbers)
    assert all(panel["title"] and panel["description"] for panel in PANELS)


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }

        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_expressions_of_the_dashboard_are_right_for_prometheus(
    promtool: str, tmp_path: Path
) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": _filled(expression)}
        for number, expression in enumerate(EXPRESSIONS)
    ]
    file = tmp_path / "rules.yaml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))

    told = run(promtool, "check", "rules", str(file), seconds=60)

    assert told.returncode == 0, told.stdout + told.stderr


def _filled(expression: str) -> str:
    return expression.replace("$__rate_interval", "5m").replace("$namespace", "crm")
