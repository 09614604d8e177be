"""Sets of values as people would write them."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

_CONNECTOR = Path(__file__).parents[1] / "data" / "connector.yaml"

MINIMAL: dict[str, Any] = {
    "kafka": {"bootstrapServers": "kafka:9092"},
    "planhat": {"existingSecret": "planhat"},
    "connector": yaml.safe_load(_CONNECTOR.read_text("utf-8")),
}


def values(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - what a values file may hold
    """Give the minimal values with changes; a key's dots are written as two underscores."""
    found = deepcopy(MINIMAL)
    for path, value in changes.items():
        *above, last = path.split("__")
        place = found
        for name in above:
            place = place.setdefault(name, {})
        place[last] = value
    return found


MONITORED = values(
    monitoring__enabled=True,
    monitoring__labels={"release": "prometheus"},
    monitoring__rules={"runbookUrl": "https://runbooks.example.com/hull-planhat"},
)
SCALED = {
    **MONITORED,
    "autoscaling": {"enabled": True, "prometheusUrl": "http://prometheus.monitoring:9090"},
}
FULL = {
    **SCALED,
    "image": {
        "repository": "registry.example.com/crm/hull-planhat",
        "digest": f"sha256:{'a' * 64}",
        "pullPolicy": "Always",
        "pullSecrets": [{"name": "pull"}],
    },
    "kafka": {
        "bootstrapServers": "k0.example.com:9094, k1.example.com:9095",
        "topics": ["hull.users", "hull_accounts"],
        "partitions": 24,
        "groupId": "crm",
        "deadLetterTopic": "hull.dead",
        "resultsTopic": "hull.results",
        "outcomesTopic": "hull.outcomes",
        "sessionTimeoutSeconds": 60,
        "securityProtocol": "SASL_SSL",
        "sasl": {"mechanism": "SCRAM-SHA-512", "username": "crm", "password": "not-a-secret"},
        "tls": {
            "existingSecret": "kafka-ca",
            "certKey": "tls.crt",
            "keyKey": "tls.key",
            "keyPasswordKey": "phrase",
        },
    },
    "planhat": {
        "accessToken": "not-a-token",
        "tenantIdSecret": "tenant",
        "requestsPerMinute": 1000,
        "burst": 50,
        "apiUrl": "https://api-us2.planhat.com",
    },
    "console": {"existingSecret": "console", "usernameKey": "user"},
    "settings": {"PLANHAT_BATCH_BYTES": 4194304, "PLANHAT_SKIP_UNCHANGED": True},
    "log": {"level": "debug", "format": "json"},
    "podAnnotations": {"example.com/team": "crm"},
    "podLabels": {"team": "crm"},
    "priorityClassName": "high",
    "nodeSelector": {"kubernetes.io/arch": "amd64"},
    "tolerations": [{"key": "crm", "operator": "Exists"}],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]
            }
        }
    },
    "serviceAccount": {"annotations": {"example.com/role": "crm"}},
    "networkPolicy": {
        "kafkaTo": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
        "kafkaPorts": [9096],
        "ingressFrom": [{"podSelector": {"matchLabels": {"app": "prometheus"}}}],
    },
    "topics": {"create": True, "cluster": "main", "namespace": "kafka"},
}
RECEIVING = values(
    receive={
        "enabled": True,
        "existingSecret": "hull",
        "publicKeyKey": "key.pem",
        "hosts": ["hull-keys.example.com", "store.example.com:9000"],
        "ingress": {
            "enabled": True,
            "className": "nginx",
            "host": "hull.example.com",
            "tlsSecret": "hull-tls",
        },
    },
    monitoring__enabled=True,
    kafka__securityProtocol="SASL_SSL",
    kafka__sasl={"mechanism": "PLAIN", "username": "crm", "existingSecret": "kafka"},
    kafka__tls={"existingSecret": "kafka-ca"},
    settings={"RECEIVE_SIZE": 50, "PLANHAT_BATCH_SIZE": 500},
)
SETS = {
    "minimal": MINIMAL,
    "full": FULL,
    "external secret": values(
        planhat={"existingSecret": "planhat", "tenantIdSecret": "tenant"},
        kafka__securityProtocol="SASL_SSL",
        kafka__sasl={"mechanism": "PLAIN", "username": "crm", "existingSecret": "kafka"},
    ),
    "monitoring": MONITORED,
    "service monitor": values(monitoring={"enabled": True, "kind": "ServiceMonitor"}),
    "KEDA": SCALED,
    "monitoring off": values(monitoring__enabled=False),
    "receive": RECEIVING,
    "receive by a token alone": values(
        receive={"enabled": True, "existingSecret": "hull", "signature": "ignored"}
    ),
    "Deployment": values(kind="Deployment"),
    "nothing but the workload": values(
        podDisruptionBudget__enabled=False,
        networkPolicy__enabled=False,
        serviceAccount__create=False,
        topologySpread__enabled=False,
    ),
}
