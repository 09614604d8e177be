"""The receiver in the chart: beside the service, with what it needs and no more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from consumer.settings import Settings, described
from tests.deploy.values import MINIMAL, RECEIVING, SETS

if TYPE_CHECKING:
    from tests.deploy.chart import Chart, Document


def of_receiver(chart: Chart, kind: str, given: dict[str, Any] = RECEIVING) -> Document:
    (found,) = [
        one
        for one in chart.render(given)
        if one["kind"] == kind and one["metadata"]["name"] == "hull-planhat-receive"
    ]
    return found


def container(chart: Chart, given: dict[str, Any] = RECEIVING) -> Document:
    pod = of_receiver(chart, "Deployment", given)["spec"]["template"]["spec"]
    (found,) = pod["containers"]
    result: Document = found
    return result


def environment(chart: Chart, given: dict[str, Any] = RECEIVING) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container(chart, given)["env"]}


def test_without_it_nothing_of_it_is_there(chart: Chart) -> None:
    names = [one["metadata"]["name"] for one in chart.render(MINIMAL)]

    assert [name for name in names if "receive" in name] == []


def test_what_selects_the_service_does_not_find_it(chart: Chart) -> None:
    labels = of_receiver(chart, "Deployment")["spec"]["template"]["metadata"]["labels"]
    (members,) = [one for one in chart.render(RECEIVING) if one["kind"] == "StatefulSet"]

    selector = members["spec"]["selector"]["matchLabels"]

    assert not selector.items() <= labels.items()


def test_each_of_its_parts_selects_its_pods(chart: Chart) -> None:
    labels = of_receiver(chart, "Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        of_receiver(chart, "Service")["spec"]["selector"],
        of_receiver(chart, "Deployment")["spec"]["selector"]["matchLabels"],
        of_receiver(chart, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        of_receiver(chart, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        of_receiver(chart, "PodMonitor")["spec"]["selector"]["matchLabels"],
    ]

    assert all(one.items() <= labels.items() for one in selectors)


def test_its_environment_is_known_and_holds_nothing_of_planhat(chart: Chart) -> None:
    found = environment(chart)

    assert set(found) - {one.name for one in described()} == set()
    assert [name for name in found if name.startswith("PLANHAT")] == []
    assert found["RECEIVE_HOSTS"] == "hull-keys.example.com,store.example.com:9000"
    assert found["RECEIVE_SIZE"] == "50"
    assert container(chart)["args"] == ["receive"]


def test_its_secrets_are_files_and_those_it_needs(chart: Chart) -> None:
    pod = of_receiver(chart, "Deployment")["spec"]["template"]["spec"]
    (volume,) = pod["volumes"]
    files = {
        item["path"]: (source["secret"]["name"], item["key"])
        for source in volume["projected"]["sources"]
        for item in source["secret"]["items"]
    }

    assert files == {
        "receive-token": ("hull", "token"),
        "hull-public-key.pem": ("hull", "key.pem"),
        "kafka-sasl-password": ("kafka", "password"),
        "kafka-ca.pem": ("kafka-ca", "ca.crt"),
    }
    folder = "/run/secrets/hull-planhat/"
    named = {value for name, value in environment(chart).items() if name.endswith("_FILE")}
    assert named == {f"{folder}{name}" for name in files}


def test_the_program_starts_with_that_environment(chart: Chart) -> None:
    given = SETS["receive by a token alone"]
    found = environment(chart, given)
    assert found.pop("RECEIVE_TOKEN_FILE") == "/run/secrets/hull-planhat/receive-token"

    Settings.read({**found, "RECEIVE_TOKEN": "x"}).receive.insist()


def test_the_ingress_lets_in_what_hull_posts_and_nothing_else(chart: Chart) -> None:
    ingress = of_receiver(chart, "Ingress")["spec"]
    (rule,) = ingress["rules"]

    paths = [(one["path"], one["pathType"]) for one in rule["http"]["paths"]]

    assert paths == [(path, "Exact") for path in ("/smart-notifier", "/batch", "/batch-accounts")]
    assert ingress["tls"] == [{"hosts": ["hull.example.com"], "secretName": "hull-tls"}]


def test_it_gets_to_dns_kafka_and_the_hosts_that_are_set(chart: Chart) -> None:
    egress = of_receiver(chart, "NetworkPolicy")["spec"]["egress"]
    without = of_receiver(chart, "NetworkPolicy", SETS["receive by a token alone"])["spec"]

    ports = [[one["port"] for one in rule["ports"]] for rule in egress]

    assert ports == [[53, 53], [9092], [443, 9000]]
    assert len(without["egress"]) == 2


def test_its_metrics_do_not_hide_that_the_service_is_gone(chart: Chart) -> None:
    (endpoint,) = of_receiver(chart, "PodMonitor")["spec"]["podMetricsEndpoints"]
    (rule,) = endpoint["metricRelabelings"]

    assert re.fullmatch(rule["regex"], "hull_planhat_posts_total")
    assert not re.fullmatch(rule["regex"], "hull_planhat_build_info")


def test_it_is_as_narrow_as_the_service(chart: Chart) -> None:
    pod = of_receiver(chart, "Deployment")["spec"]["template"]["spec"]
    (members,) = [one for one in chart.render(RECEIVING) if one["kind"] == "StatefulSet"]
    other = members["spec"]["template"]["spec"]

    assert pod["securityContext"] == other["securityContext"]
    assert pod["containers"][0]["securityContext"] == other["containers"][0]["securityContext"]
    assert pod["automountServiceAccountToken"] is False
