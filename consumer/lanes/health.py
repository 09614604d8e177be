"""Whether the API as a whole works, as the answers to first tries tell. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consumer.lanes.batch import Batch

_HEALTHY = 0.8
_WEIGHT = 0.1


@dataclass(slots=True)
class Health:
    """Whether the API as a whole works: the share of first tries that succeed, of late.

    Without it, an item could be rejected for an outage that happens to spare its neighbours.
    """

    share: float = 1.0
    succeeded_at: float = field(default=float("-inf"))
    failed_at: float = field(default=float("-inf"))

    def note(self, *, success: bool, is_first_try: bool, now: float) -> None:
        """A request was answered; it is no first try if something in it is known to fail."""
        if success:
            self.succeeded_at = now
        elif is_first_try:
            self.failed_at = now
        if is_first_try:
            self.share += _WEIGHT * (success - self.share)

    def blames(self, batch: Batch) -> bool:
        """Whether others succeeded since `batch` failed before: it is not the API then."""
        return batch.failures > 0 and self.succeeded_at > batch.failed_at and self.share >= _HEALTHY
