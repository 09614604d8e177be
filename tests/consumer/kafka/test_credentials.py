from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING

import aiokafka
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from consumer.kafka.connection import connection, keep_renewed
from consumer.settings import Settings
from tests.certificates import Authority

if TYPE_CHECKING:
    from pathlib import Path

    from consumer.settings.kafka import KafkaSettings


def of(folder: Path) -> KafkaSettings:
    """Settings with a password and certificates in files."""
    (folder / "password").write_text("old")
    (folder / "ca.pem").write_bytes(Authority().certificate)
    environ = {
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_MECHANISM": "PLAIN",
        "KAFKA_SASL_USERNAME": "me",
        "KAFKA_SASL_PASSWORD_FILE": str(folder / "password"),
        "KAFKA_SSL_CA_FILE": str(folder / "ca.pem"),
    }
    return Settings.read(environ).kafka


async def test_a_client_that_is_made_is_given_the_newest_credentials(tmp_path: Path) -> None:
    settings = of(tmp_path)
    before = connection(settings)

    (tmp_path / "password").write_text("new")
    (tmp_path / "ca.pem").write_bytes(Authority().certificate)
    after = connection(settings)

    assert (before["sasl_plain_password"], after["sasl_plain_password"]) == ("old", "new")
    assert before["ssl_context"] is not after["ssl_context"]


@pytest.mark.parametrize(
    "kind", [aiokafka.AIOKafkaConsumer, aiokafka.AIOKafkaProducer, AIOKafkaAdminClient]
)
async def test_a_client_of_any_kind_that_lives_is_given_new_ones(
    tmp_path: Path, kind: type[aiokafka.AIOKafkaConsumer]
) -> None:
    settings = of(tmp_path)
    client = kind(**connection(settings))
    inner = client.client if kind is aiokafka.AIOKafkaProducer else client._client

    (tmp_path / "password").write_text("new")
    (tmp_path / "ca.pem").write_bytes(Authority().certificate)
    keep_renewed(client, settings)
    await (client.close() if kind is AIOKafkaAdminClient else client.stop())

    assert inner._sasl_plain_password == "new"
    assert inner._ssl_context is settings.tls()  # type: ignore[misc]  # it is TLS


async def test_a_client_that_lives_is_looked_after_by_the_clock(tmp_path: Path) -> None:
    settings = of(tmp_path)
    client = AIOKafkaAdminClient(**connection(settings))
    keep_renewed(client, settings, seconds=0.01)

    (tmp_path / "password").write_text("new")

    async with asyncio.timeout(10):
        while client._client._sasl_plain_password != "new":  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def test_a_client_that_is_gone_is_not_held(tmp_path: Path) -> None:
    settings = of(tmp_path)
    client = AIOKafkaAdminClient(**connection(settings))
    keep_renewed(client, settings)
    inner = weakref.ref(client._client)

    del client
    gc.collect()

    assert inner() is None
