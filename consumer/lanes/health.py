"""Whether the API as a whole works, as the answers to first tries tell. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consumer.lanes.batch import Batch

CALM_SECONDS = 10.0
"""So long must nobody else have failed before a single failure counts as a proof."""

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

    def most_tries(self, attempts: int, *, is_poison: bool, at: float) -> int:
        """How many failures, alone while others succeed, end a change that failed last `at` then.

        One is enough for a profile that was given up, but only if it alone fails: while others do
        too, it may well be the API.
        """
        return 1 if is_poison and self.failed_at < at - CALM_SECONDS else attempts

    def blames(self, batch: Batch) -> bool:
        """Whether others succeeded since `batch` failed before: it is not the API then."""
        return batch.failures > 0 and self.succeeded_at > batch.failed_at and self.share >= _HEALTHY
