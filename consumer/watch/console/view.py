"""What the console may look at; it changes none of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from consumer.engine.engine import Engine
from consumer.log.troubles import Troubles
from consumer.offsets.record import Partition
from consumer.outbox.dead_letters import DeadLetters
from consumer.settings import Settings
from consumer.watch.ages import Ages
from consumer.watch.blocked import Blocked
from consumer.watch.explain.known import Known
from consumer.watch.outcomes.outcomes import Outcomes
from consumer.watch.port.ops import State
from consumer.watch.report import Tally
from planhat_client.limiter import Limiter

if TYPE_CHECKING:
    from consumer.decide.rules import Rules


@dataclass(frozen=True, slots=True)
class View:
    """The parts of the service; `end_of` gives the end of a log, None while unknown."""

    version: str
    started_at: float
    settings: Settings
    known: Known
    engine: Engine
    ages: Ages
    limiter: Limiter
    dead_letters: DeadLetters
    blocked: Blocked
    outcomes: Outcomes
    troubles: Troubles
    tally: Tally
    end_of: Callable[[Partition], int | None]
    probes: State

    @property
    def rules(self) -> Rules:
        """The rules that hold now."""
        return self.engine.tenant.in_force.rules
