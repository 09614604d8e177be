"""How aiokafka's clients are set up, kept let in, and how their errors become ours."""

from __future__ import annotations

import asyncio
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from aiokafka import AIOKafkaProducer
from aiokafka import errors as foreign
from aiokafka.admin import AIOKafkaAdminClient

from consumer.errors import (
    CommitRefused,
    KafkaBlocked,
    KafkaError,
    KafkaRefused,
    KafkaTooLarge,
    KafkaUnavailable,
)
from consumer.kafka.batches.fetched import FaultyRecord
from consumer.offsets.record import Partition, Record, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiokafka import AIOKafkaConsumer
    from aiokafka.client import AIOKafkaClient

    from consumer.settings.kafka import KafkaSettings

_Client: TypeAlias = "AIOKafkaConsumer | AIOKafkaProducer | AIOKafkaAdminClient"

RENEWAL_SECONDS: Final = 5.0
"""How old what a new connection is made with may be."""

CLOSE_SECONDS = 5.0
"""How long a client may take to end in order."""

_REFUSED = (
    foreign.AuthenticationFailedError,
    foreign.UnsupportedSaslMechanismError,
    foreign.IllegalSaslStateError,
)

_BY_THE_BROKER = 1
"""The type of timestamps in a topic with `message.timestamp.type=LogAppendTime`."""

_NOT_ALLOWED: dict[type[Exception], str] = {
    foreign.TopicAuthorizationFailedError: "topic",
    foreign.GroupAuthorizationFailedError: "group",
    foreign.ClusterAuthorizationFailedError: "cluster",
}
_OURS: tuple[tuple[tuple[type[Exception], ...], type[KafkaError]], ...] = (
    (_REFUSED, KafkaRefused),
    ((foreign.MessageSizeTooLargeError, foreign.RecordListTooLargeError), KafkaTooLarge),
    ((foreign.CommitFailedError, foreign.IllegalStateError), CommitRefused),
    ((foreign.KafkaError, OSError), KafkaUnavailable),
)


def translated(error: Exception) -> KafkaError:
    """Our own error for one of aiokafka's or the system's."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, KafkaError):
        return error
    if kind := _NOT_ALLOWED.get(type(error)):
        return _forbidden(kind, error)
    if isinstance(error, foreign.InconsistentGroupProtocolError):
        return KafkaBlocked(
            "the consumer group is used by another program; hull-planhat needs a KAFKA_GROUP_ID of"
            " its own",
            is_of_group=True,
        )
    for kinds, ours in _OURS:
        if isinstance(error, kinds):
            return ours(text)
    return KafkaUnavailable(f"{type(error).__name__}: {text}")


def _forbidden(kind: str, error: Exception) -> KafkaBlocked:
    """What we may not use, as far as the error tells: aiokafka names it in ways of its own."""
    found = error.args[0] if error.args else ""
    if kind == "cluster":  # asked for before the first write, whatever its topic
        return KafkaBlocked("not authorized to write to any topic of the cluster")
    names = sorted({found} if isinstance(found, str) else map(str, found))
    return KafkaBlocked(
        f"not authorized for the {kind} {', '.join(names)}".rstrip(),
        topics=frozenset(names if kind == "topic" else ()) - {""},
        is_of_group=kind == "group",
    )


@contextmanager
def door() -> Iterator[None]:
    """Let only our own errors out.

    aiokafka lets more than its own errors escape (an AttributeError where a coordinator still loads
    the offsets, assertions in the middle of a rebalance); none of them may end the service.
    """
    try:
        yield
    except Exception as error:
        raise translated(error) from error


def connection(settings: KafkaSettings) -> dict[str, Any]:
    """Options of any client; one that lives for long begins by `started`: secrets may rotate."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "security_protocol": settings.security_protocol,
    }
    if settings.sasl_mechanism:
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.sasl_username
        options["sasl_plain_password"] = settings.sasl_password and settings.sasl_password()
    if settings.tls is not None:
        options["ssl_context"] = settings.tls()
    return options


async def started(client: _Client, settings: KafkaSettings) -> None:
    """Connect a client that lives for long; it is closed if that fails."""
    try:
        await client.start()
    except BaseException:
        await (client.close() if isinstance(client, AIOKafkaAdminClient) else client.stop())
        raise
    keep_renewed(client, settings)


def records(found: dict[Any, list[Any]]) -> Iterator[Record]:
    """Our own records for those of a poll that ends now."""
    now = time.time()
    for foreign_partition, batch in found.items():
        partition = Partition(*foreign_partition)
        for record in batch:
            at = seconds(record.timestamp)
            yield Record(
                partition,
                record.offset,
                record.key,
                record.value,
                tuple(record.headers),
                at,
                min(at or now, now) if record.timestamp_type == _BY_THE_BROKER else now,
                record.fault if type(record) is FaultyRecord else None,
            )


def keep_renewed(
    client: _Client, settings: KafkaSettings, seconds: float = RENEWAL_SECONDS
) -> None:
    """Let the client make its connections with the newest credentials, for as long as it lives.

    aiokafka asks for them once, when it makes a client. We renew them by the clock, not by errors:
    a client whose brokers refuse it raises nothing, it tries again.
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
