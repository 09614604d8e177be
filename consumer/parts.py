"""The parts of the service, joined: who is given whom."""

from __future__ import annotations

import random
import time
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from consumer.ask.barrier import BarrierWatch
from consumer.ask.directories import DirectoryReader
from consumer.ask.endusers import EnduserReader
from consumer.ask.halt import HaltWatch
from consumer.ask.measured import MeasuredPlanhat
from consumer.ask.removals import Remover
from consumer.clock import loop_time
from consumer.commit import Committer
from consumer.decide.rules import Rules
from consumer.engine.engine import Engine, EnginePolicy, pace
from consumer.kafka.member import KafkaSource
from consumer.kafka.producer import KafkaSink
from consumer.lanes.policy import policy_of
from consumer.membership import Membership
from consumer.offsets.lease import lease_seconds
from consumer.outbox.dead_letters import DeadLetters
from consumer.outbox.results import Results
from consumer.poll import Poller
from consumer.probes import Probes
from consumer.send import Sender
from consumer.tick import Tick
from consumer.watch.ages import Ages
from consumer.watch.blocked import Blocked
from consumer.watch.console.door import Door
from consumer.watch.metrics import Metrics
from consumer.watch.outcomes.outcomes import Outcomes
from consumer.watch.port.ops import Ops
from consumer.watch.progress import Progress
from consumer.watch.report import Reporter
from consumer.watch.topic.told import Told
from planhat_client.client import Planhat
from planhat_client.limiter import Limiter
from planhat_client.sparing import Sparing
from planhat_client.transport import Transport
from schemas.planhat import Resource
from schemas.settings_error import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.log.troubles import Troubles
    from consumer.offsets.ticket import Ticket
    from consumer.settings import Settings
    from consumer.watch.console.door import Handlers
    from consumer.watch.console.view import View
    from consumer.watch.trace import Traces
    from schemas.connector import ConnectorSettings

_DRAIN_MARGIN_SECONDS: Final = 5.0


