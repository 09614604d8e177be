"""Contacts that are there already: found by their keys, listed page by page, deleted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from urllib.parse import quote

import orjson

from planhat_client import protocol
from planhat_client.answers.error_text import is_page, message
from planhat_client.reading import is_last, read_rows
from schemas.planhat import Enduser

if TYPE_CHECKING:
    from planhat_client.protocol import Response
    from planhat_client.reading import Reader

PAGE: Final = 2000
"""The most rows of endusers that a page gives, as clients that read them know."""

_FEW: Final = 100
_SELECT: Final = "select=_id,externalId,email,companyId,name,archived"
_MISSING: Final = frozenset({404, 410})
_REFUSED: Final = frozenset({400, 422})
_NOT_THERE: Final = re.compile(
    r"\bnot found\b|\bno such\b|\b(?:does not|doesn't) exist\b|\bnot exist|\balready deleted\b",
    re.IGNORECASE,
)

KeyField: TypeAlias = Literal["email", "externalId"]
Deletion: TypeAlias = Literal["deleted", "absent"]


@dataclass(frozen=True, slots=True)
class Matches:
    """Endusers that have a key, as a filtered list gave them.

    `is_whole` is False if there may be more: Planhat took no notice of the filter (none is
    documented), or gave as many rows as were asked for.
    """

    rows: tuple[Enduser, ...]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Page:
    """Some of all endusers. `next_offset` is None after the last page."""

    rows: tuple[Enduser, ...]
    next_offset: int | None


class Endusers:
    """One call of the quota each; all raise PlanhatError, and never take a failure for nobody."""

    def __init__(self, reader: Reader) -> None:
        """Nothing is asked yet."""
        self._reader = reader

    async def by_id(self, planhat_id: str) -> Enduser | None:
        """The enduser of an `_id` (`GET /endusers/{_id}`), None if there is none."""
        rows = await self._reader.get(f"endusers/{quote(planhat_id, safe='')}", _records)
        found = (row for row in read_rows(rows, Enduser) if row.id == planhat_id)
        return next(found, None)

    async def by_external_id(self, external_id: str) -> list[Enduser]:
        """Those of an external id (`GET /endusers/extid-...`).

        Several companies may have one each; then it is not documented whether Planhat gives one of
        them, all, or an error. `having` may know of more.
        """
        path = f"endusers/extid-{quote(external_id, safe='')}"
        rows = await self._reader.get(path, _records)
        return [row for row in read_rows(rows, Enduser) if row.external_id == external_id]

    async def having(self, field: KeyField, value: str, *, archived: bool = False) -> Matches:
        """Those whose `field` is `value` (`GET /endusers?email=...`), the archived ones if wanted.

        No filter is documented: each row is compared here, e-mail addresses in any case. `archived`
        asks for archived ones alone; without it, whether a list has them is not documented.
        """
        wanted = "&archived=true" if archived else ""
        asked = f"endusers?{field}={quote(value, safe='')}{wanted}&limit={_FEW}&{_SELECT}"
        rows = await self._reader.get(asked, protocol.rows, orjson.dumps({field: value}))
        fitting = tuple(row for row in read_rows(rows, Enduser) if has(row, field, value))
        return Matches(fitting, is_whole=len(fitting) == len(rows) < _FEW)

    async def page(self, offset: int = 0, *, archived: bool = False) -> Page:
        """A page of all endusers from `offset` on; `archived` asks for archived ones alone."""
        wanted = "&archived=true" if archived else ""
        asked = f"endusers?limit={PAGE}&offset={offset}{wanted}&{_SELECT}"
        rows = await self._reader.get(asked, protocol.rows)
        following = None if is_last(rows) else offset + len(rows)
        return Page(tuple(read_rows(rows, Enduser)), following)

    async def delete(self, planhat_id: str) -> Deletion:
        """Delete one (`DELETE /endusers/{_id}`): again is harmless, then it is "absent".

        What is answered is not documented. Any success means "deleted": read again to be sure.
        """
        return await self._reader.delete(f"endusers/{quote(planhat_id, safe='')}", _deletion)


def has(row: Enduser, field: KeyField, value: str) -> bool:
    """Tell whether it has this key: an address in any case, an external id as it is."""
    if field == "email":
        return (row.email or "").lower() == value.strip().lower()
    return row.external_id == value


def says_missing(told: str) -> bool:
    """Tell whether Planhat says that there is no such record; its words are not documented."""
    return _NOT_THERE.search(told) is not None


def _records(response: Response) -> list[dict[str, Any]] | None:
    """What was read of one record; that there is none may be said in words, too."""
    if response.status not in (*_REFUSED, *_MISSING) or is_page(response.body):
        return protocol.records(response)
    said = message(protocol.parsed(response.body), response.body)
    return [] if response.status in _MISSING or says_missing(said) else None


def _deletion(response: Response) -> Deletion | None:
    if is_page(response.body):
        return None
    document = protocol.parsed(response.body)
    if response.status in range(200, 300):
        counts = document if isinstance(document, dict) else {}
        return "absent" if counts.get("deletedCount", counts.get("n")) == 0 else "deleted"
    said = message(document, response.body)
    is_absent = response.status in _REFUSED and says_missing(said)
    return "absent" if response.status in _MISSING or is_absent else None
