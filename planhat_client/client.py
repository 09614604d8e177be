"""Planhat, one method a thing we do."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from planhat_client import protocol
from planhat_client.answers.echo import Echo
from planhat_client.endusers import Endusers
from planhat_client.errors import PlanhatUnavailable
from planhat_client.protocol import Partial, Retry
from planhat_client.reading import Reader, read_rows
from schemas.custom_field import CustomField
from schemas.models import MODELS
from schemas.planhat import LeanCompany, PlanhatUser

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from planhat_client.answers.error_text import Clean
    from planhat_client.protocol import Answer, Request, Response
    from planhat_client.reading import Wire
    from schemas.planhat import Resource

    Read: TypeAlias = Callable[[Response, float, Clean], Answer]

_PAGE = 10_000
_FIELDS_PAGE = 2000
_MUCH = 256 << 10
"""Bytes sent from which on a thread reads the answer: what it repeats is looked for in them."""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where Planhat is; the tenant id is a credential (analytics asks for nothing else)."""

    api_url: str
    analytics_url: str
    tenant_id: str = field(repr=False)


class Planhat:
    """The API. Writing never raises: the answer says what to do. Reading raises PlanhatError.

    `endusers` finds and deletes contacts.
    """

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
        self._reader = Reader(wire, endpoints.api_url, token, (endpoints.tenant_id,))
        self.endusers = Endusers(self._reader)

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
        return read_rows(await self._reader.get("leancompanies", protocol.rows), LeanCompany)

    async def users(self) -> list[PlanhatUser]:
        """All users of Planhat, for owners (`GET /users`)."""
        return await self._reader.pages("users", _PAGE, PlanhatUser)

    async def custom_fields(self) -> list[CustomField]:
        """All custom fields of the tenant (`GET /customfields`)."""
        return await self._reader.pages("customfields", _FIELDS_PAGE, CustomField)

    async def enduser_id(self, external_id: str) -> str | None:
        """Planhat's id of an enduser (`GET /endusers/extid-...`); None if there is none.

        Several companies may have one of that external id: whether Planhat then answers with one
        of them is not documented.
        """
        found = {row.id for row in await self.endusers.by_external_id(external_id)}
        return found.pop() if len(found) == 1 else None

    async def probe(self) -> None:
        """Read one company, to learn whether the token is accepted."""
        await self._reader.get("companies?limit=1", protocol.rows)

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


def _read_much(read: Read, response: Response, echo: Echo) -> Answer:
    answer = read(response, time.time(), echo.cleaned)
    if isinstance(answer, Partial) and answer.result.errors:
        echo.prepare()  # `verdict` cleans each of the errors
    return answer
