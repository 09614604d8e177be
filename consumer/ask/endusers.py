"""Asks Planhat for the ids of endusers that moved or were merged, a few at once; each is a call.

Many are looked up by going through all contacts, page by page.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

import structlog

from consumer.ask.rest import Rest, apply_backpressure, take_call, tell_gate
from consumer.clock import loop_time
from consumer.engine.merge.listing import Listing
from planhat_client.endusers import Matches
from planhat_client.errors import PlanhatError, PlanhatRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from consumer.engine.engine import Engine
    from consumer.engine.merge.choice import Ask, Key
    from consumer.lanes.part import Part
    from planhat_client.endusers import Page
    from schemas.planhat import Enduser

_log = structlog.get_logger("consumer.endusers")

_LOOK_SECONDS = 0.1
_JITTER = 0.9
"""Look-ups are few: what matters is the pause, not that it differs."""

_MOST_PAGES = 1000

End: TypeAlias = Literal["found", "absent", "given up"]


class Endusers(Protocol):
    """What is asked of Planhat; all raise PlanhatError."""

    async def enduser_id(self, external_id: str) -> str | None:
        """The id of the only enduser of that external id."""

    async def contacts(self, key: Key, value: str) -> Matches:
        """The endusers that have this key."""

    async def contacts_page(self, offset: int) -> Page:
        """Some of all endusers."""


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
        self._merges = engine.planner.merges
        self._tell = tell
        self._wake = wake
        self._finds_by_email = True
        self.rest = Rest(engine, _LOOK_SECONDS)

    async def run(self) -> None:
        """Look up until cancelled."""
        async with asyncio.TaskGroup() as asked:
            while True:
                part = None if self._halts.stops_all else self._lookups.next(loop_time())
                if part is None:
                    await self._list_many()
                    await self.rest.take()
                    continue
                asks = self._merges.asks(part)
                known = self._lookups.known_id(part) if asks is None else None
                if known is not None:
                    self._end(part, known, "found")
                    continue
                flight = await take_call(self._engine)
                work = self._ask(part, flight) if asks is None else self._gather(part, asks, flight)
                asked.create_task(work, name="look up")

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
            self._fail([part], error)
        else:
            tell_gate(self._engine, flight)
            self._halts.read_worked("enduser")
            self._end(part, found, "absent" if found is None else "found")
        self.rest.end()

    async def _gather(self, part: Part, asks: Sequence[Ask], flight: int | None) -> None:
        """Find the contacts that a merge concerns, key by key."""
        rows: dict[str, Enduser] = {}
        is_whole = True
        for key, value in asks:
            if key == "email" and not self._finds_by_email:
                is_whole = False
                continue
            try:
                matches = await self._contacts(key, value, flight)
            except PlanhatError as error:
                self._fail([part], error)
                return
            flight = None  # the next one is another call
            rows.update({row.id: row for row in matches.rows})
            is_whole = is_whole and matches.is_whole
        if is_whole:
            self._found(part, list(rows.values()))
        else:
            self._lookups.defer(part, loop_time())
        self.rest.end()

    async def _contacts(self, key: Key, value: str, flight: int | None) -> Matches:
        flight = await take_call(self._engine) if flight is None else flight
        try:
            found = await self._api.contacts(key, value)
        except PlanhatRejected as error:  # several companies may have one of that external id
            _log.warning("enduser.not_found", reason=str(error))
            tell_gate(self._engine, flight, error)
            found = Matches((), is_whole=False)
        except PlanhatError as error:
            apply_backpressure(self._engine, "enduser", flight, error)
            raise
        else:
            tell_gate(self._engine, flight)
            if key == "email" and not found.is_whole:
                # A filter that Planhat takes no notice of never tells anything.
                self._finds_by_email = False
        self._halts.read_worked("enduser")
        return found

    async def _list_many(self) -> None:
        """Go through all contacts, if there are many to be looked up."""
        if self._halts.stops_all:
            return
        more_come = len(self._engine.planner.barrier) > 0
        parts = self._lookups.take_many(loop_time(), more_come=more_come)
        if not parts:
            return
        self._lookups.is_listing = True
        try:
            await self._list(parts)
        finally:
            self._lookups.is_listing = False
        self._wake()

    async def _list(self, parts: Sequence[Part]) -> None:
        listing = Listing(
            {
                part: asks
                if (asks := self._merges.asks(part)) is not None
                else [("externalId", str(part.body["externalId"]))]
                for part in parts
            }
        )
        offset: int | None = 0
        pages, first = 0, ""
        while offset is not None and pages < _MOST_PAGES:
            flight = await take_call(self._engine)
            try:
                page = await self._api.contacts_page(offset)
            except PlanhatError as error:
                apply_backpressure(self._engine, "endusers", flight, error)
                self._fail(parts, error)
                return
            tell_gate(self._engine, flight)
            listing.page(page.rows)
            pages += 1
            begins = page.rows[0].id if page.rows else ""
            # One that takes no notice of the offset would be read for ever.
            offset = None if begins == first else page.next_offset
            first = begins
        self._halts.read_worked("endusers")
        self._lookups.listed(pages)
        _log.info("endusers.listed", calls=pages, looked_up=len(parts))
        for part in parts:
            self._found(part, listing.rows_of(part))

    def _found(self, part: Part, rows: Sequence[Enduser]) -> None:
        self._tell("found" if rows else "absent")
        left = self._engine.looked_up(part, rows, loop_time())
        if left:
            _log.warning(
                "merge.ambiguous",
                hull_id=part.key,
                contacts=[row.id for row in left],
                reason="several companies have a contact with an external id of who was merged",
            )
        self._wake()

    def _end(self, part: Part, found: str | None, end: End) -> None:
        self._tell(end)
        self._lookups.found(part, found, loop_time())
        self._wake()

    def _fail(self, parts: Sequence[Part], error: PlanhatError) -> None:
        self._halts.ask()  # whether it is these look-ups, or Planhat
        now = loop_time()
        tries = {
            part: self._lookups.failed(part, self._halts.works, now, _JITTER) for part in parts
        }
        if None in tries.values():
            _log.warning("enduser.not_read", reason=str(error))
        for part, count in tries.items():
            if count is None:
                continue
            _log.warning("enduser.given_up", reason=str(error), attempts=count)
            self._tell("given up")
            self._engine.looked_up(part, [], now)
            self._wake()
