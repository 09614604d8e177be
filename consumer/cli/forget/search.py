"""Finds the contacts of names in Planhat: by reads of one record, by lists, at worst by all."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from consumer.cli.terminal import say
from planhat_client.endusers import has
from planhat_client.errors import PlanhatRejected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumer.cli.forget.calls import Calls
    from consumer.forget.names import Name
    from planhat_client.endusers import Endusers, KeyField
    from schemas.planhat import Enduser

_FIELDS: Final[dict[str, KeyField]] = {"email": "email", "external_id": "externalId"}
_MOST_PAGES: Final = 10_000
_EVERY: Final = 50
"""Pages after which a line tells how far it is."""


class Search:
    """Each name costs one to four calls; all contacts are read only if lists can't be believed."""

    def __init__(self, endusers: Endusers, calls: Calls, *, reads_all: bool) -> None:
        """`reads_all`: lists are not believed, whatever they say."""
        self._endusers = endusers
        self._calls = calls
        self._found: dict[Name, dict[str, Enduser]] = {}
        self._unsure: dict[tuple[KeyField, str], Name] = {}
        self.refused: dict[Name, str] = {}
        """Names that Planhat would not look up, and what it said."""
        self._ignored: set[KeyField] = {"email", "externalId"} if reads_all else set()

    async def find(self, names: Iterable[Name]) -> dict[Name, list[Enduser]]:
        """The contacts of each name, none of a Hull id; raises PlanhatError and Stopped."""
        for name in names:
            self._found[name] = {}
            if name.kind == "planhat_id":
                await self._by_id(name)
            elif name.kind in _FIELDS:
                await self._by_key(name, _FIELDS[name.kind])
        self._unsure = {
            (_FIELDS[name.kind], name.value): name
            for name in self._found
            if _FIELDS.get(name.kind) in self._ignored
        }
        if self._unsure:
            say(["hull-planhat: reads all contacts, 2,000 a call"])
            if not await self._scan(archived=False):
                await self._scan(archived=True)
        return {name: list(rows.values()) for name, rows in self._found.items()}

    async def _by_id(self, name: Name) -> None:
        try:
            row = await self._calls.ask(lambda: self._endusers.by_id(name.value))
        except PlanhatRejected as error:
            self.refused[name] = str(error)
            return
        self._add(name, [] if row is None else [row])

    async def _by_key(self, name: Name, field: KeyField) -> None:
        if field == "externalId":
            try:
                rows = await self._calls.ask(lambda: self._endusers.by_external_id(name.value))
                self._add(name, rows)
            except PlanhatRejected:
                pass  # several companies have one of it: lists tell which
        for spelling in dict.fromkeys((name.given or name.value, name.value)):
            # Archived ones may be in a list only if they are asked for.
            await self._listed(name, field, spelling, archived=False)
            await self._listed(name, field, spelling, archived=True)

    async def _listed(self, name: Name, field: KeyField, spelling: str, *, archived: bool) -> None:
        """Look in a filtered list; one that shows others, or too many, is believed no more."""
        if field in self._ignored:
            return
        try:
            found = await self._calls.ask(
                lambda: self._endusers.having(field, spelling, archived=archived)
            )
        except PlanhatRejected:
            if not archived:
                self._ignored.add(field)
            return
        self._add(name, found.rows)
        if not found.is_whole:
            self._ignored.add(field)

    async def _scan(self, *, archived: bool) -> bool:
        """Read page by page; whether archived contacts were among them."""
        offset, first, has_archived = 0, "", False
        for number in range(1, _MOST_PAGES + 1):
            page = await self._calls.ask(partial(self._endusers.page, offset, archived=archived))
            has_archived = has_archived or any(row.archived for row in page.rows)
            begin = page.rows[0].id if page.rows else ""
            if page.rows and begin == first:
                raise PlanhatRejected("its list of contacts does not go on: all can't be read")
            first = begin
            for row in page.rows:
                self._match(row)
            if page.next_offset is None or (archived and not has_archived):
                return has_archived
            offset = page.next_offset
            if number % _EVERY == 0:
                say([f"hull-planhat: {offset:,} contacts are read"])
        raise PlanhatRejected(f"more than {_MOST_PAGES:,} pages of contacts")

    def _match(self, row: Enduser) -> None:
        keys: tuple[tuple[KeyField, str | None], ...] = (
            ("email", row.email and row.email.lower()),
            ("externalId", row.external_id),
        )
        for field, value in keys:
            name = self._unsure.get((field, value or ""))
            if name is not None and has(row, field, name.value):
                self._add(name, [row])

    def _add(self, name: Name, rows: Iterable[Enduser]) -> None:
        for row in rows:
            self._found[name].setdefault(row.id, row)
