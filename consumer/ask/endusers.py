"""Asks Planhat for the ids of endusers that moved, a few at once; each is a call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import structlog

from consumer.ask.rest import Rest, apply_backpressure, take_call, tell_gate
from consumer.clock import loop_time
from planhat_client.errors import PlanhatError, PlanhatRejected

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.engine.engine import Engine
    from consumer.lanes.part import Part

_log = structlog.get_logger("consumer.endusers")

_LOOK_SECONDS = 0.1
_JITTER = 0.9
"""Look-ups are few: what matters is the pause, not that it differs."""

End: TypeAlias = Literal["found", "absent", "given up"]


class Endusers(Protocol):
    """What is asked of Planhat."""

    async def enduser_id(self, external_id: str) -> str | None:
        """The id of the only enduser of that external id; raises PlanhatError."""


class EnduserReader:
    """Looks up whom the engine wants to know; a failure alone is not taken for "there is none".

    Who is refused, or fails again and again while other requests work, goes without an id: better
    a second contact than none.
    """

    def __init__(
        self,
        api: Endusers,
        engine: Engine,
        tell: Callable[[End], None],
        wake: Callable[[], None],
    ) -> None:
        """`tell` hears how each look-up ended; `wake` is called when somebody may go."""
        self._api = api
        self._engine = engine
        self._halts = engine.halts
        self._lookups = engine.lookups
        self._tell = tell
        self._wake = wake
        self.rest = Rest(engine, _LOOK_SECONDS)

    async def run(self) -> None:
        """Look up until cancelled."""
        async with asyncio.TaskGroup() as asked:
            while True:
                part = None if self._halts.stops_all else self._lookups.next(loop_time())
                if part is None:
                    await self.rest.take()
                    continue
                known = self._lookups.known_id(part)
                if known is not None:
                    self._end(part, known, "found")
                    continue
                flight = await take_call(self._engine)
                asked.create_task(self._ask(part, flight), name="look up")

    async def _ask(self, part: Part, flight: int) -> None:
        try:
            found = await self._api.enduser_id(str(part.body["externalId"]))
        except PlanhatRejected as error:
            _log.warning("enduser.not_found", reason=str(error))
            tell_gate(self._engine, flight, error)
            self._halts.read_worked("enduser")
            self._end(part, None, "absent")
        except PlanhatError as error:
            apply_backpressure(self._engine, "enduser", flight, error)
            self._fail(part, error)
        else:
            tell_gate(self._engine, flight)
            self._halts.read_worked("enduser")
            self._end(part, found, "absent" if found is None else "found")
        self.rest.end()

    def _end(self, part: Part, found: str | None, end: End) -> None:
        self._tell(end)
        self._lookups.found(part, found, loop_time())
        self._wake()

    def _fail(self, part: Part, error: PlanhatError) -> None:
        self._halts.ask()  # whether it is this look-up, or Planhat
        tries = self._lookups.failed(part, self._halts.works, loop_time(), _JITTER)
        if tries is None:
            _log.warning("enduser.not_read", reason=str(error))
            return
        _log.warning("enduser.given_up", reason=str(error), attempts=tries)
        self._end(part, None, "given up")
