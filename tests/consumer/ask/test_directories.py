"""Directories are read through the same gate as all else, and heed what Planhat says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from consumer.ask.directories import DirectoryReader
from planhat_client.errors import (
    PlanhatError,
    PlanhatThrottled,
    PlanhatUnauthorized,
    PlanhatUnavailable,
)
from planhat_client.limiter import Limiter
from schemas.planhat import LeanCompany, PlanhatUser
from tests.consumer.joined import joined, rules_of

if TYPE_CHECKING:
    from collections.abc import Callable

ROW = LeanCompany.model_validate({"_id": "c1", "externalId": "a-1"})


NO_OWNERS = "account_synchronized_segments: [c]"
OWNERS = """
account_synchronized_segments: [c]
account_attributes_outbound: [{hull_field_name: owner, service_field_name: owner}]
"""


class Asked:
    """Planhat, which fails first as told."""

    def __init__(self, *troubles: PlanhatError) -> None:
        self.troubles = list(troubles)
        self.calls: list[str] = []

    async def companies(self) -> list[LeanCompany]:
        self._fail("companies")
        return [ROW]

    async def users(self) -> list[PlanhatUser]:
        self._fail("users")
        return [PlanhatUser.model_validate({"_id": "u1"})]

    def _fail(self, kind: str) -> None:
        self.calls.append(kind)
        if self.troubles:
            raise self.troubles.pop(0)


class Desk:
    """A reader beside an engine whose directories are not read yet."""

    def __init__(self, *troubles: PlanhatError, settings: str = NO_OWNERS) -> None:
        self.api = Asked(*troubles)
        self.gate = Limiter(6000, 6000)
        self.engine = joined(rules_of(settings), limiter=self.gate)
        self.companies, self.owners = self.engine.companies, self.engine.owners
        self.reader = DirectoryReader(self.api, self.engine)

    async def read(self, until: Callable[[], bool]) -> None:
        reading = asyncio.create_task(self.reader.run())
        async with asyncio.timeout(20):
            while not until():  # noqa: ASYNC110 - what is awaited is no event
                await asyncio.sleep(0.01)
        reading.cancel()
        await asyncio.wait([reading])

    def used(self) -> float:
        return self.gate.used_ratio(asyncio.get_running_loop().time()) * 6000


async def test_each_reading_counts_as_a_call() -> None:
    desk = Desk(settings=OWNERS)

    await desk.read(lambda: desk.owners.is_loaded)

    assert desk.api.calls == ["companies", "users"]
    assert desk.used() == pytest.approx(2)
    assert desk.companies.ids.get("a-1") == "c1"


async def test_owners_are_not_read_where_no_company_names_one() -> None:
    desk = Desk()

    await desk.read(lambda: desk.companies.is_loaded)

    assert desk.api.calls == ["companies"]


@pytest.mark.parametrize(
    "trouble", [PlanhatThrottled("429", 30.0), PlanhatUnavailable("503", 30.0)]
)
async def test_retry_after_holds_for_everybody(trouble: PlanhatError) -> None:
    desk = Desk(trouble)

    await desk.read(lambda: not desk.api.troubles)

    now = asyncio.get_running_loop().time()
    assert desk.gate.wait(now) == pytest.approx(30.0, abs=5.0)


async def test_a_refused_token_halts_the_lanes() -> None:
    desk = Desk(PlanhatUnauthorized("401", 401))

    await desk.read(lambda: desk.engine.halts.stops_all)

    assert not desk.companies.is_loaded


async def test_a_reading_that_failed_is_made_again() -> None:
    desk = Desk(PlanhatUnavailable("network"))

    await desk.read(lambda: desk.companies.is_loaded)

    assert desk.api.calls == ["companies", "companies"]
