"""Reads the outcomes topic for one profile, once, and tells what it says."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from consumer.cli.history.words import lines
from consumer.cli.read import read_settings
from consumer.cli.terminal import FAILED, guarded, shown, tell, tell_json
from consumer.decide.rules import Rules
from consumer.history.gather import Gathered
from consumer.kafka.reader import TopicReader
from consumer.offsets.record import Partition
from consumer.watch.console.state import moment
from consumer.watch.timeline import timeline
from schemas.outcome.digest import EmailDigest
from schemas.outcome.member import Gap
from schemas.settings_error import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.history.row import Aside
    from consumer.settings import Settings
    from consumer.settings.kafka import KafkaSettings
    from consumer.watch.personal import Shown
    from schemas.connector import ConnectorSettings

_EARLIEST: Final = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """Whom it is about, which topic tells of it, from when on, and how many messages are told."""

    name: str
    topic: str | None
    since: datetime
    count: int
    as_json: bool = False
    pii: bool = False


def run_history(options: HistoryOptions) -> int:
    """Tell it; return 0, 1 if nothing is found or Kafka does not answer, 2 for wrong settings."""

    def told() -> int:
        settings, connector = read_settings(os.environ)
        topic = options.topic or settings.kafka.outcomes_topic
        if not topic:
            raise InvalidSettings(
                "KAFKA_OUTCOMES_TOPIC: missing: the history is in the topic that it names; or name"
                " the topic by --topic"
            )
        since = max(_EARLIEST, options.since).timestamp()
        called = names(options.name, settings, connector)
        found = asyncio.run(gathered(settings.kafka, topic, called, since))
        keeps_personal = options.pii or settings.log.pii
        masks = shown(keeps_personal=keeps_personal, rules=Rules.compile(connector))
        items = [item for item in found.items if item.row.ms >= since * 1000]
        answer = {
            **timeline(options.name, items, masks, options.count),
            "messages": len(items),
            "since": moment(since),
            "gaps": list(_gaps(found.gaps, masks)),
        }
        if options.as_json:
            tell_json(answer)
        else:
            for line in lines(answer):
                tell(line, keeps_personal=keeps_personal)
        return 0 if items else FAILED

    return guarded(told)


def names(name: str, settings: Settings, connector: ConnectorSettings) -> list[str]:
    """By what a profile is found that somebody calls so: an address by its digest, too."""
    tenant = settings.planhat.tenant_id or connector.tenant_id
    if "@" not in name or tenant is None:
        return [name.strip()]
    return [name.strip(), EmailDigest(tenant.get_secret_value()).of(name)]


async def gathered(settings: KafkaSettings, topic: str, some: list[str], since: float) -> Gathered:
    """Read what was told since then (seconds since 1970); raises KafkaError.

    By an address or an id of Planhat only those are found that carry it: then all is read once
    more by the Hull ids that were learnt.
    """
    async with TopicReader(settings) as reader:
        found = await _read(reader, topic, Gathered(some), since)
        if not found.hull_ids <= found.names:
            more = Gathered({*some, *found.hull_ids})
            found = await _read(reader, topic, more, since)
    return found


async def _read(reader: TopicReader, topic: str, found: Gathered, since: float) -> Gathered:
    for number, (start, end) in (await reader.since(topic, since)).items():
        async for record in reader.read(Partition(topic, number), start, end):
            found.read(record.value or b"")
    return found


def _gaps(some: list[Aside], shown: Shown) -> Iterator[dict[str, Any]]:
    for one in some:
        try:
            gap = msgspec.json.decode(one.line, type=Gap)
            told = {"since": moment(gap.since / 1000), "until": moment(gap.until / 1000)}
        except (msgspec.DecodeError, UnicodeDecodeError, OverflowError, ValueError, OSError):
            continue
        yield {**told, "count": gap.count, "reason": shown.text(gap.reason)}
