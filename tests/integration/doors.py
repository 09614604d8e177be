"""Ways in which a broker lets clients in, and how what opens them is rotated on both sides."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it does not say that it exports
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.certificates import Authority
from tests.integration.kafka_broker import Listener
from tests.integration.kafka_cluster import free_ports

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.kafka_cluster import KafkaCluster

_SECONDS = 30.0
_SASL = "org.apache.kafka.common.security"


class Door(Protocol):
    """One way in; `refused` is what aiokafka says while it is closed to us, `told` what we do."""

    refused: str
    told: str
    renewed: str
    environment: dict[str, str]

    def listener(self) -> Listener:
        """The port for clients as it is now."""

    async def open(self, cluster: KafkaCluster) -> None:
        """Let the brokers know what opens it; for a cluster that runs."""

    def rotate(self) -> None:
        """Have something new open it, from the next `open` or start on."""

    def half_hand_over(self) -> None:
        """Give the service a part of it only."""

    def hand_over(self) -> None:
        """Give the service all of it."""


class Plain:
    """SASL with the mechanism PLAIN: the broker's settings hold the password."""

    mechanism = "PLAIN"
    refused = "SaslAuthenticationFailed"
    told = " refuses our login: [Error 58] SaslAuthenticationFailed"
    renewed = "KAFKA_SASL_PASSWORD_FILE"

    def __init__(self, folder: Path) -> None:
        (self._port,) = free_ports(1)
        self._password = "the-old-password"
        self._file = folder / "password"
        self.hand_over()
        self.environment = {
            "KAFKA_BOOTSTRAP_SERVERS": f"SASL_PLAINTEXT://127.0.0.1:{self._port}",
            "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "KAFKA_SASL_MECHANISM": self.mechanism,
            "KAFKA_SASL_USERNAME": "me",
            "KAFKA_SASL_PASSWORD_FILE": str(self._file),
        }

    def listener(self) -> Listener:
        module = f'{_SASL}.plain.PlainLoginModule required user_me="{self._password}";'
        return Listener(self._port, "SASL_PLAINTEXT", self._settings(module))

    def _settings(self, module: str) -> dict[str, str]:
        return {
            "sasl.enabled.mechanisms": self.mechanism,
            f"{self.mechanism.lower()}.sasl.jaas.config": module,
        }

    async def open(self, cluster: KafkaCluster) -> None:
        """Nothing to do: it reads its settings at its start."""

    def rotate(self) -> None:
        self._password = "the-new-password"

    def half_hand_over(self) -> None:
        self._file.write_text("")

    def hand_over(self) -> None:
        self._file.write_text(f"{self._password}\n")


class Scram(Plain):
    """SASL with the mechanism SCRAM-SHA-512: the cluster keeps what proves the password."""

    mechanism = "SCRAM-SHA-512"

    def listener(self) -> Listener:
        module = f"{_SASL}.scram.ScramLoginModule required;"
        return Listener(self._port, "SASL_PLAINTEXT", self._settings(module))

    async def open(self, cluster: KafkaCluster) -> None:
        admin = AdminClient({"bootstrap.servers": cluster.bootstrap_servers})
        kind = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        password = self._password.encode()
        new = UserScramCredentialUpsertion("me", kind, password)
        (done,) = admin.alter_user_scram_credentials([new]).values()
        await asyncio.to_thread(done.result, _SECONDS)


class MutualTls:
    """Both sides show a certificate; a rotation replaces the authority of both too."""

    refused = "CERTIFICATE_VERIFY_FAILED"
    told = " shows a certificate that we do not trust: "
    renewed = "KAFKA_SSL_CA_FILE, KAFKA_SSL_CERT_FILE, KAFKA_SSL_KEY_FILE"

    def __init__(self, folder: Path) -> None:
        (self._port,) = free_ports(1)
        self._folder = folder
        self._ca = folder / "ca.pem"
        self.rotate()
        self.hand_over()
        self.environment = {
            "KAFKA_BOOTSTRAP_SERVERS": f"SSL://127.0.0.1:{self._port}",
            "KAFKA_SECURITY_PROTOCOL": "SSL",
            "KAFKA_SSL_CA_FILE": str(self._ca),
            "KAFKA_SSL_CERT_FILE": str(folder / "cert.pem"),
            "KAFKA_SSL_KEY_FILE": str(folder / "key.pem"),
        }

    def listener(self) -> Listener:
        broker = self._authority.issue("broker")
        own, trusted = self._folder / "broker.pem", self._folder / "trusted.pem"
        own.write_bytes(broker.key + broker.certificate)
        trusted.write_bytes(self._authority.certificate)
        settings = {
            "ssl.client.auth": "required",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(own),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(trusted),
        }
        return Listener(self._port, "SSL", settings)

    async def open(self, cluster: KafkaCluster) -> None:
        """Nothing to do: it reads its files at its start."""

    def rotate(self) -> None:
        self._authority = Authority()
        self._issued = self._authority.issue("me")

    def half_hand_over(self) -> None:
        self._ca.write_bytes(self._authority.certificate)
        (self._folder / "cert.pem").write_bytes(self._issued.certificate)

    def hand_over(self) -> None:
        self._ca.write_bytes(self._authority.certificate)
        self._issued.write(self._folder)
