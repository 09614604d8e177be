"""Planhat without any reading between the lines: one call, and what was answered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from planhat_client import protocol
from planhat_client.answers.echo import Echo
from planhat_client.answers.heard import Heard, heard
from planhat_client.errors import PlanhatUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from planhat_client.client import Endpoints
    from planhat_client.protocol import Request
    from planhat_client.reading import Wire
    from schemas.planhat import Resource


class RawPlanhat:
    """Sends once and never raises: that nothing was answered is an answer, too."""

    def __init__(self, wire: Wire, endpoints: Endpoints, token: Callable[[], str]) -> None:
        """`token` is asked at each request."""
        self._wire = wire
        self._endpoints = endpoints
        self._token = token

    async def get(self, path: str) -> Heard:
        """Read; `path` with its query."""
        return await self._send(protocol.get(self._endpoints.api_url, self._token(), path))

    async def delete(self, path: str) -> Heard:
        """Delete one record."""
        return await self._send(protocol.delete(self._endpoints.api_url, self._token(), path))

    async def put(self, resource: Resource, items: Sequence[bytes]) -> Heard:
        """Upsert in bulk; `items` are JSON objects."""
        url, token = self._endpoints.api_url, self._token()
        return await self._send(protocol.upsert(url, token, resource, items))

    async def track(self, items: Sequence[bytes]) -> Heard:
        """Store activities, in bulk."""
        endpoints = self._endpoints
        request = protocol.track(endpoints.analytics_url, endpoints.tenant_id, items)
        return await self._send(request)

    async def close(self) -> None:
        """Let go of connections."""
        await self._wire.close()

    async def _send(self, request: Request) -> Heard:
        try:
            response = await self._wire.send(request)
        except PlanhatUnavailable as error:
            return Heard(None, reason=str(error), at=time.time())
        secrets = (self._token(), self._endpoints.tenant_id)
        echo = Echo(secrets, request.body, of_people=True)
        return heard(response, time.time(), echo.cleaned)
