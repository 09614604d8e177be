"""What surrounds the service in the demo: settings, the sandbox's manners and first contents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import orjson

from consumer.cli.demo.vocabulary import TENANT, TOKEN, connector_settings
from consumer.cli.demo.workload import Options, planhat_users
from consumer.settings import Settings
from planhat_client.client import Endpoints, Planhat
from planhat_client.sandbox import Fault, LatencyOptions, QuotaOptions, SandboxOptions
from planhat_client.transport import Transport
from schemas.connector import ConnectorSettings
from schemas.planhat import Resource

if TYPE_CHECKING:
    from typing import Any

    from planhat_client.sandbox import SandboxServer

TOPIC: Final = "hull.events"
DEAD_LETTERS: Final = "hull.planhat.dead-letters"
GROUP: Final = "hull-planhat-demo"
OPTIONS: Final = Options(
    users=2_500, accounts=250, records=6_000, big_value_bytes=900_000, moves_of_all=True
)

_COMPANY_WAIT_SECONDS: Final = 2.0


def sandbox_options() -> SandboxOptions:
    """Planhat as usual, but for a quota that fits into a minute."""
    return SandboxOptions(
        tokens=(TOKEN,),
        tenant=TENANT,
        users=tuple(planhat_users()),
        quota=QuotaOptions(calls_per_window=600),
        latency=LatencyOptions(
            fixed_seconds=0.03, per_item_seconds=0.000_1, jitter_seconds=0.02, seed=1
        ),
    )


def faults() -> list[Fault]:
    """What goes wrong on purpose: too many requests, a bad moment, answers that are lost."""
    return [
        Fault("status", resource="endusers", method="PUT", status=429, retry_after=1.0, count=1),
        Fault("status", resource="licenses", status=503, count=1),
        Fault("reset_after_write", resource="companies", count=1),
        Fault("reset_after_write", resource="endusers", method="PUT", count=1),
        Fault("partial", resource="licenses", shape="item", share=0.05, count=1),
    ]


def settings(bootstrap_servers: str, sandbox: SandboxServer) -> Settings:
    """Give the service's settings."""
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "KAFKA_TOPICS": TOPIC,
        "KAFKA_GROUP_ID": GROUP,
        "KAFKA_DEAD_LETTER_TOPIC": DEAD_LETTERS,
        "PLANHAT_API_URL": sandbox.url,
        "PLANHAT_ANALYTICS_URL": sandbox.analytics_url,
        "PLANHAT_REQUESTS_PER_MINUTE": "600",
        "PLANHAT_BURST": "30",
        "COMPANY_WAIT_SECONDS": str(_COMPANY_WAIT_SECONDS),
        "SHUTDOWN_DRAIN_SECONDS": "10",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": "0",
    }
    return Settings.read(environment)


def connector() -> ConnectorSettings:
    """Give the connector settings, read as a customer's file would be."""
    return ConnectorSettings.from_text(json.dumps(connector_settings()), "the demo's settings")


async def seed(sandbox: SandboxServer, companies: list[dict[str, Any]]) -> dict[str, str]:
    """Put companies into Planhat; returns their ids by external id."""
    endpoints = Endpoints(sandbox.url, sandbox.analytics_url, TENANT)
    planhat = Planhat(Transport(10.0, 1), endpoints, lambda: TOKEN)
    try:
        await planhat.upsert(Resource.COMPANIES, [orjson.dumps(each) for each in companies])
        found = await planhat.companies()
    finally:
        await planhat.close()
    return {each.external_id: each.id for each in found if each.external_id}
