"""A batch on its way to Planhat, and which profiles are in it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from consumer.lanes.part import Body, Profile
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

_next_number = count().__next__


@dataclass(slots=True, eq=False)
class Group:
    """Profiles that failed together: they go again together, and with nobody else."""

    profiles: list[Profile]
    failures: int = 0
    failed_at: float = 0.0
    refused: int | None = None


@dataclass(slots=True, eq=False)
class Batch:
    """`parts[i]` changes of `profiles[i]` fly as `spans[i]` of the items.

    `failures` counts the requests in which just these profiles failed together before, the last
    of them at `failed_at` (seconds of the loop's clock); `refused` is what `LaneHalt.refused` gave
    for them, None if it never was asked. A revoked batch's records belong to somebody
    else by now: its answer only frees its claims. `changes` are more than the items where changes
    of a profile were merged; `items` are the `bodies` as JSON, and `size` their bytes, with the
    commas between them. No two batches of a process have the same `number`. `flight` is what the
    gate gave for it.
    """

    resource: Resource
    failures: int = 0
    failed_at: float = 0.0
    refused: int | None = None
    is_probe: bool = False
    is_revoked: bool = False
    is_isolated: bool = False
    profiles: list[Profile] = field(default_factory=list)
    spans: list[int] = field(default_factory=list)
    items: list[bytes] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)
    size: int = 0
    changes: int = 0
    flight: int = 0
    number: int = field(default_factory=_next_number)

    def add(
        self, profile: Profile, bodies: Sequence[Body], items: Sequence[bytes], count: int
    ) -> None:
        """Take on the first `count` parts of a profile: merged into one item, or an item each."""
        self.profiles.append(profile)
        self.spans.append(len(items))
        self.bodies += bodies
        self.items += items
        for item in items:
            self.size += len(item) + 1
        self.changes += count
        profile.flying = count
        profile.parked = False
        for position in range(count):
            part = profile.parts[position]
            part.attempts += 1
            part.sent = items[position] if len(items) > 1 else items[0]
            part.offsets.note_sent(part.offset)

    def group(self) -> Group:
        """Its profiles, to be sent again together; nothing new is held against them."""
        return Group(self.profiles, self.failures, self.failed_at, self.refused)
