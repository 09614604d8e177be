"""Directories are read through the same gate as all else, and heed what Planhat says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from consumer.ask.directories import DirectoryReader
from consumer.clock import loop_time
from planhat_client.errors import (
    PlanhatError,
    PlanhatRejected,
    PlanhatThrottled,
    PlanhatUnauthorized,
    PlanhatUnavailable,
)
from planhat_client.limiter import Limiter
from schemas.planhat import LeanCompany, PlanhatUser
from tests.consumer.joined import joined, rules_of
from tests.consumer.tenant_fields import custom

if TYPE_CHECKING:
    from collections.abc import Callable

    from schemas.custom_field import CustomField

ROW = LeanCompany.model_validate({"_id": "c1", "externalId": "a-1"})


NO_OWNERS = "account_synchronized_segments: [c]"
CUSTOM = "contact_custom_attributes_outbound: [{hull_field_name: a, service_field_name: Gone}]"
OWNERS = """
account_synchronized_segments: [c]
account_attributes_outbound: [{hull_field_name: owner, service_field_name: owner}]
"""


class Asked:
    """Planhat, which fails first as told."""

    def __init__(self, *troubles: PlanhatError) -> None:
        self.troubles = list(troubles)
        self.calls: list[str] = []
        self.fields = ["Plan"]
        self.is_slow = False

    async def companies(self) -> list[LeanCompany]:
        self._fail("companies")
        return [ROW]

    async def users(self) -> list[PlanhatUser]:
        self._fail("users")
        return [PlanhatUser.model_validate({"_id": "u1"})]

    async def custom_fields(self) -> list[CustomField]:
        self._fail("custom fields")
        if self.is_slow:
            await asyncio.Event().wait()
        return [custom(name) for name in self.fields]

    def _fail(self, kind: str) -> None:
        self.calls.append(kind)
        if self.troubles:
            raise self.troubles.pop(0)


class Desk:
    """A reader beside an engine whose directories are not read yet."""

    def __init__(self, *troubles: PlanhatError, settings: str = NO_OWNERS) -> None:
        self.api = Asked(*troubles)
        self.gate = Limiter(6000, 6000)
        self.engine = joined(rules_of(settings), limiter=self.gate, custom_fields="skip")
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


class FieldsDesk(Desk):
    """Companies are read; the custom fields fail as told."""

    def __init__(self, *troubles: PlanhatError) -> None:
        super().__init__(settings=CUSTOM)
        self.tenant = self.engine.tenant
        self.troubles = troubles

    async def read(self, until: Callable[[], bool]) -> None:
        self.engine.companies_read([ROW], loop_time())
        self.engine.companies.try_now(loop_time())
        self.api.troubles = list(self.troubles)
        await super().read(until)

    @property
    def sent(self) -> list[str]:
        return [field.target for field in self.tenant.in_force.rules.contact.fields]


async def test_the_first_record_waits_for_the_custom_fields() -> None:
    desk = FieldsDesk()
    waits = not desk.engine.is_open

    with capture_logs() as log:
        await desk.read(lambda: desk.engine.is_open)

    assert waits
    assert desk.api.calls == ["custom fields"]
    assert desk.used() == pytest.approx(1)
    assert desk.sent == []
    assert [(line["event"], line.get("field")) for line in log] == [
        ("directory.read", None),
        ("field.fault", "Gone"),
    ]


@pytest.mark.parametrize(
    "trouble",
    [
        PlanhatUnauthorized("403 Forbidden", 403),
        PlanhatUnauthorized("404", 404),
        PlanhatUnavailable("the answer is no list"),
        PlanhatRejected("400 bad"),
        PlanhatThrottled("429", None),
    ],
    ids=str,
)
async def test_without_the_custom_fields_the_service_goes_on(trouble: PlanhatError) -> None:
    desk = FieldsDesk(trouble)

    with capture_logs() as log:
        await desk.read(lambda: desk.engine.is_open)

    assert desk.sent == ["Gone"]
    assert not desk.engine.halts.stops_all
    assert not desk.engine.halts.probe_is_due(loop_time())
    assert [(line["event"], line["reason"]) for line in log] == [("fields.not_read", str(trouble))]


async def test_an_answer_without_any_field_is_not_believed() -> None:
    desk = FieldsDesk()
    desk.api.fields = []

    await desk.read(lambda: desk.engine.is_open)

    assert desk.sent == ["Gone"]
    assert desk.tenant.faults == ()


async def test_custom_fields_that_do_not_come_hold_nothing_up_for_long() -> None:
    desk = FieldsDesk()
    desk.api.is_slow = True
    began = loop_time()

    await desk.read(lambda: desk.engine.is_open)

    assert loop_time() - began < 10
    assert desk.sent == ["Gone"]
