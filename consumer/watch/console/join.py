"""The console of a service: what of the service it looks at."""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import TYPE_CHECKING

from consumer.watch.console.server import Console
from consumer.watch.console.view import View
from consumer.watch.explain import Known

if TYPE_CHECKING:
    from aiohttp import web

    from consumer.app import Service
    from consumer.decide.rules import Rules
    from consumer.log.troubles import Troubles


def console_of(service: Service, rules: Rules, troubles: Troubles) -> list[web.RouteDef]:
    """Return the routes of its console; none if it is switched off."""
    if service.outcomes is None:
        return []
    settings = service.settings
    known = Known(
        service.directory,
        service.owners,
        settings.company_wait_seconds,
        settings.planhat.activities == "single",
    )
    view = View(
        version=version("hull-planhat"),
        started_at=time.time(),
        settings=settings,
        rules=rules,
        known=known,
        dispatch=service.dispatch,
        planner=service.planner,
        assignment=service.assignment,
        ages=service.ages,
        limiter=service.limiter,
        dead_letters=service.dead_letters,
        blocked=service.blocked,
        outcomes=service.outcomes,
        troubles=troubles,
        tally=service.tally,
        lag=service.poller.lag,
        healthy=service.healthy,
        ready=service.ready,
    )

    def note(why: str) -> None:
        # Later: the server is made with these routes.
        service.ops.note(why)

    return Console(view, note).routes()
