"""The lines of the outcomes topic that tell how a member does. Data only."""

from typing import Annotated

import msgspec
from msgspec import Meta

from schemas.outcome.moment import Millis


class Gap(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="kind", tag="gap"):
    """Outcomes that a member had to drop, as the topic could not be written for long."""

    at: Annotated[Millis, Meta(description="When this was told.")]
    member: str
    run: Annotated[Millis, Meta(description="When this process of the member started.")]
    since: Annotated[Millis, Meta(description="When the first of them was final.")]
    until: Annotated[Millis, Meta(description="When the last of them was final.")]
    count: Annotated[int, Meta(description="How many.", ge=1)]
    reason: Annotated[str, Meta(description="What Kafka said.")] = ""


class Count(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Messages that ended in the same way."""

    ending: str
    count: int
    reason: str = ""


class PartitionState(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A partition that the member owns."""

    topic: str
    partition: int
    lag: Annotated[int, Meta(description="Records that are not read yet.")] = 0
    age: Annotated[float, Meta(description="Of the oldest that is not final, in seconds.")] = 0.0


class LaneState(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What waits for Planhat of one resource."""

    resource: str
    waiting: int = 0
    in_flight: Annotated[int, Meta(description="Requests.")] = 0
    parked: Annotated[int, Meta(description="Profiles that wait for their next try.")] = 0
    breaker: Annotated[str, Meta(description="closed, half-open or open.")] = "closed"
    is_halted: bool = False


class Calls(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Requests of one resource that were answered alike; `status` as in the metrics."""

    resource: str
    status: str
    count: int


class Histogram(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How long things took: `counts[i]` of them at most `bounds[i]` seconds, the last one more."""

    of: Annotated[str, Meta(description="delivery (appended to delivered) or request.")]
    resource: str
    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    sum: Annotated[float, Meta(description="Of all of them, in seconds.")] = 0.0


class Trouble(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Equal warnings or errors of the log."""

    level: str
    event: str
    count: int
    last_at: Millis
    reason: str = ""


class Happening(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Something that explains a picture: started, stopping, assigned, revoked, halted, resumed."""

    at: Millis
    what: str
    detail: str = ""


class Summary(
    msgspec.Struct, frozen=True, gc=False, omit_defaults=True, tag_field="kind", tag="summary"
):
    """How a member did from `since` to `at`: counts are of that span, states are those at `at`."""

    at: Millis
    since: Millis
    member: str
    run: Annotated[Millis, Meta(description="When this process of the member started.")]
    version: str = ""
    is_last: Annotated[bool, Meta(description="The process ended well after this.")] = False
    messages: tuple[Count, ...] = ()
    partitions: tuple[PartitionState, ...] = ()
    lanes: tuple[LaneState, ...] = ()
    calls: tuple[Calls, ...] = ()
    throttled: Annotated[int, Meta(description="Answers with 429.")] = 0
    quota_limit: Annotated[float, Meta(description="Calls a minute that may go now.")] = 0.0
    quota_used: Annotated[float, Meta(description="Share of it that the last minute took.")] = 0.0
    halted: Annotated[str, Meta(description="Why nothing is sent, if so.")] = ""
    dead_letters_waiting: int = 0
    latencies: tuple[Histogram, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    happenings: tuple[Happening, ...] = ()
    outcomes_waiting: Annotated[int, Meta(description="That are not in the topic yet.")] = 0
    outcomes_dropped: Annotated[int, Meta(description="Since the start of the process.")] = 0
