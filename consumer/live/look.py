"""Asks the tenant all that reading tells, and nothing twice."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from consumer.live.calls import Calls
from consumer.live.codes import Code
from consumer.live.judge import live_findings, wanted
from consumer.live.questions import MOST_CALLS, next_question
from consumer.settings.findings import Finding, warning
from consumer.wording import plural
from planhat_client.limiter import Limiter

if TYPE_CHECKING:
    from consumer.settings.planhat import PlanhatSettings
    from planhat_client.heard import Heard
    from schemas.connector import ConnectorSettings

_ORDINARY_CALLS: Final = 2
"""What `check` has asked before."""


class Reads(Protocol):
    """What is needed of Planhat; `RawPlanhat` offers it."""

    async def get(self, path: str) -> Heard:
        """Read once; never raises."""


async def look(
    api: Reads, settings: PlanhatSettings, connector: ConnectorSettings
) -> list[Finding]:
    """Ask, and say what the answers mean; at most `MOST_CALLS`, each wait bounded."""
    calls = Calls(
        Limiter(settings.requests_per_minute, settings.burst), MOST_CALLS - _ORDINARY_CALLS
    )
    answers: dict[str, Heard] = {}
    asked = wanted(connector)
    while question := next_question(asked, answers):
        answer = await calls.ask(partial(api.get, question.path))
        if answer is None:
            break
        answers[question.name] = answer
    found = list(live_findings(connector, answers, settings.requests_per_minute))
    if calls.stopped:
        found.append(
            warning(f"Planhat: not all was asked: {calls.stopped}; run this again", Code.STOPPED)
        )
    made = calls.made + _ORDINARY_CALLS
    told = f"Planhat: {made} {plural(made, 'call')} of the quota were used"
    return [*found, Finding("ok", told, Code.CALLS)]
