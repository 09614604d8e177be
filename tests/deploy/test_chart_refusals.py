"""Wrong values are refused before anything reaches the cluster, with a line that names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.deploy.chart import Refused
from tests.deploy.values import MONITORED, SCALED, values

if TYPE_CHECKING:
    from tests.deploy.chart import Chart

LOGIN = {"mechanism": "PLAIN", "username": "crm", "existingSecret": "kafka"}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "nothing is set": ({}, "kafka.bootstrapServers: missing"),
    "no brokers": (values(kafka__bootstrapServers=""), "kafka.bootstrapServers: missing"),
    "brokers without a port": (values(kafka__bootstrapServers="kafka"), "/kafka/bootstrapServers"),
    "no token": (values(planhat={}), "planhat: no token"),
    "two tokens": (values(planhat__accessToken="x"), "accessToken and existingSecret are both set"),
    "no connector settings": (values(connector={}), "connector: empty"),
    "no tenant": (values(connector={"contact_events": []}), "connector.tenant_id: missing"),
    "a token in the connector settings": (
        values(connector__personal_access_token="x"),
        "'personal_access_token' not allowed",
    ),
    "a misspelt value": (values(kafka__topic="x"), "'topic' not allowed"),
    "a misspelt connector setting": (
        values(connector__contact_segments=[]),
        "'contact_segments' not allowed",
    ),
    "a number that is none": (values(replicas="two"), "/replicas"),
    "fewer replicas than none": (values(replicas=-1), "/replicas"),
    "another kind of workload": (values(kind="DaemonSet"), "/kind"),
    "more replicas than partitions": (
        values(replicas=13),
        "replicas: 13: at most kafka.partitions (12)",
    ),
    "a grace period below the drain": (
        values(terminationGracePeriodSeconds=30),
        "must be at least drainSeconds (25) + 20",
    ),
    "a burst above the quota": (
        values(planhat__burst=300),
        "planhat.burst: 300: must be at most planhat.requestsPerMinute (200)",
    ),
    "SASL without a login": (
        values(kafka__securityProtocol="SASL_SSL"),
        "needs kafka.sasl.mechanism",
    ),
    "a login without SASL": (values(kafka__sasl=LOGIN), "kafka.securityProtocol is PLAINTEXT"),
    "an authority without TLS": (
        values(kafka__tls={"existingSecret": "ca"}),
        "make it SSL or SASL_SSL",
    ),
    "an unknown protocol": (values(kafka__securityProtocol="TLS"), "/kafka/securityProtocol"),
    "a secret among the settings": (
        values(settings={"PLANHAT_ACCESS_TOKEN": "x"}),
        "use planhat.existingSecret",
    ),
    "a setting that the chart sets": (
        values(settings={"KAFKA_TOPICS": "x"}),
        "settings.KAFKA_TOPICS: the chart sets it",
    ),
    "a setting in small letters": (
        values(settings={"batch": 1}),
        "'/settings': additional properties 'batch'",
    ),
    "KEDA without Prometheus": (
        {**MONITORED, "autoscaling": {"enabled": True}},
        "autoscaling.prometheusUrl: missing",
    ),
    "KEDA without metrics": (
        {**SCALED, "monitoring": {"enabled": False}},
        "needs monitoring.enabled",
    ),
    "KEDA beyond the partitions": (
        {**SCALED, "autoscaling": {**SCALED["autoscaling"], "maxReplicas": 20}},
        "autoscaling.maxReplicas: 20: at most kafka.partitions (12)",
    ),
    "KEDA with its bounds crossed": (
        {**SCALED, "autoscaling": {**SCALED["autoscaling"], "minReplicas": 9}},
        "autoscaling.minReplicas: 9: must be at most autoscaling.maxReplicas (4)",
    ),
    "topics of no cluster": (values(topics={"create": True}), "topics.cluster: missing"),
    "topics that cannot be written": (
        values(topics={"create": True, "cluster": "k", "replicas": 1}),
        "topics.minInsyncReplicas: 2: must be at most topics.replicas (1)",
    ),
    "another kind of monitor": (values(monitoring={"kind": "Monitor"}), "/monitoring/kind"),
}


@pytest.mark.parametrize(("given", "said"), WRONG.values(), ids=WRONG)
def test_wrong_values_are_refused_and_named(chart: Chart, given: dict[str, Any], said: str) -> None:
    with pytest.raises(Refused) as refused:
        chart.render(given)

    assert said in str(refused.value)
