"""Planhat, one method a thing we do."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from planhat_client import protocol
from planhat_client.answers.echo import Echo
from planhat_client.errors import (
    PlanhatError,
    PlanhatRejected,
    PlanhatThrottled,
    PlanhatUnauthorized,
    PlanhatUnavailable,
)
from planhat_client.protocol import Delivered, Halt, Partial, Reject, Retry
from schemas.custom_field import CustomField
from schemas.models import MODELS
from schemas.planhat import Enduser, LeanCompany, PlanhatUser

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from planhat_client.answers.error_text import Clean
    from planhat_client.protocol import Answer, Request, Response
    from schemas.planhat import Resource

    Read: TypeAlias = Callable[[Response, float, Clean], Answer]

_PAGE = 10_000
_FIELDS_PAGE = 2000
_ROUND = 100
_MOST_PAGES = 50
_MUCH = 256 << 10
"""Bytes sent from which on a thread reads the answer: what it repeats is looked for in them."""

Row = TypeVar("Row")
Model = TypeVar("Model", bound=BaseModel)


class Wire(Protocol):
    """Something that sends a request; raises PlanhatUnavailable."""

    async def send(self, request: Request) -> Response:
        """Send once."""

    async def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where Planhat is; the tenant id is a credential (analytics asks for nothing else)."""

    api_url: str
    analytics_url: str
    tenant_id: str = field(repr=False)


class Planhat:
    """The API. Writing never raises: the answer says what to do. Reading raises PlanhatError."""

    def __init__(
        self,
        wire: Wire,
        endpoints: Endpoints,
        token: Callable[[], str],
        *,
        tracks_singly: bool = False,
        keeps_personal: bool = False,
    ) -> None:
        """`token` is asked at each request, so that it may be rotated.

        `tracks_singly`: an activity goes to the endpoint for one, whose names are documented.
        `keeps_personal`: answers may name people; else what we sent of them is masked in reasons.
        """
        self._keeps_personal = keeps_personal
        self._tracks_singly = tracks_singly
        self._wire = wire
        self._endpoints = endpoints
        self._token = token

    async def upsert(self, resource: Resource, items: Sequence[bytes]) -> Answer:
        """Create or update records; `items` are JSON objects, at most 5,000 of them."""
        token = self._token()
        request = protocol.upsert(self._endpoints.api_url, token, resource, items)
        of_people = MODELS[resource].of_people
        return await self._write(request, protocol.read, token, of_people=of_people)

    async def track(self, items: Sequence[bytes]) -> Answer:
        """Store activities, one alone if `tracks_singly`; a success means received, no more."""
        host, tenant_id = self._endpoints.analytics_url, self._endpoints.tenant_id
        if self._tracks_singly:
            (item,) = items
            request = protocol.track_one(host, tenant_id, item)
        else:
            request = protocol.track(host, tenant_id, items)
        return await self._write(request, protocol.read_activities, self._token(), of_people=True)

    async def companies(self) -> list[LeanCompany]:
        """All companies, in one call (`GET /leancompanies`)."""
        return _rows(await self._read("leancompanies", protocol.rows), LeanCompany)

    async def users(self) -> list[PlanhatUser]:
        """All users of Planhat, for owners (`GET /users`)."""
        return await self._pages("users", _PAGE, PlanhatUser)

    async def custom_fields(self) -> list[CustomField]:
        """All custom fields of the tenant (`GET /customfields`)."""
        return await self._pages("customfields", _FIELDS_PAGE, CustomField)

    async def enduser_id(self, external_id: str) -> str | None:
        """Planhat's id of an enduser (`GET /endusers/extid-...`); None if there is none.

        Several companies may have one of that external id: whether Planhat then answers with one
        of them is not documented.
        """
        path = f"endusers/extid-{quote(external_id, safe='')}"
        rows = await self._read(path, protocol.records)
        found = {row.id for row in _rows(rows, Enduser) if row.external_id == external_id}
        return found.pop() if len(found) == 1 else None

    async def probe(self) -> None:
        """Read one company, to learn whether the token is accepted."""
        await self._read("companies?limit=1", protocol.rows)

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def _write(self, request: Request, read: Read, token: str, *, of_people: bool) -> Answer:
        try:
            response = await self._wire.send(request)
        except PlanhatUnavailable as error:
            return Retry(str(error))
        sent = b"" if self._keeps_personal else request.body
        echo = Echo((token, self._endpoints.tenant_id), sent, of_people=of_people)
        if len(request.body) < _MUCH:
            return read(response, time.time(), echo.cleaned)
        return await asyncio.to_thread(_read_much, read, response, echo)

    async def _pages(self, what: str, size: int, model: type[Model]) -> list[Model]:
        """Read page after page; a page of a round number of rows may be all that a server gives."""
        found: list[Model] = []
        offset = 0
        for _ in range(_MOST_PAGES):
            rows = await self._read(f"{what}?limit={size}&offset={offset}", protocol.rows)
            found += _rows(rows, model)
            offset += len(rows)
            if not rows or len(rows) % _ROUND:
                break
        return found

    async def _read(self, path: str, find: Callable[[Response], list[Row] | None]) -> list[Row]:
        """Read what `find` finds in the answer; raises what the answer means if it is nothing."""
        token = self._token()
        response = await self._wire.send(protocol.get(self._endpoints.api_url, token, path))
        rows = find(response)
        if rows is None:
            echo = Echo((token, self._endpoints.tenant_id), b"", of_people=False)
            raise _error(protocol.read(response, time.time(), echo.cleaned))
        return rows


def _read_much(read: Read, response: Response, echo: Echo) -> Answer:
    answer = read(response, time.time(), echo.cleaned)
    if isinstance(answer, Partial) and answer.result.errors:
        echo.prepare()  # `verdict` cleans each of the errors
    return answer


def _error(answer: Answer) -> PlanhatError:
    match answer:
        case Delivered() | Partial():
            return PlanhatUnavailable("the answer is no list")
        case Halt():
            return PlanhatUnauthorized(answer.reason, answer.status)
        case Reject():
            return PlanhatRejected(answer.reason)
        case Retry(status=429):
            return PlanhatThrottled(answer.reason, answer.retry_after)
        case Retry():
            return PlanhatUnavailable(answer.reason, answer.retry_after)


def _rows(rows: list[Any], model: type[Model]) -> list[Model]:
    """The rows that can be read; one that can't costs only itself."""
    found = []
    for row in rows:
        try:
            found.append(model.model_validate(row))
        except ValidationError:
            continue
    return found
