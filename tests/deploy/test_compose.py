"""compose.yaml: right for Docker Compose, and its parts fit each other and the service."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from consumer.decide.parse import parse
from consumer.settings import described
from schemas.connector import ConnectorSettings
from tests.deploy.chart import DEPLOY
from tests.deploy.tools import run
from tests.integration.kafka_jars import version

if TYPE_CHECKING:
    from pathlib import Path

FILE = DEPLOY / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
FOLDER = DEPLOY / "compose"
RECORDS = (FOLDER / "records.tsv").read_text("utf-8").splitlines()


def test_it_is_right_for_compose(compose: str) -> None:
    told = run(compose, "-format", "json", str(FILE), cwd=DEPLOY, seconds=60)

    assert told.returncode == 0, told.stdout + told.stderr
    assert set(json.loads(told.stdout)["services"]) == set(SERVICES)


def test_a_wrong_file_is_found(compose: str, tmp_path: Path) -> None:
    wrong = tmp_path / "compose.yaml"
    wrong.write_text("services: {a: {imagee: x}}")

    told = run(compose, str(wrong), cwd=tmp_path, seconds=60)

    assert told.returncode != 0


def test_what_a_part_waits_for_is_there() -> None:
    awaited = {name for one in SERVICES.values() for name in one.get("depends_on", ())}

    assert awaited
    assert awaited - set(SERVICES) == set()


def test_each_file_that_is_mounted_exists() -> None:
    mounted = [volume for one in SERVICES.values() for volume in one.get("volumes", ())]

    assert mounted
    for volume in mounted:
        assert (DEPLOY / volume.split(":")[0]).is_file()
        assert volume.endswith(":ro")


def test_kafka_is_the_one_that_the_tests_run_on() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{version()}"


def test_images_are_of_one_version_and_of_no_registry() -> None:
    for one in SERVICES.values():
        name, _, tag = one["image"].partition(":")

        assert tag not in {"", "latest"}
        assert "." not in name


def test_ports_are_open_to_this_machine_only() -> None:
    ports = [port for one in SERVICES.values() for port in one.get("ports", ())]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("service", ["hull-planhat", "receive"])
def test_the_environment_of_the_service_is_known(service: str) -> None:
    names = {one.name for one in described()}

    assert set(SERVICES[service]["environment"]) - names == set()


@pytest.mark.parametrize("service", ["hull-planhat", "receive"])
def test_the_service_is_as_narrow_as_in_the_chart(service: str) -> None:
    one = SERVICES[service]

    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]


def test_prometheus_can_read_its_settings(promtool: str) -> None:
    file = str(FOLDER / "prometheus.yaml")

    told = run(promtool, "check", "config", "--syntax-only", file, seconds=60)

    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("name", ["datasource", "dashboards"])
def test_what_grafana_is_given_is_of_its_form(name: str) -> None:
    found = yaml.safe_load((FOLDER / "grafana" / f"{name}.yaml").read_text("utf-8"))

    assert found["apiVersion"] == 1
    assert found.get("datasources") or found.get("providers")


def test_the_sample_records_are_lines_of_a_key_and_a_message() -> None:
    ConnectorSettings.from_text((FOLDER / "connector.yaml").read_text("utf-8"), "connector.yaml")
    kinds = Counter(type(parse(line.partition("\t")[2].encode())).__name__ for line in RECORDS)

    assert all("\t" in line for line in RECORDS)
    assert kinds["Messages"] > 150
    assert kinds["Invalid"] > 0
