"""A broker that asks for rights: what a user may do is given and taken while it runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it does not say that it exports
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from tests.integration.kafka_cluster import KafkaCluster, free_ports

if TYPE_CHECKING:
    from tests.integration.kafka_jars import Jars

USER = "service"
_PASSWORD = "of-the-service"
_SECONDS = 30.0
_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule"


class AclBroker:
    """`cluster` lets everybody in by its usual port; by another one a user with rights only."""

    def __init__(self, jars: Jars) -> None:
        """Nothing runs before `cluster` is entered."""
        self.cluster = KafkaCluster(jars, 1)
        (node,) = (one.node for one in self.cluster.brokers.values())
        (port,) = free_ports(1)
        usual, guarded = f"PLAINTEXT://127.0.0.1:{node.port}", f"GUARDED://127.0.0.1:{port}"
        controller = f"CONTROLLER://127.0.0.1:{node.controller_port}"
        lines = {
            "listeners": f"{usual},{controller},{guarded}",
            "advertised.listeners": f"{usual},{guarded}",
            "listener.security.protocol.map": (
                "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,GUARDED:SASL_PLAINTEXT"
            ),
            "listener.name.guarded.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.guarded.plain.sasl.jaas.config": (
                f'{_LOGIN} required user_{USER}="{_PASSWORD}";'
            ),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }
        with (self.cluster.folder / "1" / "server.properties").open("a") as settings:
            # Of two lines with one name the later one holds.
            settings.writelines(f"{name}={value}\n" for name, value in lines.items())
        self.environment = {
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}",
            "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "KAFKA_SASL_MECHANISM": "PLAIN",
            "KAFKA_SASL_USERNAME": USER,
            "KAFKA_SASL_PASSWORD": _PASSWORD,
        }

    async def give(self, kind: str, name: str, right: str) -> None:
        """Let the user do this with the topic or group of this name."""
        binding = AclBinding(
            ResourceType[kind.upper()],
            name,
            ResourcePatternType.LITERAL,
            f"User:{USER}",
            "*",
            AclOperation[right],
            AclPermissionType.ALLOW,
        )
        admin = self._admin()
        (done,) = admin.create_acls([binding]).values()
        await asyncio.to_thread(done.result, _SECONDS)

    async def take(self, kind: str, name: str, right: str) -> None:
        """Take it away."""
        wanted = AclBindingFilter(
            ResourceType[kind.upper()],
            name,
            ResourcePatternType.LITERAL,
            f"User:{USER}",
            "*",
            AclOperation[right],
            AclPermissionType.ALLOW,
        )
        admin = self._admin()
        (done,) = admin.delete_acls([wanted]).values()
        assert await asyncio.to_thread(done.result, _SECONDS)

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.cluster.bootstrap_servers})
