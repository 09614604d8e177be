"""Faults that are switched on while the sandbox runs, and which of them hits a request. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from planhat_client.sandbox.options import Shape, options_of

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind: TypeAlias = Literal[
    "status",
    "timeout",
    "reset",
    "reset_after_write",
    "partial",
    "malformed",
    "empty",
    "html",
    "trickle",
    "slow",
    "unauthorized",
    "forbidden",
]
BodyForm: TypeAlias = Literal["json", "text", "html", "empty"]
_WRITES_FIRST: Final = frozenset(
    {"reset_after_write", "partial", "malformed", "empty", "trickle", "slow"}
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One switch. It hits a request of `resource` and `method` (None: any) with `probability`.

    It ends after `count` hits or `seconds`. `applies`: the request takes effect all the same;
    None means as usual for the kind. The rest is for some kinds only: `status`, `retry_after`
    (seconds) and `body` for "status" and "html"; `shape`, `share` (of the items that fail) and
    `least_items` (smaller requests do not fail) for "partial"; `delay_seconds` for "slow" and
    "trickle". `contains`: only requests whose body holds this text, as a firewall would look.
    """

    kind: Kind
    resource: str | None = None
    method: str | None = None
    probability: float = 1.0
    count: int | None = None
    seconds: float | None = None
    seed: int = 0
    applies: bool | None = None
    status: int = 503
    retry_after: float | None = None
    body: BodyForm = "json"
    shape: Shape = "random"
    share: float = 0.5
    least_items: int = 1
    delay_seconds: float = 1.0
    contains: str | None = None

    @classmethod
    def from_json(cls, document: object) -> Fault:
        """Read a fault; raises ValueError that names the member that is wrong."""
        return options_of(cls, document, "fault")

    @property
    def takes_effect(self) -> bool:
        """Whether a request that is hit is applied."""
        return self.kind in _WRITES_FIRST if self.applies is None else self.applies

    def concerns(self, resource: str, method: str, body: bytes = b"") -> bool:
        """Whether it may hit such a request."""
        if self.contains is not None and self.contains.encode() not in body:
            return False
        return self.resource in (None, resource) and self.method in (None, method)


@dataclass(slots=True)
class Switch:
    """A fault that is on, since when, and how often it hit."""

    fault: Fault
    since: float
    hits: int = 0
    random: Random = field(default_factory=Random, repr=False)

    def is_over(self, now: float) -> bool:
        """Whether it can't hit any more."""
        fault = self.fault
        is_late = fault.seconds is not None and now >= self.since + fault.seconds
        return is_late or (fault.count is not None and self.hits >= fault.count)


class Faults:
    """All that are on. `now` is seconds of any clock."""

    def __init__(self) -> None:
        """None is on."""
        self.on: list[Switch] = []
        self.hits = 0

    def add(self, faults: Iterable[Fault], now: float) -> None:
        """Switch on."""
        self.on += [Switch(fault, now, 0, Random(fault.seed)) for fault in faults]

    def clear(self) -> None:
        """Switch all off."""
        self.on.clear()

    def choose(self, resource: str, method: str, now: float, body: bytes = b"") -> Switch | None:
        """Say which fault hits a request: the first that concerns it and whose dice say so."""
        if not self.on:
            return None
        self.on = [switch for switch in self.on if not switch.is_over(now)]
        for switch in self.on:
            fault = switch.fault
            if not fault.concerns(resource, method, body):
                continue
            if switch.random.random() < fault.probability:
                switch.hits += 1
                self.hits += 1
                return switch
        return None

    def report(self) -> list[dict[str, Any]]:
        """Tell what is on, as JSON."""
        return [asdict(switch.fault) | {"hits": switch.hits} for switch in self.on]
