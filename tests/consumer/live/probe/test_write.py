"""What writing tells of a sandbox, and that nothing of it is left."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, get_args

import pytest
from msgspec.structs import replace

from consumer.live.fields import fields_of
from consumer.live.look import Look
from consumer.live.probe.lessons import by_reading, told
from consumer.live.probe.write import MOST_CALLS, Probing
from consumer.live.questions import PREFIX
from planhat_client.sandbox import Fault, QuotaOptions, SandboxOptions, SandboxServer
from schemas.dialect import Dialect
from schemas.planhat import Resource
from tests.consumer.cli.commands import ROOT
from tests.consumer.live import tenant
from tests.consumer.live.test_look import asking, fast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consumer.settings.findings import Finding
    from planhat_client.answers.heard import Heard
    from planhat_client.raw import RawPlanhat

PAGE = (ROOT / "docs" / "check.md").read_text("utf-8")
_COMPANY_ID = re.compile("check-5a[0-9a-f]+-")
_COUNTED = re.compile(r"\d+ contacts?")
COMPANY = "made-for-this"
MADE = b'{"externalId":"made-for-this","name":"Check"}'

_KEYS = ("externalId", "id", "euExtId", "email")
SPOKEN: dict[str, Sequence[object]] = {
    name: _KEYS if name == "activity_keys" else get_args(field.annotation)[:-1]
    for name, field in Dialect.model_fields.items()
}
"""Each question with its answers, `unknown` left out."""
TENANT = SandboxOptions(
    quota=QuotaOptions(calls_per_second=0),
    page_rows={"companies": 3},
    fields=(
        tenant.field("Plan"),
        tenant.field("Notes", kind="rich text"),
        tenant.field("Tier", kind="list", listValues=["gold", "silver"]),
    ),
    records={
        "companies": tuple(
            {"_id": f"c{at}", "externalId": name, "name": name}
            for at, name in enumerate((COMPANY, "a", "b", "c"))
        ),
        "endusers": (tenant.contact(3), tenant.contact(1)),
    },
)
SWITCHES = [
    (member, (value,) if member == "activity_keys" else value)
    for member, values in SPOKEN.items()
    for value in values
]


def probing(api: RawPlanhat, stop: asyncio.Event | None = None) -> Probing:
    return Probing(api, fast(), stop or asyncio.Event(), pause_seconds=0.0)


def contacts(server: SandboxServer) -> list[Any]:
    return [dict(one) for one in server.state.records["endusers"]]


def is_told(found: list[Finding], code: str) -> bool:
    """Whether a finding has the code, and the page its line."""
    lines = [f"| `{one.code}` | `{one.status}: {one.message}` |" for one in found]
    lines = [_COMPANY_ID.sub("check-c1-", line) for line in lines]
    page = _COUNTED.sub("some", PAGE)
    return any(_COUNTED.sub("some", line) in page for line in lines if f"`{code}`" in line)


@pytest.mark.parametrize(("member", "value"), SWITCHES)
async def test_what_is_learnt_is_what_the_sandbox_does(member: str, value: object) -> None:
    dialect = Dialect.model_validate({member: value})
    async with (
        SandboxServer(replace(TENANT, dialect=dialect)) as server,
        asking(server) as (
            api,
            wire,
        ),
    ):
        theirs = contacts(server)
        look = Look(api, fast(), 200.0, tenant.connector())
        read = by_reading(look.answers, await look.run())
        before = len(wire.methods)
        probe = probing(api)
        fields = fields_of(look.answers) or {}
        found = await probe.run(COMPANY, fields[Resource.ENDUSERS].values())

    learnt = Dialect.model_validate(probe.learnt).over(read)
    assert learnt.known()[member] == value
    assert contacts(server) == theirs
    assert found[-1].code == "write-clean"
    assert len(wire.methods) - before <= MOST_CALLS


async def test_a_company_that_is_not_there_is_not_written_to() -> None:
    async with SandboxServer() as server, asking(server) as (api, wire):
        found = await probing(api).run(COMPANY, [])

    assert wire.methods == ["GET"]
    assert is_told(found, "write-company")


async def test_what_was_left_is_deleted_first() -> None:
    async with SandboxServer() as server, asking(server) as (api, _):
        await api.put(Resource.COMPANIES, [MADE])
        left = f'{{"externalId":"{PREFIX}one","companyId":"extid-{COMPANY}"}}'
        await api.put(Resource.ENDUSERS, [left.encode()])
        found = await probing(api).run(COMPANY, [])

    assert is_told(found, "write-earlier")
    assert contacts(server) == []


async def test_what_was_left_in_another_company_is_not_taken_for_ours() -> None:
    async with SandboxServer(TENANT) as server, asking(server) as (api, _):
        left = f'{{"externalId":"{PREFIX}c1-one","companyId":"extid-a","position":"new"}}'
        await api.put(Resource.ENDUSERS, [left.encode()])
        before = contacts(server)
        probe = probing(api)
        await probe.run(COMPANY, [])

    assert probe.learnt["unknown_id"] == "created"
    assert contacts(server) == before


async def test_where_contacts_need_more_than_ours_have_nothing_is_learnt_and_nothing_left() -> None:
    needed = replace(TENANT, fields=(tenant.field("Wanted", isMandatory=True),), records={})
    async with SandboxServer(needed) as server, asking(server) as (api, _):
        await api.put(Resource.COMPANIES, [MADE])
        probe = probing(api)
        found = await probe.run(COMPANY, [])

    assert [one.code for one in found] == ["write-refused", "write-clean"]
    assert "Wanted" in found[0].message
    assert probe.learnt == {}
    assert contacts(server) == []


async def test_nobody_elses_contact_is_touched() -> None:
    async with SandboxServer() as server, asking(server) as (api, _):
        await api.put(Resource.COMPANIES, [MADE])
        theirs = f'{{"externalId":"u-1","email":"jane@example.com","companyId":"extid-{COMPANY}"}}'
        await api.put(Resource.ENDUSERS, [theirs.encode()])
        before = contacts(server)
        await probing(api).run(COMPANY, [])

    assert contacts(server) == before


async def test_what_cannot_be_deleted_is_named_with_the_remedy() -> None:
    async with SandboxServer() as server, asking(server) as (api, _):
        await api.put(Resource.COMPANIES, [MADE])
        server.faults.add([Fault(kind="forbidden", resource="endusers", method="DELETE")], 0.0)
        found = await probing(api).run(COMPANY, [])

    assert is_told(found, "write-leftovers")
    assert contacts(server) != []


async def test_a_token_that_may_not_write_learns_nothing_and_leaves_nothing() -> None:
    async with SandboxServer() as server, asking(server) as (api, _):
        await api.put(Resource.COMPANIES, [MADE])
        server.faults.add([Fault(kind="forbidden", resource="endusers", method="PUT")], 0.0)
        found = await probing(api).run(COMPANY, [])

    assert is_told(found, "write-refused")
    assert contacts(server) == []


class Stopping:
    """Whoever presses Ctrl-C at the n-th write."""

    def __init__(self, api: RawPlanhat, stop: Callable[[], None], writes: int) -> None:
        self._api, self._stop, self._writes = api, stop, writes
        self.get, self.delete, self.track = api.get, api.delete, api.track

    async def put(self, resource: Resource, items: Sequence[bytes]) -> Heard:
        self._writes -= 1
        if self._writes == 0:
            self._stop()
        return await self._api.put(resource, items)


@pytest.mark.parametrize("writes", [1, 2, 5, 9])
async def test_who_is_interrupted_deletes_what_is_there(writes: int) -> None:
    stop = asyncio.Event()
    async with SandboxServer() as server, asking(server) as (api, _):
        await api.put(Resource.COMPANIES, [MADE])
        stopping = Stopping(api, stop.set, writes)
        found = await Probing(stopping, fast(), stop, pause_seconds=0.0).run(COMPANY, [])

    assert contacts(server) == []
    assert [one.code for one in found][-1] == "write-clean"


async def test_an_answer_that_is_lost_leaves_nothing() -> None:
    async with SandboxServer() as server, asking(server) as (api, _):
        await api.put(Resource.COMPANIES, [MADE])
        lost = Fault(kind="reset_after_write", resource="endusers", method="PUT", probability=0.5)
        server.faults.add([lost], 0.0)
        found = await probing(api).run(COMPANY, [])

    assert contacts(server) == []
    assert found[-1].code == "write-clean"


def test_each_question_has_a_line_whether_or_not_it_was_answered() -> None:
    learnt = Dialect(unknown_id="created", activity_keys=("id", "email"))

    lines = [*told(learnt, {"line_breaks": "contacts have no rich text field"})]

    assert len(lines) == len(Dialect.model_fields)
    assert is_told(lines, "learnt")
    assert is_told(lines, "not-learnt")
