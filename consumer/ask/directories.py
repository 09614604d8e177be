"""Reads the companies and users of Planhat when their directories want it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.ask.rest import Rest, apply_backpressure, take_call, tell_gate
from consumer.clock import loop_time
from planhat_client.errors import PlanhatError
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from consumer.engine.engine import Engine
    from schemas.planhat import LeanCompany, PlanhatUser

_log = structlog.get_logger("consumer.directory")

_LOOK_SECONDS = 0.5


class Directories(Protocol):
    """What is read of Planhat; both raise PlanhatError."""

    async def companies(self) -> list[LeanCompany]:
        """All companies, in one call."""

    async def users(self) -> list[PlanhatUser]:
        """All users of Planhat."""


class DirectoryReader:
    """Keeps both directories fresh; its calls count like any other."""

    def __init__(self, api: Directories, engine: Engine) -> None:
        """`engine` is told what was read, so that those who waited may go on."""
        self._api = api
        self._engine = engine
        self._failures = 0
        self.rest = Rest(engine, _LOOK_SECONDS)

    async def run(self) -> None:
        """Read until cancelled."""
        engine = self._engine
        while True:
            now = loop_time()
            if engine.companies.try_now(now):
                await self._read("leancompanies", self._read_companies)
            elif engine.needs_owners and engine.owners.try_now(now):
                await self._read("users", self._read_owners)
            else:
                await self.rest.take()

    async def _read_companies(self) -> None:
        companies = self._engine.companies
        companies.begin()
        found = await self._api.companies()
        self._engine.companies_read(found, loop_time())
        _log.info("directory.read", companies=len(found))
        if companies.doubles:
            _log.warning("directory.ambiguous", external_ids=companies.doubles)

    async def _read_owners(self) -> None:
        found = await self._api.users()
        self._engine.owners_read(found, loop_time())
        _log.info("directory.read", owners=len(found))

    async def _read(self, what: str, read: Callable[[], Awaitable[None]]) -> None:
        flight = await take_call(self._engine)
        try:
            await read()
        except PlanhatError as error:
            self._failures += 1
            _log.warning("directory.not_read", reason=str(error), attempts=self._failures)
            apply_backpressure(self._engine, what, flight, error)
            await asyncio.sleep(backoff(self._failures, 1.0))
        else:
            self._failures = 0
            tell_gate(self._engine, flight)
            self._engine.halts.read_worked(what)
