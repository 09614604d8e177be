"""Reads companies, users and custom fields of Planhat when those who keep them want it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.ask.rest import Rest, apply_backpressure, take_call, tell_gate
from consumer.clock import loop_time
from planhat_client.errors import PlanhatError, PlanhatUnavailable
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from consumer.decide.custom.faults import Fault
    from consumer.engine.engine import Engine
    from schemas.custom_field import CustomField
    from schemas.planhat import LeanCompany, PlanhatUser

_log = structlog.get_logger("consumer.directory")

_LOOK_SECONDS = 0.5
_FIELDS_SECONDS = 5.0
"""So long the first record waits for the custom fields."""


class Directories(Protocol):
    """What is read of Planhat; all raise PlanhatError."""

    async def companies(self) -> list[LeanCompany]:
        """All companies, in one call."""

    async def users(self) -> list[PlanhatUser]:
        """All users of Planhat."""

    async def custom_fields(self) -> list[CustomField]:
        """All custom fields of the tenant."""


class DirectoryReader:
    """Keeps what was read fresh; its calls count like any other."""

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
            elif engine.tenant.try_now(now):
                await self._read_fields()
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

    async def _read_fields(self) -> None:
        """Without them the service goes on: a token that may not read them halts nothing."""
        engine, tenant = self._engine, self._engine.tenant
        found, reason = [], "it tells of none"  # none, although there are rows for some
        flight = -1
        try:
            async with asyncio.timeout(None if tenant.is_settled else _FIELDS_SECONDS):
                flight = await take_call(engine)
                found = await self._api.custom_fields()
            tell_gate(engine, flight)
        except TimeoutError:
            reason = f"no answer in {_FIELDS_SECONDS:g} s"
            tell_gate(engine, flight, PlanhatUnavailable(reason))
        except PlanhatError as error:
            reason = str(error)
            tell_gate(engine, flight, error)
        if found:
            self._tell(len(found), tenant.read(found, loop_time()))
        elif tenant.failed(reason, loop_time()):
            _log.warning("fields.not_read", reason=reason)

    @staticmethod
    def _tell(fields: int, faults: Iterable[Fault]) -> None:
        _log.info("directory.read", fields=fields)
        for fault in faults:
            _log.warning(
                "field.fault",
                resource=fault.resource.value,
                field=fault.field,
                fault=fault.kind,
                reason=str(fault),
            )

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
