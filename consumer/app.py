"""The service: its parts joined, and its life from start to the last commit."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from consumer.assignment import Assignment
from consumer.commit import Committer
from consumer.company_directory import CompanyDirectory, Owners
from consumer.dead_letters import DeadLetters
from consumer.directory_reader import DirectoryReader
from consumer.dispatch import Dispatch
from consumer.errors import KafkaRefused, KafkaUnavailable
from consumer.guard import RejectGuard
from consumer.intake import Intake
from consumer.kafka import KafkaSink, KafkaSource
from consumer.lane import Lane, LanePolicy
from consumer.plan import Planner
from consumer.poll import Poller
from consumer.report import Reporter
from consumer.rules import Rules
from consumer.send import HaltWatch, Sender
from planhat_client import Planhat
from planhat_client.limiter import Limiter, Unlimited
from planhat_client.protocol import Halt
from planhat_client.retry import backoff
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.part import Partition, Receipt
    from consumer.settings import Settings
    from schemas.connector import ConnectorSettings

_log = structlog.get_logger("consumer.app")

_DRAIN_MARGIN_SECONDS = 5.0
_TICK_SECONDS = 0.5
_ACTIVITY_BATCH = 5000
"""The analytics host takes 32 MB, about 150,000 items (planhat-api, limits): far below it."""


class Service:
    """Reads Hull's changes from Kafka and brings Planhat up to date, until told to stop."""

    def __init__(self, settings: Settings, connector: ConnectorSettings) -> None:
        """Join the parts; nothing is connected before `run`."""
        self.settings = settings
        rules = Rules.compile(connector)
        planhat = settings.planhat
        self.lanes = {resource: Lane(_policy(settings, resource)) for resource in Resource}
        self.directory = CompanyDirectory()
        self.owners = Owners()
        self.planner = Planner(
            self.lanes, self.directory, self.owners, settings.company_wait_seconds
        )
        self.limiter = Limiter(planhat.requests_per_minute, planhat.burst)
        self.dispatch = Dispatch(
            self.lanes,
            self.limiter,
            Unlimited(),
            planhat.max_concurrent_requests,
            random.random,
        )
        self.assignment = Assignment(
            settings.kafka.window, settings.kafka.max_pending_records, settings.kafka.max_pending_bytes
        )
        self.guard = RejectGuard(settings.reject_limit)
        self.reporter = Reporter(self.guard)
        self.tally = self.reporter.tally
        self.api = Planhat.connect(planhat, connector)
        self.dead_letter_sink = KafkaSink(settings.kafka, settings.kafka.dead_letter_topic)
        self.dead_letters = DeadLetters(self.dead_letter_sink, self._dead_lettered, random.random)
        self.intake = Intake(rules, self.planner, self.reporter, self.dead_letters.put)
        self._drain = planhat.request_timeout_seconds + _DRAIN_MARGIN_SECONDS
        self.source = KafkaSource(settings.kafka, self, self._drain)
        self.poller = Poller(self.source, self.assignment, self.intake, self._is_open, self._wake)
        self.sender = Sender(
            self.dispatch, self.intake, self.api, self.reporter, self._is_behind
        )
        self.committer = Committer(self.source, self.reporter)
        self.reader = DirectoryReader(
            self.api, self.limiter, self.dispatch, self.planner, self.directory, self.owners
        )
        self._needs_owners = rules.needs_owners
        self._stopping = False

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then drain, commit and leave.

        Raises KafkaRefused if Kafka will not let us in.
        """
        await self._start(stop)
        _log.info("service.started", topics=self.settings.kafka.topics)
        try:
            async with asyncio.TaskGroup() as parts:
                helpers = [
                    parts.create_task(self.sender.run(), name="send"),
                    parts.create_task(self.committer.run(self.assignment), name="commit"),
                    parts.create_task(self.dead_letters.run(), name="dead-letters"),
                    parts.create_task(self.reader.run(with_owners=self._needs_owners), name="directories"),
                    parts.create_task(HaltWatch(self.dispatch, self.api, self._resume).run()),
                    parts.create_task(self._tick(), name="tick"),
                ]
                await self.poller.run(stop)
                await self._finish()
                for helper in helpers:
                    helper.cancel()
        finally:
            await self._close()

    # What Kafka tells us

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        """Let requests in flight end, commit, forget: somebody else goes on from there."""
        if not self.assignment.owned:
            return
        self.dispatch.stopped = True
        landed = await self.sender.landed(self._drain)
        await self.committer.commit(self.assignment)
        self.assignment.end()
        self.dispatch.clear()
        self.planner.clear()
        self.dead_letters.clear()
        self.committer.forget()
        _log.info("partitions.revoked", partitions=len(partitions), landed=landed)

    async def assigned(self, partitions: Sequence[Partition]) -> None:
        """Own these partitions, from where the group left them."""
        if partitions:
            committed = await self._committed(partitions)
            self.assignment.begin({name: committed.get(name) for name in partitions})
        total = self.source.partition_count()
        share = len(partitions) / total if total else 1.0
        self.planner.sees_all = share >= 1.0
        self.limiter.share(share, _now())
        self.dispatch.stopped = self._stopping and not self.assignment.owned
        self._wake()
        _log.info("partitions.assigned", partitions=len(partitions), of=total)

    # Life

    async def _start(self, stop: asyncio.Event) -> None:
        failures = 0
        while not stop.is_set():
            try:
                await self.source.start()
                missing = await self.source.missing_topics()
            except KafkaUnavailable as error:
                failures += 1
                _log.warning("kafka.unavailable", reason=str(error), attempts=failures)
            else:
                if not missing:
                    return
                failures += 1
                _log.warning("kafka.topic_missing", topics=missing, attempts=failures)
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5 + backoff(failures, random.random())):
                    await stop.wait()

    async def _finish(self) -> None:
        """Send what is ready, within the bound, and commit."""
        self._stopping = True
        _log.info("service.stopping", waiting=self.dispatch.waiting)
        deadline = _now() + self.settings.shutdown_drain_seconds
        self._wake()
        while not self._is_drained() and _now() < deadline:
            await asyncio.sleep(0.02)
        self.dispatch.stopped = True
        await self.sender.landed(max(0.0, deadline - _now()))
        await self.committer.commit(self.assignment)

    async def _close(self) -> None:
        for close in (self.source.stop, self.dead_letter_sink.close, self.api.close):
            with suppress(KafkaRefused, TimeoutError):
                async with asyncio.timeout(10.0):
                    await close()
        _log.info("service.stopped")

    async def _committed(self, partitions: Sequence[Partition]) -> dict[Partition, tuple[int, str]]:
        failures = 0
        while True:
            try:
                async with asyncio.timeout(10.0):
                    return await self.source.committed(partitions)
            except (KafkaUnavailable, TimeoutError) as error:
                failures += 1
                _log.warning("offsets.not_read", reason=str(error), attempts=failures)
                await asyncio.sleep(backoff(failures, random.random()))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = _now()
            self.planner.expire(now)
            self.intake.follow_up(self.dispatch.ended(), now)
            self.reporter.observe(self, now)

    def _is_open(self) -> bool:
        return (
            not self.guard.is_tripped
            and self.directory.is_loaded
            and (self.owners.is_loaded or not self._needs_owners)
        )

    def _is_behind(self) -> bool:
        if self._stopping or self.assignment.is_full:
            return False
        return self.poller.unread() > self.settings.planhat.batch_size

    def _is_drained(self) -> bool:
        return self.dispatch.in_flight == 0 and all(
            lane.ready == 0 for lane in self.lanes.values()
        )

    def _dead_lettered(self, receipt: Receipt) -> None:
        self.intake.resolve(receipt)
        if self.guard.is_tripped and self.dispatch.halted is None:
            self.dispatch.halted = Halt("too many messages are rejected", None)
            _log.error("service.halted", reason="too many messages are rejected")

    def _resume(self) -> None:
        _log.info("planhat.recovered")
        self.dispatch.halted = None
        self._wake()

    def _wake(self) -> None:
        self.sender.wake()


def _policy(settings: Settings, resource: Resource) -> LanePolicy:
    is_activity = resource is Resource.ACTIVITIES
    planhat = settings.planhat
    return LanePolicy(
        resource,
        batch_size=_ACTIVITY_BATCH if is_activity else planhat.batch_size,
        batch_bytes=planhat.batch_bytes,
        concurrency=planhat.lane_concurrency,
        attempts=settings.retry_attempts,
        merges=not is_activity,
        skips_unchanged=planhat.skip_unchanged,
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
