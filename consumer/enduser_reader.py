"""Asks Planhat for the ids of endusers that moved, one after the other; each is a call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import structlog

from planhat_client.errors import (
    PlanhatError,
    PlanhatRejected,
    PlanhatThrottled,
    PlanhatUnauthorized,
    PlanhatUnavailable,
)
from planhat_client.protocol import Halt
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.dispatch import Dispatch
    from consumer.part import Part
    from consumer.plan import Planner
    from planhat_client.limiter import Gate

_log = structlog.get_logger("consumer.endusers")

_LOOK_SECONDS = 0.1


class Endusers(Protocol):
    """What is asked of Planhat."""

    async def enduser_id(self, external_id: str) -> str | None:
        """The id of the only enduser of that external id; raises PlanhatError."""


class EnduserReader:
    """Looks up whom the planner wants to know; a failure is never taken for "there is none"."""

    def __init__(
        self,
        api: Endusers,
        gate: Gate,
        dispatch: Dispatch,
        planner: Planner,
        wake: Callable[[], None],
    ) -> None:
        """`wake` is called when somebody may go."""
        self._api = api
        self._gate = gate
        self._dispatch = dispatch
        self._planner = planner
        self._wake = wake

    async def run(self) -> None:
        """Look up until cancelled."""
        failures = 0
        while True:
            part = None if self._dispatch.halted else self._planner.lookups.next()
            if part is None:
                await asyncio.sleep(_LOOK_SECONDS)
                continue
            try:
                await self._look_up(part)
                failures = 0
            except PlanhatError as error:
                failures += 1
                self._heed(error, failures)
                await asyncio.sleep(backoff(failures, 1.0))

    async def _look_up(self, part: Part) -> None:
        found = self._planner.known_id(part)
        if found is None:
            found = await self._ask(str(part.body["externalId"]))
        self._planner.looked_up(part, found, _now())
        self._wake()

    async def _ask(self, external_id: str) -> str | None:
        while (wait := self._gate.wait(_now())) > 0:  # noqa: ASYNC110 - time itself is awaited
            await asyncio.sleep(wait)
        self._gate.take(_now())
        try:
            return await self._api.enduser_id(external_id)
        except PlanhatRejected as error:
            # It will never be answered: better a second contact than none.
            _log.warning("enduser.not_found", reason=str(error))
            return None

    def _heed(self, error: PlanhatError, failures: int) -> None:
        _log.warning("enduser.not_read", reason=str(error), attempts=failures)
        match error:
            case PlanhatUnauthorized():
                self._dispatch.halted = self._dispatch.halted or Halt(str(error), 401)
            case PlanhatThrottled(retry_after=wait):
                self._gate.throttled(_now(), wait)
            case PlanhatUnavailable(retry_after=float(wait)):
                self._gate.close_until(_now() + wait)
            case _:
                pass


def _now() -> float:
    return asyncio.get_running_loop().time()
