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

if TYPE_CHECKING:
    from planhat_client.answers.heard import Heard
    from planhat_client.limiter import Limiter
    from schemas.connector import ConnectorSettings

ORDINARY_CALLS: Final = 2
"""What `check` has asked before."""


class Reads(Protocol):
    """What is needed of Planhat; `RawPlanhat` offers it."""

    async def get(self, path: str) -> Heard:
        """Read once; never raises."""


class Look:
    """One look; `answers` by the names of the questions (questions.py)."""

    def __init__(
        self, api: Reads, limiter: Limiter, per_minute: float, connector: ConnectorSettings
    ) -> None:
        """`per_minute` is our bound on calls, which `limiter` keeps. Nothing is asked yet."""
        self._api = api
        self._per_minute = per_minute
        self._connector = connector
        self._calls = Calls(limiter, MOST_CALLS - ORDINARY_CALLS)
        self.answers: dict[str, Heard] = {}

    async def run(self) -> list[Finding]:
        """Ask, and say what the answers mean; at most `MOST_CALLS`, each wait bounded."""
        asked, calls = wanted(self._connector), self._calls
        while question := next_question(asked, self.answers):
            answer = await calls.ask(partial(self._api.get, question.path))
            if answer is None:
                break
            self.answers[question.name] = answer
        found = list(live_findings(self._connector, self.answers, self._per_minute))
        if calls.stopped:
            told = f"Planhat: not all was asked: {calls.stopped}; run this again"
            found.append(warning(told, Code.STOPPED))
        made = calls.made + ORDINARY_CALLS
        told = f"Planhat: {made} {plural(made, 'call')} of the quota were used"
        return [*found, Finding("ok", told, Code.CALLS)]