class Parts:
    """All parts; what has a life of its own, or is asked for by name, is a field."""

    def __init__(  # noqa: PLR0915 - the one place where all parts are joined
        self, settings: Settings, connector: ConnectorSettings, troubles: Troubles
    ) -> None:
        """Join them; nothing is connected. `troubles` are fed by the log."""
        kafka, planhat, rules = settings.kafka, settings.planhat, Rules.compile(connector)
        drain_seconds = planhat.request_timeout_seconds + _DRAIN_MARGIN_SECONDS

        # watch, and outbox: what is told, and what is written to Kafka
        self.metrics = metrics = Metrics(version("hull-planhat"))
        self.blocked = blocked = Blocked()
        self.result_sink = KafkaSink(kafka, kafka.results_topic)
        self.results = Results(
            self.result_sink.write_all,
            lambda outcome, count: metrics.count("results", outcome, by=count),
            random.random,
        )
        self.outcomes = outcomes = Outcomes() if settings.http.shows_console else None
        self.told = told = Told.of(settings, connector, rules, metrics, troubles)
        self.reporter = reporter = Reporter(
            metrics,
            self.results.note if kafka.results_topic else None,
            sample=settings.log.sample,
            outcomes=outcomes,
            traces=_traces(settings),
            lines=None if told is None else told.lines,
        )

        def dead_lettered(ticket: Ticket) -> None:
            for receipt in ticket.rejected:
                metrics.count("dead_letters", receipt.rejections[0])
            engine.intake.resolve(ticket, loop_time())

        self.dead_letter_sink = KafkaSink(kafka, kafka.dead_letter_topic)
        self.dead_letters = DeadLetters(
            self.dead_letter_sink.write_each, dead_lettered, random.random
        )

        # engine
        sparing = Sparing(planhat.quota_share, planhat.freshness_seconds)
        limiter = Limiter(planhat.requests_per_minute, planhat.burst, sparing)
        put, policy = self.dead_letters.put, engine_policy(settings)
        self.engine = engine = Engine(rules, policy, limiter, reporter, put, random.random)

        # send, commit, membership: between Kafka, the engine and Planhat
        self.source = source = KafkaSource(kafka, drain_seconds)
        self.api = Planhat(
            Transport(planhat.request_timeout_seconds, planhat.max_concurrent_requests + 2),
            planhat.endpoints(connector),
            planhat.token(connector),
            tracks_singly=planhat.activities == "single",
            keeps_personal=settings.log.pii,
        )
        self.sender = sender = Sender(
            engine,
            self.api,
            reporter.batch_sent,
            self.dead_letters,
            lambda: pace(engine, source.end),
            drain_seconds,
            None if told is None else told.lines.changes.settled,
        )
        committed, rebalanced = (partial(metrics.count, name) for name in ("commits", "rebalances"))
        landed = None if told is None else told.landed
        self.committer = committer = Committer(
            source.commit, committed, engine.lease, blocked, landed
        )

        def moved(kind: str) -> None:
            rebalanced(kind)
            if told is not None:
                told.note(kind, f"{len(engine.assignment.owned)} partitions are ours")

        self.membership = member = Membership(source, engine, committer, sender, blocked, moved)

        # ask
        asked = MeasuredPlanhat(self.api, metrics)
        looked_up = partial(metrics.count, "lookups")
        self.directory_reader = DirectoryReader(asked, engine)
        self.enduser_reader = EnduserReader(asked, engine, looked_up, sender.wake)
        self.halt_watch = HaltWatch(engine, asked, sender.wake)
        self.remover = Remover(asked, engine, sender.wake)
        merged = partial(metrics.count, "merges")
        self.barrier_watch = BarrierWatch(source, engine, merged, sender.wake)
        askers = (self.directory_reader, self.enduser_reader, self.halt_watch)
        rests = [asker.rest for asker in (*askers, self.remover, self.barrier_watch)]

        # poll
        def woken() -> None:
            sender.wake()
            committer.wake()
            for rest in rests:
                rest.work_came()

        self.poller = Poller(source, engine, lambda: member.refused, woken, blocked)

        # probes, tick, and the console
        progress = Progress(planhat.request_timeout_seconds)
        self.probes = probes = Probes(
            engine, self.membership, self.poller, progress, blocked, self.dead_letters
        )
        ages = Ages(engine.assignment)
        self.tick = Tick(probes, sender, source, limiter, self.results, ages, metrics, told)
        started_at = time.time()

        def view(outcomes: Outcomes) -> View:
            from consumer.watch.console.view import View  # noqa: PLC0415 - when first asked, see _ops
            from consumer.watch.explain.known import Known  # noqa: PLC0415 - likewise

            wait, tracks_singly = settings.company_wait_seconds, planhat.activities == "single"
            return View(
                version=version("hull-planhat"),
                started_at=started_at,
                settings=settings,
                known=Known(engine.companies, engine.owners, wait, tracks_singly),
                engine=engine,
                ages=ages,
                limiter=limiter,
                dead_letters=self.dead_letters,
                blocked=blocked,
                outcomes=outcomes,
                troubles=troubles,
                tally=reporter.tally,
                end_of=source.end,
                probes=probes,
            )

        self.ops = _ops(probes, metrics, None if outcomes is None else partial(view, outcomes))


def engine_policy(settings: Settings) -> EnginePolicy:
    """How the engine behaves, by the settings."""
    kafka, planhat = settings.kafka, settings.planhat
    return EnginePolicy(
        lanes={name: policy_of(planhat, name, settings.retry_attempts) for name in Resource},
        company_wait_seconds=settings.company_wait_seconds,
        max_concurrent=planhat.max_concurrent_requests,
        batch_size=planhat.batch_size,
        reject_limit=settings.reject_limit,
        window=kafka.window,
        max_records=kafka.max_pending_records,
        max_bytes=kafka.max_pending_bytes,
        custom_fields=planhat.custom_fields,
        lease_seconds=lease_seconds(kafka.session_timeout_seconds, planhat.request_timeout_seconds),
    )


def _ops(probes: Probes, metrics: Metrics, view: Callable[[], View] | None) -> Ops:
    """The server of the probes, with the console if there is one.

    It and what explains messages take a tenth of a second to import: not before somebody asks.
    """

    def note(why: str) -> None:
        ops.note(why)  # later: the server is made with the routes of the console

    def load() -> Handlers:
        from consumer.watch.console.server import Console  # noqa: PLC0415 - when first asked

        assert view is not None  # noqa: S101 - there is no door without
        return Console(view(), note).handlers()

    ops = Ops(probes, metrics, [] if view is None else Door(load).routes())
    return ops


def _traces(settings: Settings) -> Traces | None:
    """What makes spans, if TRACES says so; raises InvalidSettings if OpenTelemetry is not there."""
    if not settings.traces:
        return None
    try:
        from consumer.watch.trace import traces  # noqa: PLC0415 - an optional extra

        return traces()
    except ImportError as error:
        raise InvalidSettings(
            "TRACES: true: OpenTelemetry is not installed; install hull-planhat[otel]"
        ) from error
