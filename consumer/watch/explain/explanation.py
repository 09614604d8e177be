"""What an explanation says, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from pydantic import JsonValue

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


@dataclass(frozen=True, slots=True)
class Explanation:
    """One record: its messages in their order."""

    messages: tuple[MessageExplanation, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain lists, objects and texts; personal data as in the message, no secrets."""
        return {"messages": [_plain(one) for one in self.messages]}


_Part = Step | FieldRead | PlannedRequest | MessageExplanation


def _plain(one: _Part) -> dict[str, Any]:
    return {field.name: _value(getattr(one, field.name)) for field in fields(one)}


def _value(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(one) if isinstance(one, _Part) else one for one in value]
    return value
