"""How each lane behaves, by the settings. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from consumer.lanes.memory import REMEMBERED
from schemas.models import MODELS
from schemas.planhat import Resource

if TYPE_CHECKING:
    from consumer.settings.planhat import PlanhatSettings

_ACTIVITY_BATCH = 1000
"""Planhat takes more at once, and without a limit of calls. But where every third message has an
event, a batch of 5,000 holds the records of 15,000 messages in memory until it is full."""

_LARGEST_BODY = 31_000_000
"""Planhat's hosts take 32 MB a request, activities about 150,000 (its page on limits)."""


@dataclass(frozen=True, slots=True)
class LanePolicy:
    """How a lane behaves; sizes in items and bytes.

    `merges`: waiting changes of a profile become one item (an upsert); otherwise each stays an
    item of its own (an activity). `attempts` bounds an item that fails alone while others succeed.
    `remembered`: of so many identities (three or four a profile), and up to half as many more, the
    last content is known.
    """

    resource: Resource
    batch_size: int = 1000
    batch_bytes: int = 4 << 20
    concurrency: int = 4
    attempts: int = 8
    breaker_threshold: int = 3
    merges: bool = True
    skips_unchanged: bool = True
    remembered: int = REMEMBERED


def policy_of(planhat: PlanhatSettings, resource: Resource, attempts: int) -> LanePolicy:
    """Return how the lane of a resource behaves; `attempts` is RETRY_ATTEMPTS."""
    model = MODELS[resource]
    is_activity = model.host == "analytics"
    is_single = is_activity and planhat.activities == "single"
    size = _ACTIVITY_BATCH if is_activity else planhat.batch_size
    return LanePolicy(
        resource,
        batch_size=1 if is_single else size,
        batch_bytes=min(planhat.batch_bytes, _LARGEST_BODY),
        concurrency=_activity_concurrency(planhat) if is_activity else planhat.lane_concurrency,
        attempts=attempts,
        merges=model.merges,
        skips_unchanged=planhat.skip_unchanged,
    )


def _activity_concurrency(planhat: PlanhatSettings) -> int:
    """What the other lanes leave: only for the main API does Planhat ask to go one by one."""
    others = sum(model.host == "api" for model in MODELS.values()) * planhat.lane_concurrency
    return max(planhat.lane_concurrency, planhat.max_concurrent_requests - others)
