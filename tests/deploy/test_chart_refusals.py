"""Wrong values are refused before anything reaches the cluster, with a line that names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from consumer.settings import Settings
from schemas.connector import ConnectorSettings
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
    "a host with a scheme": (
        values(settings={"HTTP_ALLOWED_HOSTS": "https://console.example.com"}),
        "settings.HTTP_ALLOWED_HOSTS: https://console.example.com: must be names of hosts",
    ),
    "a tenant id of which Helm loses digits": (
        values(connector__tenant_id=12345678901234567890),
        "connector.tenant_id: put it in quotes",
    ),
    "a key without its certificate": (
        values(
            kafka__securityProtocol="SSL", kafka__tls={"existingSecret": "tls", "keyKey": "key"}
        ),
        "kafka.tls.keyKey: set, but kafka.tls.certKey is not",
    ),
    "dead letters among the events": (
        values(kafka__deadLetterTopic="hull.events"),
        "kafka.deadLetterTopic: hull.events: is used already",
    ),
    "results among the dead letters": (
        values(kafka__resultsTopic="hull.planhat.dead-letters"),
        "kafka.resultsTopic: hull.planhat.dead-letters: is used already",
    ),
    "outcomes among the dead letters": (
        values(kafka__outcomesTopic="hull.planhat.dead-letters"),
        "kafka.outcomesTopic: hull.planhat.dead-letters: is used already",
    ),
    "posts from everybody": (
        values(receive={"enabled": True, "signature": "ignored"}),
        "receive.existingSecret: missing",
    ),
    "a signature without a key": (
        values(receive={"enabled": True, "existingSecret": "hull"}),
        "receive.signature: required, but no key can be had",
    ),
    "a key of no secret": (
        values(receive={"enabled": True, "publicKeyKey": "key"}),
        "receive.publicKeyKey: set, but receive.existingSecret is not",
    ),
    "an ingress without a name": (
        values(receive={"enabled": True, "hosts": ["a.example"], "ingress": {"enabled": True}}),
        "receive.ingress.host: missing",
    ),
    "a host to fetch from with a scheme": (
        values(receive={"enabled": True, "hosts": ["https://a.example"]}),
        "/receive/hosts/0",
    ),
    "a setting of the receiver that the chart sets": (
        values(settings={"RECEIVE_HOSTS": "a.example"}),
        "settings.RECEIVE_HOSTS: the chart sets it",
    ),
    "a setting of the receiver that is none": (
        values(settings={"RECEIVE_SIZES": 5}),
        "settings.RECEIVE_SIZES: no such setting",
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
    "an address that no probe reaches": (
        values(settings={"HTTP_HOST": "127.0.0.1"}),
        "settings.HTTP_HOST: 127.0.0.1: the probes come from outside the pod",
    ),
    "a misspelt setting": (
        values(settings={"PLANHAT_BACTH_SIZE": 500}),
        "settings.PLANHAT_BACTH_SIZE: no such setting",
    ),
    "a misspelt setting of the logs": (
        values(settings={"LOG_LEVLE": "debug"}),
        "settings.LOG_LEVLE: no such setting",
    ),
    "a batch that is too large": (
        values(settings={"PLANHAT_BATCH_SIZE": 30_000}),
        'settings.PLANHAT_BATCH_SIZE: "30000": must be at most 5000',
    ),
    "a batch that is too large, as text": (
        values(settings={"PLANHAT_BATCH_SIZE": "30000"}),
        'settings.PLANHAT_BATCH_SIZE: "30000": must be at most 5000',
    ),
    "a batch of nothing": (
        values(settings={"PLANHAT_BATCH_SIZE": 0}),
        'settings.PLANHAT_BATCH_SIZE: "0": must be at least 1',
    ),
    "half a profile": (
        values(settings={"PLANHAT_BATCH_SIZE": 1.5}),
        'settings.PLANHAT_BATCH_SIZE: "1.5": must be a whole number',
    ),
    "a share above all": (
        values(settings={"REJECT_LIMIT": 50}),
        'settings.REJECT_LIMIT: "50": must be at most 1',
    ),
    "a time that is none": (
        values(settings={"COMPANY_WAIT_SECONDS": "30s"}),
        'settings.COMPANY_WAIT_SECONDS: "30s": must be a number',
    ),
    "a size that is none": (
        values(settings={"PLANHAT_BATCH_BYTES": "4 MB a call"}),
        "must be a number of bytes, like 4194304 or 4MiB",
    ),
    "a size that is too large": (
        values(settings={"PLANHAT_BATCH_BYTES": "100MiB"}),
        'settings.PLANHAT_BATCH_BYTES: "100mib": must be at most 33554432',
    ),
    "neither true nor false": (
        values(settings={"TRACES": "maybe"}),
        'settings.TRACES: "maybe": must be true or false',
    ),
    "none of the choices": (
        values(settings={"PLANHAT_ACTIVITIES": "many"}),
        'settings.PLANHAT_ACTIVITIES: "many": must be one of: bulk, single',
    ),
    "an unknown target of a mapping": (
        values(
            connector__contact_attributes_outbound=[
                {"hull_field_name": "x", "service_field_name": "nope"}
            ]
        ),
        'connector.contact_attributes_outbound: "nope" is not a standard field of Planhat',
    ),
    "a misspelt column of a mapping": (
        values(connector__contact_attributes_outbound=[{"hull_name": "x"}]),
        "/connector/contact_attributes_outbound",
    ),
    "an overwrite that is none": (
        values(
            connector__contact_attributes_outbound=[
                {"hull_field_name": "x", "service_field_name": "name", "overwrite": "never"}
            ]
        ),
        "/connector/contact_attributes_outbound",
    ),
    "a filter that is no list": (
        values(connector__contact_synchronized_segments="one"),
        "/connector/contact_synchronized_segments",
    ),
    "an unknown choice of the connector": (
        values(connector__on_segment_left="delete"),
        "/connector/on_segment_left",
    ),
    "a memory that is none": (
        values(resources={"limits": {"memory": "foo"}}),
        "/resources/limits/memory",
    ),
    "a memory without its place": (values(resources={"memory": "1Gi"}), "'memory' not allowed"),
    "a tag with a blank": (values(image__tag="1.0 beta"), "/image/tag"),
    "a Secret with a name that none may have": (
        values(planhat__existingSecret="My Secret"),
        "/planhat/existingSecret",
    ),
    "an address with a user": (
        values(planhat__apiUrl="https://me@api.planhat.com"),
        "/planhat/apiUrl",
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


MAPPED = {"hull_field_name": "a", "service_field_name": "EXTERNAL_ID (*)"}
RIGHT: dict[str, dict[str, Any]] = {
    "numbers as text": values(settings={"PLANHAT_BATCH_SIZE": "500", "REJECT_LIMIT": ".25"}),
    "a large number": values(settings={"KAFKA_MAX_PENDING_RECORDS": 5_000_000}),
    "sizes with units": values(
        settings={"PLANHAT_BATCH_BYTES": "4MiB", "KAFKA_MAX_PENDING_BYTES": "1.5 GB"}
    ),
    "sizes with units of one letter": values(settings={"KAFKA_MAX_PENDING_BYTES": "32M"}),
    "large numbers as Python writes them": values(
        settings={"KAFKA_MAX_PENDING_RECORDS": "1_000_000", "COMPANY_WAIT_SECONDS": "1_0.5"}
    ),
    "words for true and false, in any case": values(
        settings={"TRACES": "Yes", "UVLOOP": False, "LOG_PII": "off", "LOG_SAMPLE": 1}
    ),
    "a choice in any case": values(settings={"PLANHAT_ACTIVITIES": "SINGLE"}),
    "an empty setting": values(settings={"PLANHAT_BATCH_SIZE": ""}),
    "names of others": values(
        settings={"OTEL_SERVICE_NAME": "crm", "HTTP_PROXY": "http://proxy:3128", "TZ": "UTC"}
    ),
    "an address to listen at": values(settings={"HTTP_HOST": "::"}),
    "brokers by their IPv6 addresses": values(
        kafka__bootstrapServers="[fd00::1]:9092, kafka-1.example.com:9092"
    ),
    "targets in any spelling, and rows that were left blank": values(
        connector__contact_attributes_outbound=[
            MAPPED,
            None,
            {},
            {"hull_field_name": "nope", "service_field_name": ""},
            {"hull_field_name": "x", "service_field_name": "name", "overwrite": "if_set"},
            {"hull_field_name": None, "service_field_name": "nope"},
        ]
    ),
    "connector settings that are none": values(
        connector__contact_attributes_outbound=None, connector__send_null_values="true"
    ),
    "quantities of all forms": values(
        resources={
            "requests": {"cpu": 0.5, "memory": 201326592, "ephemeral-storage": "1e9"},
            "limits": {"cpu": "500m", "memory": "1.5Gi"},
        }
    ),
    "no bounds of resources": values(resources={}),
}


@pytest.mark.parametrize("given", RIGHT.values(), ids=RIGHT)
def test_what_the_service_takes_the_chart_takes(chart: Chart, given: dict[str, Any]) -> None:
    text = chart.one(given, "ConfigMap")["data"]["connector.yaml"]
    container = chart.one(given, "StatefulSet")["spec"]["template"]["spec"]["containers"][0]

    ConnectorSettings.from_text(text, "the chart's")
    Settings.read(
        {one["name"]: one["value"] for one in container["env"] if one["name"] in given["settings"]}
        if "settings" in given
        else {}
    )
