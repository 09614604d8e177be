"""The service: its parts joined, and its life from start to the last commit."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING

import structlog

from consumer.ask.directories import DirectoryReader
from consumer.ask.endusers import EnduserReader
from consumer.ask.halt import HaltWatch
from consumer.ask.measured import MeasuredPlanhat
from consumer.commit import Committer
from consumer.decide.rules import Rules
from consumer.engine.directory import CompanyDirectory, Owners
from consumer.engine.dispatch import Dispatch
from consumer.engine.guard import RejectGuard
from consumer.engine.intake import Intake
from consumer.engine.pace import CatchUp, Pace
from consumer.engine.plan import Planner
from consumer.errors import KafkaError, KafkaRefused
from consumer.kafka.sink import KafkaSink
from consumer.kafka.source import KafkaSource
from consumer.lanes.lane import Lane
from consumer.lanes.policy import policy_of
from consumer.log.troubles import Troubles
from consumer.membership import Membership
from consumer.offsets.assignment import Assignment
from consumer.offsets.lease import Lease, lease_seconds
from consumer.outbox.dead_letters import DeadLetters
from consumer.outbox.results import Results
from consumer.poll import Poller
from consumer.send import Sender
from consumer.start import joined
from consumer.version import is_compiled
from consumer.watch.ages import Ages
from consumer.watch.blocked import Blocked
from consumer.watch.console.join import console_of
from consumer.watch.metrics import Metrics
from consumer.watch.outcomes import Outcomes
from consumer.watch.port.ops import Ops
from consumer.watch.progress import Progress
from consumer.watch.report import Reporter
from consumer.watch.trace_switch import traces_of
from consumer.wording import long_wait, plural
from planhat_client.client import Planhat
from planhat_client.limiter import Limiter, Unlimited
from planhat_client.transport import Transport
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.offsets.record import Partition
    from consumer.offsets.ticket import Ticket
    from consumer.settings import Settings
    from schemas.connector import ConnectorSettings

_log = structlog.get_logger("consumer.app")

_DRAIN_MARGIN_SECONDS = 5.0
_TICK_SECONDS = 0.5
_FLUSH_SECONDS = 5.0
_LETTERS_SECONDS = 5.0
_MOVING_SECONDS = 600.0
_CLOSE_SECONDS = 5.0


class Service:
    """Reads Hull's changes from Kafka and brings Planhat up to date, until told to stop."""

    def __init__(  # noqa: PLR0915 - the one place where all parts are joined
        self, settings: Settings, connector: ConnectorSettings, troubles: Troubles | None = None
    ) -> None:
        """Join the parts; nothing is connected before `run`. `troubles` are fed by the log."""
        self.settings = settings
        rules = Rules.compile(connector)
        kafka = settings.kafka
        planhat = settings.planhat
        endpoints = planhat.endpoints(connector)
        self.lanes = {
            resource: Lane(policy_of(planhat, resource, settings.retry_attempts))
            for resource in Resource
        }
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
            kafka.window, kafka.max_pending_records, kafka.max_pending_bytes
        )
        self.ages = Ages(self.assignment)
        self.catch_up = CatchUp(planhat.batch_size)
        self.guard = RejectGuard(settings.reject_limit)
        self.metrics = Metrics(version("hull-planhat"))
        self.result_sink = KafkaSink(kafka, kafka.results_topic)
        self.results = Results(self.result_sink, self.metrics, random.random)
        self.outcomes = Outcomes() if settings.http.shows_console else None
        self.reporter = Reporter(
            self.metrics,
            self.results.note if kafka.results_topic else None,
            sample=settings.log.sample,
            outcomes=self.outcomes,
            traces=traces_of(settings),
        )
        self.tally = self.reporter.tally
        self.api = Planhat(
            Transport(planhat.request_timeout_seconds, planhat.max_concurrent_requests + 2),
            endpoints,
            planhat.token(connector),
            tracks_singly=planhat.activities == "single",
            keeps_personal=settings.log.pii,
        )
        self.dead_letter_sink = KafkaSink(kafka, kafka.dead_letter_topic)
        self.dead_letters = DeadLetters(self.dead_letter_sink, self._dead_lettered, random.random)
        self.intake = Intake(rules, self.planner, self.guard, self.reporter, self.dead_letters.put)
        self._drain = planhat.request_timeout_seconds + _DRAIN_MARGIN_SECONDS
        self.source = KafkaSource(kafka, self, self._drain)
        self.blocked = Blocked()
        self.poller = Poller(
            self.source, self.assignment, self.intake, self._is_open, self._wake, self.blocked
        )
        self.lease = Lease(
            lease_seconds(kafka.session_timeout_seconds, planhat.request_timeout_seconds)
        )
        self.committer = Committer(self.source, self.reporter, self.lease, self.blocked)
        self.membership = Membership(
            self.source, self.assignment, self.committer, self.lease, self, self.blocked
        )
        self.sender = Sender(
            self.dispatch,
            self.intake,
            self.api,
            self.reporter,
            self._pace,
            self.membership.hold,
        )
        self.asked = MeasuredPlanhat(self.api, self.metrics)
        self.reader = DirectoryReader(
            self.asked,
            self.limiter,
            self.dispatch.halts,
            self.planner,
            self.directory,
            self.owners,
        )
        self.progress = Progress(planhat.request_timeout_seconds)
        self.ops = Ops(self, self.metrics, console_of(self, rules, troubles or Troubles()))
        self._needs_owners = rules.needs_owners
        self._stopping = False

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then drain, commit and leave.

        Raises KafkaRefused if Kafka will not let us in, and PortTaken.
        """
        if self.settings.http.enabled:
            await self.ops.start(self.settings.http.host, self.settings.http.port)
        try:
            if await joined(self.source, self.blocked, stop):
                await self._serve(stop)
        finally:
            await self._close()

    async def _serve(self, stop: asyncio.Event) -> None:
        _log.info("service.started", topics=self.settings.kafka.topics, compiled=is_compiled())
        async with asyncio.TaskGroup() as parts:
            helpers = [
                parts.create_task(work, name=name)
                for name, work in (
                    ("poll", self.poller.run(stop)),
                    ("send", self.sender.run()),
                    ("commit", self.committer.run(self.assignment)),
                    ("dead-letters", self.dead_letters.run()),
                    ("results", self.results.run()),
                    ("directories", self.reader.run(with_owners=self._needs_owners)),
                    ("endusers", self._enduser_reader().run()),
                    (
                        "halt",
                        HaltWatch(self.dispatch, self.asked, self.limiter, self._wake).run(),
                    ),
                    ("tick", self._tick()),
                )
            ]
            await stop.wait()
            await self._finish()
            for helper in helpers:
                helper.cancel()

    def _enduser_reader(self) -> EnduserReader:
        return EnduserReader(
            self.asked,
            self.limiter,
            self.dispatch.halts,
            self.planner,
            self.metrics.looked_up,
            self._wake,
        )

    # What the probes ask

    def healthy(self) -> tuple[bool, str]:
        """Tell whether all loops turn, and what could move does.

        A rebalance can't end while Kafka is away, or refuses us, and a restart would not bring it
        back: it may take its time.
        """
        now = _now()
        if self.membership.moving_since is not None:
            age = now - self.membership.moving_since
            is_well = age <= _MOVING_SECONDS or self.blocked.reason(now) is not None
            return is_well, f"waiting for partitions for {age:.0f} s"
        stuck = self.progress.stuck(now, self.poller.turned_at)
        if stuck is not None:
            return False, stuck
        return True, "polling" if self.poller.turned_at else "starting"

    def ready(self) -> tuple[bool, str]:
        """Tell whether there are partitions, and whether Planhat lets us in."""
        reason, wait = self._why_not_ready(), self.dispatch.asked_wait(_now())
        waits = [] if wait is None else [long_wait(wait, time.time())]
        if reason is not None:
            return False, "; ".join([reason, *waits])
        # The other lanes work: to be taken for unready would stop a roll-out that may mend it.
        held = [f"{one.resource} held: {one.reason}" for one in self.dispatch.halts.lanes]
        owned = len(self.assignment.owned)
        return True, "; ".join([f"{owned} {plural(owned, 'partition')}", *held, *waits])

    def _why_not_ready(self) -> str | None:
        if self._stopping:
            return "stopping"
        if self.dispatch.halts.stops_all:
            return f"halted: {self.dispatch.halts.reason}"
        blocked = self.blocked.reason(_now())
        if blocked is not None:
            return f"Kafka refuses: {blocked}"
        if self.dead_letters.trouble is not None:
            return f"dead letters can't be written: {self.dead_letters.trouble}"
        needed = {
            "the companies of Planhat are not read yet": self.directory.is_loaded,
            "the users of Planhat are not read yet": self.owners.is_loaded
            or not self._needs_owners,
            "no partitions assigned": bool(self.assignment.owned),
            "Kafka does not tell whether the partitions are still ours": self.lease.holds(_now()),
        }
        return next((reason for reason, is_given in needed.items() if not is_given), None)

    # What Kafka tells us

    async def revoked(self, partitions: Sequence[Partition]) -> None:
        """These are about to be taken away."""
        await self.membership.revoked(partitions)
        self.metrics.rebalanced("revoked")

    async def assigned(self, partitions: Sequence[Partition]) -> None:
        """These are ours now."""
        await self.membership.assigned(partitions)
        self.poller.refused = self.membership.refused
        self.metrics.rebalanced("assigned")

    def displaced(self, error: KafkaRefused) -> None:
        """Another process has our place in the group: the poller ends the service by this."""
        _log.error("member.displaced", reason=str(error))
        self.poller.refused = error

    async def land(self) -> bool:
        """Send nothing new; False if a request is still on its way when the time is up."""
        self.dispatch.stopped = True
        deadline = _now() + self._drain
        landed = await self.sender.landed(self._drain)
        # What is not in the dead letters yet, its next owner would write once more.
        await self.dead_letters.landed(min(_LETTERS_SECONDS, deadline - _now()))
        return landed

    def is_unsure(self) -> bool:
        """Tell whether a request failed that may have changed something all the same."""
        return any(lane.parked for lane in self.lanes.values())

    def forget(self) -> None:
        """Drop all work: somebody else does it."""
        self.dispatch.clear()
        self.planner.clear()
        self.intake.clear()
        self.dead_letters.clear()

    def go_on(self, owned: int, total: int) -> None:
        """Work on what is owned now, with its share of the quota."""
        self.limiter.share(owned / total if total else 1.0, _now())
        self.dispatch.stopped = self._stopping and not self.assignment.owned
        self._wake()

    # Life

    async def _finish(self) -> None:
        """Send what is ready, within the bound, and commit."""
        self._stopping = True
        _log.info("service.stopping", waiting=self.dispatch.waiting)
        deadline = _now() + self.settings.shutdown_drain_seconds
        self._wake()
        while not self.dispatch.is_drained and _now() < deadline:  # noqa: ASYNC110 - time is awaited too
            await asyncio.sleep(0.02)
        self.dispatch.stopped = True
        landed = await self.sender.landed(max(0.0, deadline - _now()))
        await self.dead_letters.landed(min(_LETTERS_SECONDS, deadline - _now()))
        is_clean = landed and not self.is_unsure()
        await self.committer.commit(self.assignment, is_clean=is_clean)
        await self.results.flush(_FLUSH_SECONDS)

    async def _close(self) -> None:
        sinks = (self.dead_letter_sink.close, self.result_sink.close)
        for close in (self._leave, *sinks, self.api.close, self.ops.stop):
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await close()
        _log.info("service.stopped")

    async def _leave(self) -> None:
        """Leave the group, unless a request of ours may still change something at Planhat.

        Then the others get our partitions when the session has timed out, as after a crash: what
        they send can't be overtaken by it.
        """
        flying = self.dispatch.in_flight
        if flying:
            _log.warning("service.left_in_silence", requests=flying)
        await self.source.stop(leaves=not flying)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = _now()
            self.planner.expire(now)
            self.intake.follow_up(self.dispatch.ended(), now)
            # What was given up, or came with a directory, may have let others go on.
            self._wake()
            self.progress.look(self.dispatch, now, is_held=not self.lease.holds(now))
            self._observe()

    def _observe(self) -> None:
        for name, lane in self.lanes.items():
            flying = len(lane.flights)
            self.metrics.lane(name, in_flight=flying, waiting=lane.waiting, parked=lane.parked)
            self.metrics.breaker(name, lane.breaker_state)
        wall = time.time()
        self.ages.look({name: self.source.end(name) for name in self.assignment.owned}, wall)
        ages: dict[tuple[str, int], float] = dict(self.ages.by_partition(wall).items())
        self.metrics.lags(
            {name: self.poller.lag(name) or 0 for name in self.assignment.owned}, ages
        )
        self.metrics.gauge("dead_letters_waiting", self.dead_letters.messages)
        self.metrics.gauge("results_waiting", len(self.results))
        self.metrics.gauge("ready", self.ready()[0])
        self.metrics.gauge("kafka_refused", self.blocked.reason(_now()) is not None)
        backlog = self.assignment.backlog
        self.metrics.backlog(backlog.records, backlog.bytes, max(ages.values(), default=0.0))
        self.metrics.quota(self.limiter.limit, self.limiter.used_ratio(_now()))
        halts = self.dispatch.halts
        self.metrics.halted({halted.kind for halted in halts.service})
        self.metrics.resources_halted({one.resource for one in halts.lanes if one.resource})

    def _is_open(self) -> bool:
        return (
            not self.guard.is_tripped
            and self.directory.is_loaded
            and (self.owners.is_loaded or not self._needs_owners)
        )

    def _pace(self) -> Pace:
        if self._stopping:
            return Pace.AT_ONCE
        unread, waiting = self.poller.unread(), self.dispatch.waiting
        return self.catch_up.pace(unread, waiting, is_full=self.assignment.is_full)

    def _dead_lettered(self, ticket: Ticket) -> None:
        for receipt in ticket.rejected:
            self.metrics.dead_letter(receipt.rejections[0])
        self.intake.resolve(ticket)
        if self.guard.is_tripped:
            self.dispatch.halts.trip("too many messages are rejected", _now())

    def _wake(self) -> None:
        self.sender.wake()


def _now() -> float:
    return asyncio.get_running_loop().time()
