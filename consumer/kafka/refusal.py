"""A door to aiokafka: why brokers that answer do not let us in, which its clients only log."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, Final

from aiokafka import errors as foreign
from aiokafka.conn import collect_hosts, create_conn

from consumer.kafka.connection import connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.settings.kafka_settings import KafkaSettings

_ANSWER_SECONDS: Final = 5.0
_LOGIN: Final = (
    foreign.SaslAuthenticationFailed,
    foreign.UnsupportedSaslMechanismError,
    foreign.IllegalSaslStateError,
)


async def why_refused(settings: KafkaSettings) -> str:
    """What the first broker that answers has against us; empty if nothing, or if none answers.

    All are asked at once: each may take its time.
    """
    options = connection(settings)
    brokers = collect_hosts(options.pop("bootstrap_servers"), randomize=False)
    told = await asyncio.gather(*(_asked(host, port, options) for host, port, _ in brokers))
    return next((reason for reason in told if reason is not None), "")


async def _asked(host: str, port: int, options: dict[str, Any]) -> str | None:
    """What a broker has against us; empty if nothing, None if that was not told."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            made = await create_conn(host, port, **options)
    except Exception as error:  # noqa: BLE001 - what answers there may be anything
        reason = _reason(error)
        return f"{host}:{port} {reason}" if reason else None
    made.close()
    return ""


def _reason(error: BaseException) -> str:
    for one in _causes(error):
        if isinstance(one, ssl.SSLCertVerificationError):
            return f"shows a certificate that we do not trust: {one.verify_message}"
        if isinstance(one, ssl.SSLError):
            return f"does not speak TLS with us: {(one.reason or 'no reason').lower()}"
        if isinstance(one, _LOGIN):
            return f"refuses our login: {one}"
    return ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
