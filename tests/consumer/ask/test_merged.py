"""Contacts of merged users are looked up key by key, or by going through all of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from consumer.ask.endusers import EnduserReader
from planhat_client.endusers import Matches, Page
from planhat_client.errors import (
    PlanhatError,
    PlanhatRejected,
    PlanhatUnavailable,
)
from planhat_client.limiter import Limiter
from schemas.planhat import Enduser, Resource
from tests.consumer.engine_run import CONNECTOR, Engine, account, account_message, user_message
from tests.consumer.virtual_time import in_no_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.engine.merge.choice import Key

ROWS = [
    Enduser.model_validate(
        {
            "_id": f"id-{number}",
            "externalId": f"u-{number}",
            "email": f"u{number}@example.com",
            "companyId": "c",
        }
    )
    for number in range(250)
]


class Contacts:
    """Planhat with these contacts; `filters` tells whether it knows e-mail addresses as filters."""

    def __init__(self, rows: Sequence[Enduser], *, filters: bool = True) -> None:
        self.rows = rows
        self.filters = filters
        self.asked: list[tuple[str, str]] = []
        self.pages: list[int] = []
        self.failures: list[PlanhatError] = []
        self.next_offset: int | None = None

    async def enduser_id(self, external_id: str) -> str | None:
        self.asked.append(("moved", external_id))
        return None

    async def contacts(self, key: Key, value: str) -> Matches:
        self.asked.append((key, value))
        if self.failures:
            raise self.failures.pop()
        name = {"_id": "id", "externalId": "external_id", "email": "email"}[key]
        found = tuple(row for row in self.rows if getattr(row, name) == value)
        return Matches(found, is_whole=self.filters or key != "email")

    async def contacts_page(self, offset: int) -> Page:
        self.pages.append(offset)
        if self.failures:
            raise self.failures.pop()
        rows = tuple(self.rows[offset : offset + 100])
        following = offset + 100 if offset + 100 < len(self.rows) else None
        return Page(rows, self.next_offset if self.next_offset is not None else following)


def merge(winner: int, loser: int) -> dict[str, Any]:
    properties = {
        "merged_id": f"user-{loser}",
        "merged_external_id": f"u-{loser}",
        "merged_email": f"u{loser}@example.com",
    }
    events = [{"event": "User merged", "properties": properties}]
    return user_message(winner, account(1), changes={"is_new": False}, events=events)


class Desk:
    """An engine with merges that have passed the barrier."""

    def __init__(self, api: Contacts, merges: int = 1) -> None:
        self.engine = Engine(
            connector={**CONNECTOR, "on_user_merged": "archive"}, gate=Limiter(6000, 6000)
        )
        self.engine.take(account_message(account(1)))
        self.engine.run()
        self.told: list[str] = []
        self.reader = EnduserReader(api, self.engine.core, self.told.append, _nothing)
        self.engine.take(*[merge(number, 100 + number) for number in range(merges)])
        self.engine.pass_barrier()

    async def read(self) -> None:
        """Look up until nobody waits."""
        reading = asyncio.create_task(self.reader.run())
        lookups = self.engine.core.lookups
        async with asyncio.timeout(300):
            while len(lookups):  # noqa: ASYNC110 - the sign is no event
                await asyncio.sleep(0.05)
        reading.cancel()
        await asyncio.wait([reading])

    @property
    def closing(self) -> list[str]:
        """The contacts that are to be archived."""
        lane = self.engine.lanes[Resource.ENDUSERS]
        holders = dict.fromkeys(lane.claims.holders())
        return sorted(one.key for one in holders if one.key.startswith("id-"))


def _nothing() -> None: ...


def test_a_single_merge_is_looked_up_key_by_key() -> None:
    api = Contacts(ROWS)
    desk = Desk(api)

    in_no_time(desk.read())

    assert api.asked == [
        ("externalId", "u-0"),
        ("externalId", "u-100"),
        ("email", "u0@example.com"),
        ("email", "u100@example.com"),
    ]
    assert api.pages == []
    assert desk.closing == ["id-100"]
    assert desk.told == ["found"]


def test_many_merges_are_looked_up_by_going_through_all_contacts_once() -> None:
    api = Contacts(ROWS)
    desk = Desk(api, merges=30)

    in_no_time(desk.read())

    assert api.asked == []
    assert api.pages == [0, 100, 200]
    assert desk.closing == sorted(f"id-{100 + number}" for number in range(30))


def test_where_a_filter_is_ignored_all_are_gone_through() -> None:
    api = Contacts(ROWS, filters=False)
    desk = Desk(api)

    in_no_time(desk.read())

    assert api.pages == [0, 100, 200]
    assert desk.closing == ["id-100"]


def test_pages_that_never_end_are_not_read_for_ever() -> None:
    api = Contacts(ROWS[:50], filters=False)
    api.next_offset = 0
    desk = Desk(api)

    in_no_time(desk.read())

    assert api.pages == [0, 0]
    assert desk.closing == []


@pytest.mark.parametrize("merges", [1, 30])
def test_a_failure_is_no_answer(merges: int) -> None:
    api = Contacts(ROWS)
    api.failures = [PlanhatUnavailable("503")]
    desk = Desk(api, merges=merges)

    with capture_logs() as logs:
        in_no_time(desk.read())

    assert [line["event"] for line in logs if line["log_level"] == "warning"] == [
        "enduser.not_read"
    ]
    assert len(desk.closing) == merges


def test_an_external_id_of_several_companies_is_found_by_going_through_all() -> None:
    twins = [*ROWS, ROWS[100].model_copy(update={"id": "id-twin", "company_id": "d"})]
    api = Contacts(twins)
    api.failures = [PlanhatRejected("400 not unique")]
    desk = Desk(api)

    with capture_logs() as logs:
        in_no_time(desk.read())

    # One has the loser's address in the other company, too, so both are the loser's.
    assert desk.closing == ["id-100", "id-twin"]
    assert [line["event"] for line in logs] == ["enduser.not_found", "endusers.listed"]


def test_contacts_that_may_be_somebody_elses_are_told() -> None:
    change = {"id": "id-twin", "company_id": "d", "email": "else@example.com"}
    api = Contacts([*ROWS, ROWS[100].model_copy(update=change)])
    desk = Desk(api)

    with capture_logs() as logs:
        in_no_time(desk.read())

    assert desk.closing == ["id-100"]
    (line,) = [line for line in logs if line["event"] == "merge.ambiguous"]
    assert line["contacts"] == ["id-twin"]
