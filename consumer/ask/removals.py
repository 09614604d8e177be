"""Deletes contacts of users that were merged into others; each is a call."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.ask.rest import Rest, apply_backpressure, take_call, tell_gate
from consumer.clock import loop_time
from consumer.engine.engine import held
from planhat_client.errors import PlanhatError, PlanhatRejected, PlanhatUnauthorized
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.engine.engine import Engine
    from consumer.lanes.part import Closing
    from planhat_client.endusers import Deletion

_log = structlog.get_logger("consumer.removals")

_LOOK_SECONDS = 0.1
_NOT_ALLOWED = frozenset({403, 405})


class Deleting(Protocol):
    """What is asked of Planhat."""

    async def delete_contact(self, planhat_id: str) -> Deletion:
        """Delete an enduser, if it is there; raises PlanhatError."""


class Remover:
    """Deletes whom the engine wants deleted, as far as anything may be sent at all."""

    def __init__(self, api: Deleting, engine: Engine, wake: Callable[[], None]) -> None:
        """`wake` is called when somebody may go by that."""
        self._api = api
        self._engine = engine
        self._removals = engine.planner.merges.removals
        self._wake = wake
        self.rest = Rest(engine, _LOOK_SECONDS)

    async def run(self) -> None:
        """Delete until cancelled."""
        async with asyncio.TaskGroup() as deleting:
            while True:
                if not len(self._removals) or not self._may_delete():
                    await self.rest.take()
                    continue
                flight = await take_call(self._engine)
                closing = self._removals.next(loop_time()) if self._may_delete() else None
                if closing is None:
                    tell_gate(self._engine, flight)
                    await self.rest.take()
                    continue
                deleting.create_task(self._delete(closing, flight), name="delete")

    def _may_delete(self) -> bool:
        engine = self._engine
        halts = engine.halts
        return not (
            halts.stops_all
            or halts.lanes[Resource.ENDUSERS].is_on
            or engine.dispatch.stopped
            or engine.lookups.is_listing
            or held(engine, loop_time())
        )

    async def _delete(self, closing: Closing, flight: int) -> None:
        engine = self._engine
        try:
            await self._api.delete_contact(closing.key)
        except PlanhatError as error:
            is_refused = isinstance(error, PlanhatRejected) or (
                isinstance(error, PlanhatUnauthorized) and error.status in _NOT_ALLOWED
            )
            if is_refused:
                tell_gate(engine, flight, error)
                engine.removed(closing, str(error), loop_time())
            else:
                apply_backpressure(engine, "removal", flight, error)
                engine.halts.ask()
                _log.warning("contact.not_deleted", reason=str(error))
                self._removals.failed(closing, loop_time(), random.random())
        else:
            tell_gate(engine, flight)
            engine.removed(closing, "", loop_time())
        self._wake()
        self.rest.end()
