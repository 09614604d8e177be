"""Small schemas of the custom resources that the chart makes.

Their operators publish the real ones as custom resource definitions, which no package at hand
carries. These say which fields we write, of which type; not that an operator knows them.
"""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]


def _object(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": sorted(required),
        "properties": {**required, **(optional or {})},
    }


def _list(of: Schema) -> Schema:
    return {"type": "array", "minItems": 1, "items": of}


_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
_NUMBER: Final[Schema] = {"type": "integer", "minimum": 0}
_TEXTS: Final[Schema] = {"type": "object", "additionalProperties": _TEXT}
_DURATION: Final[Schema] = {"type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"}
_SELECTOR: Final = _object({"matchLabels": _TEXTS})
_POLICY: Final = _object(
    {"stabilizationWindowSeconds": _NUMBER},
    {
        "policies": _list(
            _object({"type": {"enum": ["Pods"]}, "value": _NUMBER, "periodSeconds": _NUMBER})
        )
    },
)
_RELABELLING: Final = _object(
    {"targetLabel": _TEXT}, {"replacement": _TEXT, "sourceLabels": _list(_TEXT)}
)
_CHOICE: Final = _object(
    {"sourceLabels": _list(_TEXT), "regex": _TEXT, "action": {"enum": ["keep", "drop"]}}
)
_ENDPOINT: Final = _object(
    {"port": _TEXT, "path": _TEXT, "interval": _DURATION},
    {"relabelings": _list(_RELABELLING), "metricRelabelings": _list(_CHOICE)},
)
_RULE: Final = _object(
    {"alert": _TEXT, "expr": _TEXT, "labels": _TEXTS, "annotations": _TEXTS}, {"for": _DURATION}
)
_TRIGGER: Final = _object(
    {
        "type": {"const": "prometheus"},
        "metricType": {"enum": ["Value"]},
        # KEDA takes texts only.
        "metadata": _object(
            {"serverAddress": _TEXT, "threshold": _TEXT, "query": _TEXT},
            {"ignoreNullValues": {"enum": ["false"]}},
        ),
    }
)

SPECS: Final[dict[tuple[str, str], Schema]] = {
    ("monitoring.coreos.com/v1", "PodMonitor"): _object(
        {"selector": _SELECTOR, "podMetricsEndpoints": _list(_ENDPOINT)}
    ),
    ("monitoring.coreos.com/v1", "ServiceMonitor"): _object(
        {"selector": _SELECTOR, "endpoints": _list(_ENDPOINT)}
    ),
    ("monitoring.coreos.com/v1", "PrometheusRule"): _object(
        {"groups": _list(_object({"name": _TEXT, "rules": _list(_RULE)}))}
    ),
    ("keda.sh/v1alpha1", "ScaledObject"): _object(
        {
            "scaleTargetRef": _object({"apiVersion": _TEXT, "kind": _TEXT, "name": _TEXT}),
            "minReplicaCount": _NUMBER,
            "maxReplicaCount": _NUMBER,
            "triggers": _list(_TRIGGER),
        },
        {
            "pollingInterval": _NUMBER,
            "advanced": _object(
                {
                    "horizontalPodAutoscalerConfig": _object(
                        {"behavior": _object({"scaleUp": _POLICY, "scaleDown": _POLICY})}
                    )
                }
            ),
        },
    ),
    ("kafka.strimzi.io/v1beta2", "KafkaTopic"): _object(
        {
            "topicName": _TEXT,
            "partitions": _NUMBER,
            "replicas": _NUMBER,
            "config": _object(
                {
                    "cleanup.policy": {"enum": ["delete", "compact"]},
                    "min.insync.replicas": _NUMBER,
                },
                {"retention.ms": _NUMBER},
            ),
        }
    ),
}
"""(apiVersion, kind) -> schema of its `spec`."""
