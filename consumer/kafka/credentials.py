"""New credentials for clients that live: aiokafka asks for them once, when it makes a client."""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Final, TypeAlias

from aiokafka import AIOKafkaProducer

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.client import AIOKafkaClient

    from consumer.settings.kafka_settings import KafkaSettings

_Client: TypeAlias = "AIOKafkaConsumer | AIOKafkaProducer | AIOKafkaAdminClient"

RENEWAL_SECONDS: Final = 5.0
"""How old what a new connection is made with may be."""


def keep_renewed(
    client: _Client, settings: KafkaSettings, seconds: float = RENEWAL_SECONDS
) -> None:
    """Let the client make its connections with the newest credentials, for as long as it lives.

    By the clock, not by errors: a client whose brokers refuse it raises nothing, it tries again.
    """
    if settings.sasl_password is None and settings.tls is None:
        return
    inner = client.client if isinstance(client, AIOKafkaProducer) else client._client  # noqa: SLF001 - as in _renew
    _renew(weakref.ref(inner), settings, seconds)


def _renew(
    held: weakref.ReferenceType[AIOKafkaClient], settings: KafkaSettings, seconds: float
) -> None:
    """Write what the next connection reads; there is no public way to change it."""
    client = held()
    if client is None:
        return
    if settings.sasl_password is not None:
        client._sasl_plain_password = settings.sasl_password()  # noqa: SLF001
    if settings.tls is not None:
        client._ssl_context = settings.tls()  # noqa: SLF001
    asyncio.get_running_loop().call_later(seconds, _renew, held, settings, seconds)
