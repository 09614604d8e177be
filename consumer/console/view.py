"""What the console may look at; it changes none of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from consumer.ages import Ages
from consumer.assignment import Assignment
from consumer.blocked import Blocked
from consumer.dead_letters import DeadLetters
from consumer.dispatch import Dispatch
from consumer.explain import Known
from consumer.log.troubles import Troubles
from consumer.outcomes import Outcomes
from consumer.part import Partition
from consumer.plan import Planner
from consumer.report import Tally
from consumer.rules import Rules
from consumer.settings import Settings
from planhat_client.limiter import Limiter


@dataclass(frozen=True, slots=True)
class View:
    """The parts of the service, and its own words about them.

    `lag` gives the records of a partition that are not read, None while unknown; `started_at` is in
    seconds since 1970.
    """

    version: str
    started_at: float
    settings: Settings
    rules: Rules
    known: Known
    dispatch: Dispatch
    planner: Planner
    assignment: Assignment
    ages: Ages
    limiter: Limiter
    dead_letters: DeadLetters
    blocked: Blocked
    outcomes: Outcomes
    troubles: Troubles
    tally: Tally
    lag: Callable[[Partition], int | None]
    healthy: Callable[[], tuple[bool, str]]
    ready: Callable[[], tuple[bool, str]]
