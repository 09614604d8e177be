"""Reads the companies and users of Planhat when their directories want it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.clock import loop_time
from planhat_client.errors import (
    PlanhatError,
    PlanhatThrottled,
    PlanhatUnauthorized,
    PlanhatUnavailable,
)
from planhat_client.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from consumer.engine.directory import CompanyDirectory, Owners
    from consumer.engine.plan import Planner
    from consumer.lanes.halts import Halts
    from planhat_client.limiter import Gate
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

    def __init__(
        self,
        api: Directories,
        limiter: Gate,
        halts: Halts,
        planner: Planner,
        companies: CompanyDirectory,
        owners: Owners,
    ) -> None:
        """`planner` is told what was read, so that those who waited may go on."""
        self._api = api
        self._limiter = limiter
        self._halts = halts
        self._planner = planner
        self._companies = companies
        self._owners = owners
        self._failures = 0

    async def run(self, *, with_owners: bool) -> None:
        """Read until cancelled; without `with_owners` no mapping needs Planhat's users."""
        while True:
            now = loop_time()
            if self._companies.try_now(now):
                await self._read("leancompanies", self._read_companies)
            elif with_owners and self._owners.try_now(now):
                await self._read("users", self._read_owners)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _read_companies(self) -> None:
        self._companies.begin()
        found = await self._api.companies()
        self._companies.read(found, loop_time())
        self._planner.companies_read(loop_time())
        _log.info("directory.read", companies=len(found))
        if self._companies.doubles:
            _log.warning("directory.ambiguous", external_ids=self._companies.doubles)

    async def _read_owners(self) -> None:
        found = await self._api.users()
        self._owners.read(found, loop_time())
        self._planner.owners_read(loop_time())
        _log.info("directory.read", owners=len(found))

    async def _read(self, what: str, read: Callable[[], Awaitable[None]]) -> None:
        while (wait := self._limiter.wait(loop_time())) > 0:  # noqa: ASYNC110 - time itself is awaited
            await asyncio.sleep(wait)
        self._limiter.take(loop_time())
        try:
            await read()
        except PlanhatError as error:
            self._failures += 1
            self._heed(what, error)
            await asyncio.sleep(backoff(self._failures, 1.0))
        else:
            self._failures = 0
            self._halts.read_worked(what)

    def _heed(self, what: str, error: PlanhatError) -> None:
        _log.warning("directory.not_read", reason=str(error), attempts=self._failures)
        match error:
            case PlanhatUnauthorized(status=status):
                self._halts.read_refused(what, status, str(error), loop_time())
            case PlanhatThrottled(retry_after=wait):
                self._limiter.throttled(loop_time(), wait)
            case PlanhatUnavailable(retry_after=float(wait)):
                self._limiter.close(loop_time(), wait)
            case _:
                pass
