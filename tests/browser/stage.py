"""The real service on an embedded Kafka and the sandbox, with users whose fates differ."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from consumer.app import Service
from consumer.cli.demo.kafka import EmbeddedKafka
from consumer.cli.demo.workload import Produced
from consumer.log.troubles import Troubles
from consumer.settings import Settings
from planhat_client.sandbox import Refusal, SandboxOptions, SandboxServer
from schemas.connector import ConnectorSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

TOKEN = "sandbox-token"
TOPIC = "hull.events"
USERS = {"id": "5d2f0c1e8f0b7a0001a1b001", "name": "Active users"}
CUSTOMERS = {"id": "5d2f0c1e8f0b7a0001a1c001", "name": "Customers"}

CONNECTOR = f"""
personal_access_token: {TOKEN}
tenant_id: 11111111-2222-3333-4444-555555555555
contact_synchronized_segments: ["{USERS["id"]}"]
contact_events: [Signed in]
contact_attributes_outbound:
  - {{hull_field_name: name, service_field_name: name}}
  - {{hull_field_name: email, service_field_name: email}}
  - {{hull_field_name: external_id, service_field_name: externalId}}
  - {{hull_field_name: traits_crm/title, service_field_name: position}}
contact_custom_attributes_outbound:
  - {{hull_field_name: traits_product/logins_30d, service_field_name: Logins (30 days)}}
account_synchronized_segments: ["{CUSTOMERS["id"]}"]
account_attributes_outbound:
  - {{hull_field_name: name, service_field_name: name}}
"""

ACCOUNT = {"id": "acc-1", "external_id": "acme", "name": "Acme Ltd"}
STRANGER = {"id": "acc-2", "external_id": "nobodys", "name": "Nobody's"}


def user(name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any part of a message
    """A message about a user that would be delivered, but for what `more` says."""
    return {
        "channel": "user:update",
        "user": {
            "id": f"hull-{name}",
            "external_id": f"ext-{name}",
            "email": f"{name}@acme.example",
            "name": f"{name.title()} Doe",
            "traits_crm/title": "Head of Data",
            "traits_product/logins_30d": 14,
        },
        "account": ACCOUNT,
        "segments": [USERS],
        "account_segments": [CUSTOMERS],
        "changes": {"is_new": True},
        **more,
    }


MESSAGES = (
    user("delia"),
    user("erin", account={}, account_segments=[], events=[{"event": "Signed in", "event_id": "1"}]),
    user("frank", segments=[]),
    user("grace", changes={"is_new": False, "user": {"traits_other": [1, 2]}}),
    user("nora", account={}, account_segments=[]),
    user("rick"),
    user("wanda", account=STRANGER, account_segments=[]),
)
FINAL = {"delivered": 2, "skipped": 3, "rejected": 1}
"""Of these messages, one for an event alone; another waits for its company, for longer than any
test takes."""

LATER = (user("delia", segments=[]),)
"""After she was delivered."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs, and where its console is."""

    service: Service
    kafka: EmbeddedKafka
    sandbox: SandboxServer
    troubles: Troubles

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.service.parts.ops.port}"

    async def produce(self, *messages: object) -> None:
        records = [Produced(b"key", json.dumps(message).encode()) for message in messages]
        await asyncio.to_thread(self.kafka.produce, TOPIC, records)

    async def until_final(self, wanted: Mapping[str, int]) -> None:
        """Wait until so many messages came to each end."""
        async with asyncio.timeout(120):
            while any(  # noqa: ASYNC110 - a counter of the service has no event
                self.service.tally.messages[name] < wanted[name] for name in wanted
            ):
                await asyncio.sleep(0.05)


@asynccontextmanager
async def stage(connector: str = CONNECTOR, **environ: str) -> AsyncIterator[Stage]:
    """Run the service until the end of the block."""
    kafka = EmbeddedKafka(TOPIC, "hull.planhat.dead-letters")
    async with SandboxServer(SandboxOptions(tokens=(TOKEN,))) as sandbox:
        refusal = Refusal(
            "externalId", ("ext-rick",), message="rick@acme.example is not a valid contact"
        )
        sandbox.refusals.extend([refusal])
        settings = Settings.read(
            {
                "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
                "PLANHAT_API_URL": sandbox.url,
                "PLANHAT_ANALYTICS_URL": sandbox.analytics_url,
                "COMPANY_WAIT_SECONDS": "3600",
                "SHUTDOWN_DRAIN_SECONDS": "1",
                "HTTP_HOST": "127.0.0.1",
                "HTTP_PORT": "0",
                **environ,
            }
        )
        troubles = Troubles()
        service = Service(settings, ConnectorSettings.from_text(connector, "connector"), troubles)
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(service.run(stop), name="service")
            try:
                yield Stage(service, kafka, sandbox, troubles)
            finally:
                stop.set()
