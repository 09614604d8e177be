"""What an explanation says; its requests are built by the same code that sends them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import JsonValue
from pydantic_core import from_json

from consumer.lanes import payload
from planhat_client import protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from consumer.decide.decision import Payload
    from consumer.lanes.part import Body
    from planhat_client.protocol import Request
    from schemas.hull import Segment
    from schemas.planhat import Resource

Verdict = Literal["send", "skip", "reject"]


@dataclass(frozen=True, slots=True)
class Step:
    """One rule and what came of it. `passed` is False where the way ended."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class FieldRead:
    """One row of a mapping: what was read, under which spelling, and what was written for it.

    `found_as` is None if no spelling of the attribute is in the message; `written` counts only if
    `is_sent`. `note` says why it is not sent, or what is odd about it.
    """

    model: str
    target: str
    attribute: str
    found_as: str | None
    value: JsonValue
    is_sent: bool
    written: JsonValue
    note: str = ""


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """A request that would be sent, in this order; `only_if` names what only Planhat can tell.

    `host` is that of the main API or that for activities. The path holds no tenant and no request
    has its token here. In angle brackets stands what is not known before Planhat is asked.
    """

    host: Literal["api", "analytics"]
    method: str
    path: str
    body: JsonValue
    only_if: str = ""


@dataclass(frozen=True, slots=True)
class MessageExplanation:
    """One message: the verdict, and how it came about.

    `reason` is that of the logs, word for word. `sends_profile` is False where the contact or
    company itself is not sent; `summary` says so in a sentence where its events are nevertheless.
    `conditions` name what could still change the verdict.
    """

    position: int
    kind: Literal["user", "account", "unsupported", "invalid", "tombstone"]
    verdict: Verdict
    reason: str = ""
    channel: str = ""
    hull_id: str | None = None
    external_id: str | None = None
    email: str | None = None
    is_export: bool = False
    sends_profile: bool = False
    summary: str = ""
    conditions: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    fields: tuple[FieldRead, ...] = ()
    requests: tuple[PlannedRequest, ...] = ()


def to_json(messages: Iterable[MessageExplanation]) -> dict[str, Any]:
    """Return plain lists, objects and texts; personal data as in the message, no secrets."""
    return {"messages": [_plain(one) for one in messages]}


_Part = Step | FieldRead | PlannedRequest | MessageExplanation


def _plain(one: _Part) -> dict[str, Any]:
    return {field.name: _value(getattr(one, field.name)) for field in fields(one)}


def _value(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(one) if isinstance(one, _Part) else one for one in value]
    return value


_MOST: Final = 8
_LONGEST: Final = 80


def listed(names: Sequence[str]) -> str:
    """Join names; of many only the first are told."""
    told = ", ".join(_short(name) for name in names[:_MOST])
    more = len(names) - _MOST
    return f"{told} and {more} more" if more > 0 else told


def segment_names(segments: Iterable[Segment]) -> str:
    """Name segments as people know them, and by the id that the settings hold."""
    return listed([f"{one.name} ({one.id})" if one.name else one.id for one in segments])


def quoted(text: str) -> str:
    """A value from a message within a sentence."""
    return f"'{_short(text)}'"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


_TENANT: Final = "tenant"
_MASKED: Final = "***"


def upsert(resource: Resource, bodies: Sequence[Body], only_if: str = "") -> PlannedRequest:
    """A bulk upsert; in the service others' profiles share it."""
    request = protocol.upsert("", "", resource, [payload.to_json(body) for body in bodies])
    return PlannedRequest("api", request.method, request.url, _body(request), only_if)


def tracks(activities: Sequence[Payload], *, single: bool) -> tuple[PlannedRequest, ...]:
    """Posts of activities: one for all, or one each."""
    items = [payload.to_json(activity.body) for activity in activities]
    if single:
        return tuple(_track(protocol.track_one("", _TENANT, item)) for item in items)
    return (_track(protocol.track("", _TENANT, items)),) if items else ()


def _track(request: Request) -> PlannedRequest:
    path = f"{request.url.removesuffix(_TENANT)}{_MASKED}"
    return PlannedRequest("analytics", request.method, path, _body(request))


def _body(request: Request) -> Body:
    body: Body = from_json(request.body)
    return body
