"""The one sentence that tells how things are: the worst of what holds. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from consumer.lanes.halts import Halted, Kind
from consumer.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

Level = Literal["good", "busy", "trouble", "stopped"]

_REMEDIES: Final[dict[Kind, str]] = {
    "unauthorized": "Renew the token; a mounted file is read anew, and it goes on by itself",
    "wrong host": "Mend api_prefix or PLANHAT_API_URL, then restart",
    "too many rejected": "Roll back the last deploy or mapping, then restart",
    "resource refused": "Give the token the right to write them; it goes on by itself",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """How things are; `stuck` and `unready` are reasons, None if it is not so.

    `refused` is what Kafka refuses until a person acts; `long_wait` says until when Planhat wants
    no calls.
    """

    stuck: str | None
    halts: tuple[Halted, ...]
    refused: str | None
    unready: str | None
    broken_lanes: tuple[str, ...]
    unwritten_dead_letters: int
    is_throttled: bool
    long_wait: str | None
    unread: int
    unresolved: int


@dataclass(frozen=True, slots=True)
class Headline:
    """How it is, why, and what to do about it (nothing, if empty)."""

    level: Level
    title: str
    detail: str
    remedy: str = ""


def headline(facts: Facts) -> Headline:
    """Say the worst that holds."""
    return next(_headlines(facts))


def _headlines(facts: Facts) -> Iterator[Headline]:
    yield from _stopped(facts)
    yield from _troubled(facts)
    if facts.unread:
        unread = f"{facts.unread:,} {plural(facts.unread, 'record')} to read"
        detail = f"{unread}, {facts.unresolved:,} on their way"
        yield Headline("busy", "Catching up", detail)
    if facts.unresolved:
        yield Headline("good", "All is well", f"All is read; {facts.unresolved:,} on their way")
    yield Headline("good", "All is well", "Everything that came is final")


def _stopped(facts: Facts) -> Iterator[Headline]:
    if facts.stuck is not None:
        remedy = "The probe of /healthz fails by this: Kubernetes restarts the pod"
        yield Headline("stopped", "Stuck", facts.stuck, remedy)
    for halt in facts.halts:
        if halt.resource is None:
            remedy = _REMEDIES[halt.kind]
            yield Headline("stopped", "Halted: nothing is sent", halt.reason, remedy)
    if facts.refused is not None:
        remedy = "Give the right back, or give us a group of our own; it goes on by itself"
        yield Headline("stopped", "Kafka refuses us", facts.refused, remedy)
    if facts.unwritten_dead_letters:
        unwritten = facts.unwritten_dead_letters
        detail = f"{unwritten:,} rejected {plural(unwritten, 'message')} can't be written"
        remedy = "Is the dead-letter topic there, and may we write to it?"
        yield Headline("trouble", "The dead-letter topic fails", detail, remedy)
    if facts.long_wait is not None:
        detail = "Its answer told us so; nothing is lost, and after an hour at most we ask again"
        remedy = "Does something else use the tenant's quota, or is Planhat being maintained?"
        yield Headline("trouble", facts.long_wait, detail, remedy)
    if facts.unready is not None:
        yield Headline("busy", "Not ready", facts.unready)


def _troubled(facts: Facts) -> Iterator[Headline]:
    for halt in facts.halts:
        if halt.resource is not None:
            title = f"Planhat refuses {halt.resource}"
            detail = f"{halt.reason}; the others are sent, and none is lost"
            yield Headline("trouble", title, detail, _REMEDIES[halt.kind])
    if facts.broken_lanes:
        lanes = ", ".join(facts.broken_lanes)
        detail = f"Requests for {lanes} keep failing; records are held and none is lost"
        yield Headline("trouble", "Planhat does not answer", detail, "It goes on by itself")
    if facts.is_throttled:
        detail = "Planhat answered 429 lately: fewer calls are made than the settings allow"
        remedy = "Does something else use the tenant's quota?"
        yield Headline("trouble", "Throttled", detail, remedy)
