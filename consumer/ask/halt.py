"""Asks Planhat what a refusal is about, and whether it lets us in again; says what is halted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.ask.rest import Rest, tell_gate
from consumer.clock import loop_time
from consumer.engine.dispatch import asked_wait
from consumer.engine.engine import held
from consumer.lanes.halts import kind_of, refused_resources
from consumer.log.repeats import Repeats
from consumer.wording import long_wait
from planhat_client.errors import PlanhatError, PlanhatUnauthorized

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.engine.engine import Engine
    from consumer.lanes.halts import Halted
    from schemas.planhat import Resource

_log = structlog.get_logger("consumer.halt")

_LOOK_SECONDS = 0.1


class Probe(Protocol):
    """What the watch needs of Planhat."""

    async def probe(self) -> None:
        """Ask whether the credential is accepted; raises PlanhatError if not."""


class HaltWatch:
    """Looks at the halts, and asks Planhat whenever an answer would begin or end one."""

    def __init__(self, engine: Engine, api: Probe, wake: Callable[[], None]) -> None:
        """`wake` is called when something may go again; a probe counts as a call."""
        self._engine = engine
        self._halts = engine.halts
        self._gate = engine.limiter
        self._api = api
        self._wake = wake
        self.rest = Rest(engine, _LOOK_SECONDS)
        self._repeats = Repeats()
        self._lanes: dict[Resource, Halted] = {}

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self.rest.take()
            if self._halts.probe_is_due(loop_time()) and self._gate.wait(loop_time()) <= 0:
                await self._probe(self._gate.take(loop_time()))
            self._tell()
            self._tell_of_wait()
            self._tell_of_lease()

    async def _probe(self, flight: int) -> None:
        halts = self._halts
        try:
            await self._api.probe()
        except PlanhatUnauthorized as error:
            tell_gate(self._engine, flight, error)
            halts.unanswered(loop_time())
            if halts.begin(kind_of(error.status), str(error), loop_time()):
                self._repeats.forget("unauthorized")
        except PlanhatError as error:
            tell_gate(self._engine, flight, error)
            halts.unanswered(loop_time())
            _log.warning("planhat.not_probed", reason=str(error))
        else:
            tell_gate(self._engine, flight)
            if halts.accepted(loop_time()):
                self._repeats = Repeats()
                _log.info("planhat.recovered")
            self._wake()

    def _tell(self) -> None:
        for halted in self._halts.service.values():
            # What we stopped ourselves, a person ends.
            if halted.kind == "too many rejected":
                if self._repeats.is_due("rejected", loop_time()):
                    _log.error("service.halted", reason=halted.reason, kind=halted.kind)
            elif self._repeats.is_due("unauthorized", loop_time()):
                _log.error("planhat.unauthorized", reason=halted.reason, kind=halted.kind)
        refused = refused_resources(self._halts)
        now_held = {halted.resource: halted for halted in refused if halted.resource}
        for resource, halted in now_held.items():
            if self._repeats.is_due(resource.value, loop_time()):
                _log.error(
                    "planhat.resource_refused", resource=resource.value, reason=halted.reason
                )
        for resource in self._lanes.keys() - now_held.keys():
            self._repeats.forget(resource.value)
            _log.info("planhat.recovered", resource=resource.value)
        self._lanes = now_held

    def _tell_of_wait(self) -> None:
        wait = asked_wait(self._engine.dispatch, loop_time())
        if wait is None:
            self._repeats.forget("wait")
        elif self._repeats.is_due("wait", loop_time()):
            reason = long_wait(wait, time.time())
            _log.warning("planhat.asked_to_wait", reason=reason, seconds=round(wait))

    def _tell_of_lease(self) -> None:
        engine, now = self._engine, loop_time()
        waiting = engine.assignment.backlog.records
        is_held = waiting and held(engine, now) and not engine.lease.holds(now)
        if is_held and self._repeats.is_due("lease", now):
            reason = "the group has not confirmed that the partitions are still ours"
            _log.warning("sending.held", reason=reason, waiting=waiting)
