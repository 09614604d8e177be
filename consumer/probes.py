"""What Kubernetes asks: whether the service turns, and whether it may be counted on."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from consumer.clock import loop_time
from consumer.engine.dispatch import asked_wait
from consumer.engine.engine import Engine
from consumer.lanes.halts import refused_resources, why_halted
from consumer.membership import Membership
from consumer.outbox.dead_letters import DeadLetters
from consumer.poll import Poller
from consumer.watch.blocked import Blocked
from consumer.watch.progress import Progress
from consumer.wording import long_wait, plural

_MOVING_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True)
class Probes:
    """Looks at the parts of the service, and changes none of them."""

    engine: Engine
    membership: Membership
    poller: Poller
    progress: Progress
    blocked: Blocked
    dead_letters: DeadLetters

    def healthy(self) -> tuple[bool, str]:
        """Tell whether all loops turn, and what could move does.

        A rebalance can't end while Kafka is away, or refuses us, and a restart would not bring it
        back: it may take its time.
        """
        now = loop_time()
        if self.membership.moving_since is not None:
            age = now - self.membership.moving_since
            is_well = age <= _MOVING_SECONDS or self.blocked.reason(now) is not None
            return is_well, f"waiting for partitions for {age:.0f} s"
        stuck = self.progress.stuck(now, self.poller.turned_at)
        if stuck is not None:
            return False, stuck
        return True, "polling" if self.poller.turned_at else "starting"

    def ready(self) -> tuple[bool, str]:
        """Tell whether there are partitions, and whether Planhat lets us in."""
        now, engine = loop_time(), self.engine
        reason, wait = self._why_not_ready(now), asked_wait(engine.dispatch, now)
        waits = [] if wait is None else [long_wait(wait, time.time())]
        if reason is not None:
            return False, "; ".join([reason, *waits])
        # The other lanes work: to be taken for unready would stop a roll-out that may mend it.
        held = [f"{one.resource} held: {one.reason}" for one in refused_resources(engine.halts)]
        owned = len(engine.assignment.owned)
        return True, "; ".join([f"{owned} {plural(owned, 'partition')}", *held, *waits])

    def _why_not_ready(self, now: float) -> str | None:
        engine = self.engine
        if engine.is_finishing:
            return "stopping"
        if engine.halts.stops_all:
            return f"halted: {why_halted(engine.halts)}"
        refused = self.blocked.reason(now)
        if refused is not None:
            return f"Kafka refuses: {refused}"
        if self.dead_letters.trouble is not None:
            return f"dead letters can't be written: {self.dead_letters.trouble}"
        needed = {
            "the companies of Planhat are not read yet": engine.companies.is_loaded,
            "the users of Planhat are not read yet": engine.owners.is_loaded
            or not engine.needs_owners,
            "the custom fields of Planhat are not read yet": engine.tenant.is_settled,
            "no partitions assigned": bool(engine.assignment.owned),
            "Kafka does not tell whether the partitions are still ours": engine.lease.holds(now),
        }
        return next((reason for reason, is_given in needed.items() if not is_given), None)
