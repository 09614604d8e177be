"""Asks Planhat what `check` wants to know; writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from consumer.kafka.reachability import PlanhatFacts
from planhat_client.client import Planhat
from planhat_client.errors import PlanhatError
from planhat_client.protocol import Request
from planhat_client.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    from planhat_client.client import Endpoints

_ANSWER_SECONDS: Final = 10.0


async def planhat_facts(endpoints: Endpoints, token: Callable[[], str]) -> PlanhatFacts:
    """Read as the service does at its start, in two calls; each wait is bounded."""
    wire = Transport(_ANSWER_SECONDS, 2)
    api = Planhat(wire, endpoints, token)
    try:
        error, companies = await _companies(api)
        return PlanhatFacts(error, companies, await _answers(wire, endpoints.analytics_url))
    finally:
        await api.close()


async def _companies(api: Planhat) -> tuple[str, int]:
    try:
        await api.probe()
        return "", len(await api.companies())
    except PlanhatError as error:
        return str(error), 0


async def _answers(wire: Transport, url: str) -> str:
    """That it answers is all that the host for activities can tell: it takes whatever comes."""
    try:
        await wire.send(Request("GET", f"{url}/", {}))
    except PlanhatError as error:
        return str(error)
    return ""
