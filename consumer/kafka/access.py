"""A door to aiokafka: what is there and what we may, for `check`, and why brokers refuse us.

Nothing is changed. Of a refusal aiokafka's clients tell nothing, they only log it.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from aiokafka import errors as foreign
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.conn import collect_hosts, create_conn
from aiokafka.coordinator.protocol import ConsumerProtocol

from consumer.errors import KafkaBlocked, KafkaError, KafkaRefused
from consumer.kafka.connection import connection
from consumer.kafka.reachability import Group, KafkaFacts, Member
from consumer.kafka.reader import TopicReader, told
from consumer.offsets.record import Partition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.offsets.record import Record
    from consumer.settings.kafka import KafkaSettings

_ANSWER_SECONDS: Final = 10.0
_LOGIN_SECONDS: Final = 5.0
_LOGIN: Final = (
    foreign.SaslAuthenticationFailed,
    foreign.UnsupportedSaslMechanismError,
    foreign.IllegalSaslStateError,
)
_SIZE: Final = "max.message.bytes"


async def kafka_facts(settings: KafkaSettings) -> KafkaFacts:
    """Look around; nothing is raised, each wait is bounded."""
    admin = AIOKafkaAdminClient(
        **connection(settings),
        client_id="hull-planhat",
        request_timeout_ms=round(_ANSWER_SECONDS * 1000),
    )
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await admin.start()
            # All of them: to ask for one by name may create it.
            found = await admin.describe_topics()
        # How many partitions there are, and how many of them have a leader.
        topics = {
            one["topic"]: (len(one["partitions"]), sum(p["leader"] >= 0 for p in one["partitions"]))
            for one in found
        }
        group = await _group(admin, settings)
        ours = [*settings.topics, settings.dead_letter_topic]
        sizes = await _sizes(admin, [name for name in ours if name in topics])
        members = await _members(admin, settings.group_id)
        unreadable, newest = await _reads(settings, topics)
        return KafkaFacts("", topics, group, unreadable, sizes, members, newest)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was to be found out
        return KafkaFacts(await why_refused(settings) or _text(error, settings), {}, "", {})
    finally:
        await admin.close()


async def _group(admin: AIOKafkaAdminClient, settings: KafkaSettings) -> str:
    """Why our group may not be used; empty if it may, and if the coordinator is on its way."""
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            await admin.list_consumer_group_offsets(settings.group_id)
    except Exception as error:  # noqa: BLE001 - see above
        if isinstance(told(error), KafkaRefused | KafkaBlocked):
            return _text(error, settings)
    return ""


async def _sizes(admin: AIOKafkaAdminClient, topics: list[str]) -> dict[str, int]:
    """Topic -> the largest record it takes; those that we may not ask about are left out."""
    wanted = [ConfigResource(ConfigResourceType.TOPIC, name, {_SIZE: ""}) for name in topics]
    found: dict[str, int] = {}
    with suppress(Exception):
        async with asyncio.timeout(_ANSWER_SECONDS):
            for answer in await admin.describe_configs(wanted):
                for code, _, _, name, entries in answer.resources:
                    values = {entry[0]: entry[1] for entry in entries}
                    if not code and _SIZE in values:
                        found[name] = int(values[_SIZE])
    return found


async def _members(admin: AIOKafkaAdminClient, group_id: str) -> Group:
    """Who is in the group, as far as we may know: to ask for it is no right of the service."""
    with suppress(Exception):
        async with asyncio.timeout(_ANSWER_SECONDS):
            for answer in await admin.describe_consumer_groups([group_id]):
                for code, _, _, kind, protocol, members, *_ in answer.groups:
                    if not code:
                        told_of = [Member(one[1], one[2], _topics(one[3])) for one in members]
                        return Group(kind, protocol, told_of)
    return Group()


def _topics(metadata: bytes) -> frozenset[str] | None:
    with suppress(Exception):  # written by whatever program it is
        return frozenset(ConsumerProtocol.METADATA.decode(metadata).subscription)
    return None


async def _reads(
    settings: KafkaSettings, topics: dict[str, tuple[int, int]]
) -> tuple[dict[str, str], dict[str, Record]]:
    """Of those of ours that are there: topic -> why it can't be read; topic -> a newest record."""
    failed: dict[str, str] = {}
    newest: dict[str, Record] = {}
    for topic in settings.topics:
        if topic in topics:
            try:
                found = await _read(settings, topic)
            except KafkaError as error:
                failed[topic] = str(error)
            else:
                newest |= {topic: found} if found else {}
    return failed, newest


async def _read(settings: KafkaSettings, topic: str) -> Record | None:
    """Read one record, where there is one: then the leader was asked, and let us."""
    async with TopicReader(settings) as reader:
        spans = await reader.spans(topic)
        for number, (start, end) in spans.items():
            if start < end:
                async for record in reader.read(Partition(topic, number), end - 1, end):
                    return record
                return None
    return None


def _text(error: Exception, settings: KafkaSettings) -> str:
    return str(told(error, f" from {settings.bootstrap_servers}", _ANSWER_SECONDS))


async def why_refused(settings: KafkaSettings) -> str:
    """What the first broker that answers has against us, if anything; all are asked at once."""
    options = connection(settings)
    brokers = collect_hosts(options.pop("bootstrap_servers"), randomize=False)
    told = await asyncio.gather(*(_asked(host, port, options) for host, port, _ in brokers))
    return next((reason for reason in told if reason is not None), "")


async def _asked(host: str, port: int, options: dict[str, Any]) -> str | None:
    """What a broker has against us; empty if nothing, None if that was not told."""
    try:
        async with asyncio.timeout(_LOGIN_SECONDS):
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
