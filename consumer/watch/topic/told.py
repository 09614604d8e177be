"""What is told in the outcomes topic, joined: who makes the lines, and who writes them."""

from __future__ import annotations

import random
import socket
import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Final, Self

from consumer.clock import loop_time
from consumer.kafka.producer import KafkaSink
from consumer.log import cleaner
from consumer.offsets.lease import lease_seconds
from consumer.outbox.outcomes_topic import LANDED_SECONDS, OutcomesTopic
from consumer.watch.outcomes.changes import Changes
from consumer.watch.outcomes.line import Lines
from consumer.watch.outcomes.named import Named
from consumer.watch.outcomes.sent import Sent
from consumer.watch.personal import Shown
from consumer.watch.topic.summary import Summaries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumer.decide.rules import Rules
    from consumer.log.troubles import Troubles
    from consumer.settings import Settings
    from consumer.watch.metrics import Metrics
    from schemas.connector import ConnectorSettings

_LONGEST_TEXT: Final = 1000


class Told:
    """The outcomes topic, the lines for it, and a summary each minute."""

    def __init__(
        self,
        sink: KafkaSink,
        topic: OutcomesTopic,
        lines: Lines,
        summaries: Summaries,
        lease: float,
    ) -> None:
        """`topic` writes to `sink` what it takes of `lines`; a lease holds for so many seconds."""
        self._sink = sink
        self.topic = topic
        self.lines = lines
        self._summaries = summaries
        # What a commit waits for must leave the lease time for another one.
        self._landed_seconds = min(LANDED_SECONDS, lease / 3)

    @classmethod
    def of(
        cls,
        settings: Settings,
        connector: ConnectorSettings,
        rules: Rules,
        metrics: Metrics,
        troubles: Troubles,
    ) -> Self | None:
        """Join them; None if no such topic is set."""
        kafka, keeps = settings.kafka, settings.log.pii
        if not kafka.outcomes_topic:
            return None
        member = kafka.group_instance_id or socket.gethostname()
        run = int(time.time() * 1000)
        sink = KafkaSink(kafka, kafka.outcomes_topic, "zstd")
        topic = OutcomesTopic(
            sink.write_each,
            member,
            run,
            lambda outcome, count: metrics.count("outcomes", outcome, by=count),
            random.random,
        )
        clean = cleaner(keeps_emails=keeps, longest=_LONGEST_TEXT).text
        tenant = settings.planhat.endpoints(connector).tenant_id
        named = Named(clean, tenant, keeps_emails=keeps)
        sent = Sent(Shown(clean, keeps_personal=keeps, rules=rules))
        lines = Lines(named, Changes(named, sent, loop_time), topic.gather)
        topic.feed(lines)
        summaries = Summaries(
            member, run, version("hull-planhat"), metrics.registry.collect, troubles
        )
        lease = lease_seconds(
            kafka.session_timeout_seconds, settings.planhat.request_timeout_seconds
        )
        return cls(sink, topic, lines, summaries, lease)

    def note(self, what: str, detail: str = "") -> None:
        """Something happened that explains a picture."""
        self._summaries.note(what, detail, time.time())

    def look(self, halts: Iterable[str], now: float) -> None:
        """Tell a summary if it is time; `halts` are those of the service."""
        if self._summaries.look(halts, now):
            self._tell(now)

    async def landed(self) -> None:
        """Wait until it is written what is final by now, as long as a commit may wait."""
        await self.topic.landed(self._landed_seconds)

    async def run(self) -> None:
        """Write until cancelled."""
        self.note("started", f"version {version('hull-planhat')}")
        self._tell(time.time())
        await self.topic.run()

    async def flush(self, seconds: float) -> None:
        """Write all that is left, and a last summary, within so many seconds."""
        self.note("stopping")
        self._tell(time.time(), is_last=True)
        await self.topic.flush(seconds)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._sink.close()

    def _tell(self, now: float, *, is_last: bool = False) -> None:
        topic = self.topic
        self.topic.tell(
            self._summaries.take(now, waiting=len(topic), dropped=topic.dropped, is_last=is_last)
        )
