"""The requests that a decision leads to, built by the same code that sends them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pydantic_core import from_json

from consumer.lanes.payload import to_json
from consumer.watch.explain.explanation import PlannedRequest
from planhat_client import protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.decide.decision import Payload
    from consumer.lanes.part import Body
    from planhat_client.protocol import Request
    from schemas.planhat import Resource

_TENANT: Final = "tenant"
_MASKED: Final = "***"


def upsert(resource: Resource, bodies: Sequence[Body], only_if: str = "") -> PlannedRequest:
    """A bulk upsert; in the service others' profiles share it."""
    request = protocol.upsert("", "", resource, [to_json(body) for body in bodies])
    return PlannedRequest("api", request.method, request.url, _body(request), only_if)


def tracks(activities: Sequence[Payload], *, single: bool) -> tuple[PlannedRequest, ...]:
    """Posts of activities: one for all, or one each."""
    items = [to_json(activity.body) for activity in activities]
    if single:
        return tuple(_track(protocol.track_one("", _TENANT, item)) for item in items)
    return (_track(protocol.track("", _TENANT, items)),) if items else ()


def _track(request: Request) -> PlannedRequest:
    path = f"{request.url.removesuffix(_TENANT)}{_MASKED}"
    return PlannedRequest("analytics", request.method, path, _body(request))


def _body(request: Request) -> Body:
    body: Body = from_json(request.body)
    return body
