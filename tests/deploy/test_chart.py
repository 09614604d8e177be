"""The chart: valid for Kubernetes with each set of values, and right in what matters."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from consumer.settings import described
from schemas.connector import ConnectorSettings
from tests.deploy.chart import CHART, DEPLOY, KUBERNETES
from tests.deploy.chart_settings import SCHEMA, SETTINGS, schema, text
from tests.deploy.chart_settings import settings as chart_settings
from tests.deploy.crds import SPECS
from tests.deploy.values import FULL, MINIMAL, MONITORED, SCALED, SETS, values

if TYPE_CHECKING:
    from tests.deploy.chart import Chart, Document


def workload(chart: Chart, given: dict[str, Any]) -> Document:
    found: Document = chart.one(given, given.get("kind", "StatefulSet"))["spec"]
    return found


def pod(chart: Chart, given: dict[str, Any]) -> Document:
    found: Document = workload(chart, given)["template"]["spec"]
    return found


def environment(chart: Chart, given: dict[str, Any]) -> dict[str, Any]:
    (container,) = pod(chart, given)["containers"]
    return {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}


@pytest.mark.parametrize("kubernetes", KUBERNETES)
@pytest.mark.parametrize("given", SETS.values(), ids=SETS)
def test_what_is_rendered_is_valid(chart: Chart, given: dict[str, Any], kubernetes: str) -> None:
    for document in chart.render(given, kubernetes):
        kind = (document["apiVersion"], document["kind"])
        if kind in SPECS:
            jsonschema.validate(document["spec"], SPECS[kind])
        else:
            kubernetes_validate.validate(document, kubernetes, strict=True)


def test_the_console_knows_the_names_of_its_service_and_those_that_are_given(chart: Chart) -> None:
    given = values(settings={"HTTP_ALLOWED_HOSTS": "console.example.com"})

    hosts = environment(chart, given)["HTTP_ALLOWED_HOSTS"].split(",")

    found = next(one for one in chart.render(given) if one["kind"] == "Service")
    assert hosts[0] == found["metadata"]["name"]
    assert hosts[1:4] == [f"{hosts[1]}{end}" for end in ("", ".svc", ".svc.cluster.local")]
    assert hosts[4:] == ["console.example.com"]


@pytest.mark.parametrize("given", SETS.values(), ids=SETS)
def test_the_linter_is_content(chart: Chart, given: dict[str, Any]) -> None:
    chart.lint(given)


@pytest.mark.parametrize("given", SETS.values(), ids=SETS)
def test_names_are_unique_and_all_parts_are_labelled(chart: Chart, given: dict[str, Any]) -> None:
    found = chart.render(given)
    names = [(one["kind"], one["metadata"]["name"]) for one in found]

    assert len(set(names)) == len(names)
    for one in found:
        assert one["metadata"]["labels"]["app.kubernetes.io/instance"] == "hull-planhat"


def test_minimal_values_need_no_operator(chart: Chart) -> None:
    kinds = {one["kind"] for one in chart.render(MINIMAL)}

    assert kinds == {
        "ConfigMap",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Secret",
        "Service",
        "ServiceAccount",
        "StatefulSet",
    }


def test_full_values_bring_all_parts(chart: Chart) -> None:
    kinds = {one["kind"] for one in chart.render(FULL)}

    assert {"Secret", "PodMonitor", "PrometheusRule", "ScaledObject", "KafkaTopic"} <= kinds


@pytest.mark.parametrize("given", [MINIMAL, FULL, SETS["Deployment"]], ids=str)
def test_every_name_in_the_environment_is_a_setting(chart: Chart, given: dict[str, Any]) -> None:
    known = {one.name for one in described()}

    assert set(environment(chart, given)) - known == set()


def test_a_member_of_the_set_is_known_to_kafka_by_the_name_of_its_pod(chart: Chart) -> None:
    found = environment(chart, MINIMAL)["KAFKA_GROUP_INSTANCE_ID"]

    assert found == {"fieldRef": {"fieldPath": "metadata.name"}}


def test_a_deployment_has_no_static_members(chart: Chart) -> None:
    given = SETS["Deployment"]

    assert "KAFKA_GROUP_INSTANCE_ID" not in environment(chart, given)
    assert workload(chart, given)["strategy"]["rollingUpdate"] == {
        "maxSurge": 0,
        "maxUnavailable": 1,
    }


def test_members_are_updated_one_by_one_and_started_together(chart: Chart) -> None:
    found = workload(chart, MINIMAL)

    assert found["updateStrategy"] == {"type": "RollingUpdate"}
    assert found["podManagementPolicy"] == "Parallel"
    assert found["minReadySeconds"] == 10


def test_secrets_are_files_and_in_no_environment(chart: Chart) -> None:
    found = environment(chart, FULL)
    (volume,) = [one for one in pod(chart, FULL)["volumes"] if one["name"] == "secrets"]
    files = {
        item["path"]: (source["secret"]["name"], item["key"])
        for source in volume["projected"]["sources"]
        for item in source["secret"]["items"]
    }

    assert files == {
        "planhat-access-token": ("hull-planhat-planhat", "access-token"),
        "console-password": ("console", "password"),
        "kafka-sasl-password": ("hull-planhat-kafka", "password"),
        "kafka-ca.pem": ("kafka-ca", "ca.crt"),
        "kafka-cert.pem": ("kafka-ca", "tls.crt"),
        "kafka-key.pem": ("kafka-ca", "tls.key"),
        "kafka-key-password": ("kafka-ca", "phrase"),
    }
    folder = "/run/secrets/hull-planhat/"
    named = {value.removeprefix(folder) for name, value in found.items() if name.endswith("_FILE")}
    assert named == set(files)
    assert "not-a-token" not in json.dumps(found)
    assert "not-a-secret" not in json.dumps(found)


def test_secrets_of_ones_own_are_used_and_none_is_made(chart: Chart) -> None:
    given = SETS["external secret"]
    text = json.dumps(pod(chart, given)["volumes"])

    assert "Secret" not in {one["kind"] for one in chart.render(given)}
    assert '"name": "planhat"' in text
    assert '"name": "kafka"' in text


def test_large_numbers_keep_their_digits(chart: Chart) -> None:
    found = environment(chart, FULL)

    assert found["PLANHAT_BATCH_BYTES"] == "4194304"
    assert found["PLANHAT_SKIP_UNCHANGED"] == "true"
    assert found["PLANHAT_REQUESTS_PER_MINUTE"] == "1000"


def test_the_connector_settings_arrive_as_they_were_given(chart: Chart) -> None:
    text = chart.one(MINIMAL, "ConfigMap")["data"]["connector.yaml"]

    wanted = {name: one for name, one in MINIMAL["connector"].items() if name != "tenant_id"}
    assert yaml.safe_load(text) == wanted
    ConnectorSettings.from_text(text, "connector.yaml")


@pytest.mark.parametrize("tenant", [MINIMAL["connector"]["tenant_id"], 12345678], ids=str)
def test_the_tenant_id_lies_in_a_secret_and_nowhere_else(chart: Chart, tenant: object) -> None:
    given = values(connector__tenant_id=tenant)
    (secret,) = [one for one in chart.render(given) if one["kind"] == "Secret"]
    others = [one for one in chart.render(given) if one["kind"] != "Secret"]

    assert secret["stringData"] == {"tenant-id": str(tenant)}
    assert environment(chart, given)["PLANHAT_TENANT_ID"] == {
        "secretKeyRef": {"name": secret["metadata"]["name"], "key": "tenant-id"}
    }
    assert str(tenant) not in json.dumps(others)


def test_a_tenant_id_in_a_secret_of_ones_own_goes_first(chart: Chart) -> None:
    given = values(planhat__tenantIdSecret="tenant", planhat__tenantIdSecretKey="id")

    assert environment(chart, given)["PLANHAT_TENANT_ID"] == {
        "secretKeyRef": {"name": "tenant", "key": "id"}
    }


def test_the_console_asks_for_the_login_of_a_secret(chart: Chart) -> None:
    found = environment(chart, FULL)

    assert found["HTTP_USERNAME"] == {"secretKeyRef": {"name": "console", "key": "user"}}
    assert found["HTTP_PASSWORD_FILE"] == "/run/secrets/hull-planhat/console-password"
    assert "HTTP_CONSOLE" not in found


def test_values_of_an_older_chart_know_no_console(chart: Chart) -> None:
    # As `helm upgrade --reuse-values` has them: the new defaults of the chart are not among them.
    reused = values(console=None)
    given = values(console={"existingSecret": "login", "usernameKey": None, "passwordKey": None})

    assert "HTTP_USERNAME" not in environment(chart, reused)
    assert environment(chart, given)["HTTP_USERNAME"] == {
        "secretKeyRef": {"name": "login", "key": "username"}
    }
    assert "is the console" in chart.notes(reused)


def test_the_console_is_off_where_the_whole_cluster_could_look_at_it(chart: Chart) -> None:
    bare = values(networkPolicy__enabled=False)
    wanted = values(networkPolicy__enabled=False, settings={"HTTP_CONSOLE": True})

    assert environment(chart, bare)["HTTP_CONSOLE"] == "false"
    assert environment(chart, wanted)["HTTP_CONSOLE"] == "true"
    assert "HTTP_CONSOLE" not in environment(chart, MINIMAL)


def test_new_connector_settings_restart_the_pods(chart: Chart) -> None:
    def checksum(given: dict[str, Any]) -> str:
        found: str = workload(chart, given)["template"]["metadata"]["annotations"][
            "checksum/connector"
        ]
        return found

    assert checksum(MINIMAL) == checksum(values(log__level="debug"))
    assert checksum(MINIMAL) != checksum(values(connector__contact_events=["Other"]))


@pytest.mark.parametrize("given", [MINIMAL, FULL], ids=["minimal", "full"])
def test_the_restricted_pod_security_standard_holds(chart: Chart, given: dict[str, Any]) -> None:
    found = pod(chart, given)
    (container,) = found["containers"]

    assert found["securityContext"]["runAsNonRoot"]
    assert found["securityContext"]["runAsUser"] == 65532
    assert found["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(found)
    allowed = {"configMap", "projected"}
    assert all(set(volume) - {"name"} <= allowed for volume in found["volumes"])


def test_the_pod_gets_nothing_from_kubernetes_that_it_does_not_need(chart: Chart) -> None:
    found = pod(chart, MINIMAL)

    assert found["enableServiceLinks"] is False
    assert found["automountServiceAccountToken"] is False
    assert chart.one(MINIMAL, "ServiceAccount")["automountServiceAccountToken"] is False


def test_probes_ask_what_they_are_for(chart: Chart) -> None:
    (container,) = pod(chart, MINIMAL)["containers"]
    asked = {
        name: container[f"{name}Probe"]["httpGet"]["path"]
        for name in ("startup", "liveness", "readiness")
    }

    assert asked == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}


def test_the_grace_period_exceeds_the_drain(chart: Chart) -> None:
    drain = float(environment(chart, MINIMAL)["SHUTDOWN_DRAIN_SECONDS"])

    assert pod(chart, MINIMAL)["terminationGracePeriodSeconds"] >= drain + 20


def test_out_go_kafka_planhat_and_dns_only(chart: Chart) -> None:
    policy = chart.one(FULL, "NetworkPolicy")["spec"]
    ports = [[port["port"] for port in rule["ports"]] for rule in policy["egress"]]

    assert ports == [[53, 53], [9094, 9095, 9096], [443]]
    assert policy["egress"][1]["to"] == [{"ipBlock": {"cidr": "10.0.0.0/8"}}]
    assert policy["policyTypes"] == ["Ingress", "Egress"]


def test_in_comes_prometheus_only(chart: Chart) -> None:
    (rule,) = chart.one(MINIMAL, "NetworkPolicy")["spec"]["ingress"]
    namespace = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}
    }

    assert rule == {"from": [namespace], "ports": [{"port": "http", "protocol": "TCP"}]}


def test_a_node_can_be_drained_while_all_are_halted(chart: Chart) -> None:
    found = chart.one(MINIMAL, "PodDisruptionBudget")["spec"]

    assert found["maxUnavailable"] == 1
    assert found["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_a_halted_pod_is_still_found(chart: Chart) -> None:
    assert chart.one(MINIMAL, "Service")["spec"]["publishNotReadyAddresses"] is True


def test_who_is_scaled_has_no_fixed_number(chart: Chart) -> None:
    assert "replicas" not in workload(chart, SCALED)
    assert workload(chart, MONITORED)["replicas"] == 2


def test_the_rules_are_those_of_the_file_with_links_to_the_runbook(chart: Chart) -> None:
    (group,) = chart.one(MONITORED, "PrometheusRule")["spec"]["groups"]
    (ours,) = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text("utf-8"))["groups"]

    assert [rule["alert"] for rule in group["rules"]] == [rule["alert"] for rule in ours["rules"]]
    assert [rule["expr"] for rule in group["rules"]] == [rule["expr"] for rule in ours["rules"]]
    assert group["rules"][0]["annotations"]["runbook_url"] == (
        "https://runbooks.example.com/hull-planhat#hullplanhatcredentialrefused"
    )


def test_an_alert_can_be_turned_off(chart: Chart) -> None:
    given = values(monitoring={"enabled": True, "rules": {"disabled": ["HullPlanhatAbsent"]}})
    (group,) = chart.one(given, "PrometheusRule")["spec"]["groups"]

    assert "HullPlanhatAbsent" not in [rule["alert"] for rule in group["rules"]]


def test_the_dashboard_is_that_of_the_file(chart: Chart) -> None:
    found = [
        one for one in chart.render(MONITORED) if one["metadata"]["name"].endswith("dashboard")
    ]
    text = found[0]["data"]["hull-planhat.json"]

    assert found[0]["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(text) == json.loads((CHART / "files" / "dashboard.json").read_text("utf-8"))


def test_topics_survive_an_uninstallation_and_keep_every_change(chart: Chart) -> None:
    found = [one for one in chart.render(FULL) if one["kind"] == "KafkaTopic"]
    partitions = {one["spec"]["topicName"]: one["spec"]["partitions"] for one in found}

    assert partitions == {
        "hull.users": 12,
        "hull_accounts": 12,
        "hull.dead": 3,
        "hull.results": 3,
        "hull.outcomes": 3,
    }
    for one in found:
        is_compacted = one["spec"]["config"]["cleanup.policy"] == "compact"
        assert is_compacted == (one["spec"]["topicName"] == "hull.results")
        assert one["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_the_notes_say_how_to_see_that_it_works(chart: Chart) -> None:
    said = chart.notes(MINIMAL)

    assert "rollout status statefulset/hull-planhat" in said
    assert "hull-planhat check" in said
    assert "monitoring is off" in said


@pytest.mark.parametrize(
    ("given", "has_console"),
    [
        (MINIMAL, True),
        (values(networkPolicy__enabled=False), False),
        (values(networkPolicy__enabled=False, console__existingSecret="console"), True),
        (values(networkPolicy__enabled=False, settings={"HTTP_CONSOLE": "on"}), True),
        (values(networkPolicy__enabled=False, settings={"HTTP_CONSOLE": " "}), False),
        (values(settings={"HTTP_CONSOLE": False}), False),
    ],
)
def test_the_notes_say_whether_there_is_a_console(
    chart: Chart,
    given: dict[str, Any],
    has_console: bool,  # noqa: FBT001 - a parameter
) -> None:
    said = chart.notes(given)

    assert ("/ is the console" in said) == has_console
    assert ("The console is off" in said) != has_console
    assert (environment(chart, given).get("HTTP_CONSOLE") == "false") != has_console


def test_the_chart_is_of_the_version_of_the_project() -> None:
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text("utf-8"))["project"]
    found = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))

    assert found["version"] == found["appVersion"] == project["version"]


def test_the_chart_knows_the_settings_that_the_program_has() -> None:
    remedy = "run `make fix`"

    assert SETTINGS.read_text("utf-8") == text(chart_settings()), remedy
    assert SCHEMA.read_text("utf-8") == text(schema()), remedy


def test_the_connector_settings_that_the_chart_knows_are_all_that_there_are() -> None:
    known = set(schema()["properties"]["connector"]["properties"])

    assert known == set(ConnectorSettings.model_fields) - {"personal_access_token"}
