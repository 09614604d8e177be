"""How aiokafka's clients are set up, and how their errors become ours."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aiokafka import errors as foreign

from consumer.errors import CommitRefused, KafkaError, KafkaRefused, KafkaUnavailable
from consumer.part import Partition, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.settings.kafka_settings import KafkaSettings

CLOSE_SECONDS = 5.0
"""How long a client may take to end in order."""

_REFUSED = (
    foreign.AuthenticationFailedError,
    foreign.TopicAuthorizationFailedError,
    foreign.GroupAuthorizationFailedError,
    foreign.ClusterAuthorizationFailedError,
    foreign.UnsupportedSaslMechanismError,
    foreign.IllegalSaslStateError,
)


def translated(error: Exception) -> KafkaError:
    """Our own error for one of aiokafka's or the system's."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, KafkaError):
        return error
    if isinstance(error, _REFUSED):
        return KafkaRefused(text)
    if isinstance(error, foreign.CommitFailedError | foreign.IllegalStateError):
        return CommitRefused(text)
    if isinstance(error, foreign.KafkaError | OSError):
        return KafkaUnavailable(text)
    return KafkaUnavailable(f"{type(error).__name__}: {text}")


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
    """Where the brokers are and how they let us in: options of any client.

    A client that lives for long is given to `keep_renewed`, as what lets us in may be rotated.
    """
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


def records(found: dict[Any, list[Any]]) -> Iterator[Record]:
    """Our own records for those of a poll."""
    for foreign_partition, batch in found.items():
        partition = Partition(*foreign_partition)
        for record in batch:
            yield Record(
                partition,
                record.offset,
                record.key,
                record.value,
                tuple(record.headers),
                record.timestamp / 1000,
            )
