"""`hull-planhat check`: what is wrong with settings, Kafka and Planhat, and what to do."""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from consumer.cli.live import ANSWER_SECONDS, is_allowed, live_findings
from consumer.cli.read import read_settings
from consumer.cli.terminal import FAILED, WRONG_USE, clean, quiet, say, shown, tell, tell_json
from consumer.kafka.access import kafka_facts
from consumer.kafka.reachability import PlanhatFacts, kafka_findings, planhat_findings
from consumer.live.segments import segment_findings
from consumer.settings import findings as status
from consumer.settings import unknown_names
from consumer.settings.findings import Finding
from planhat_client.client import Planhat
from planhat_client.errors import PlanhatError
from planhat_client.protocol import Request
from planhat_client.transport import Transport
from schemas.settings_error import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.cli.live import LiveOptions
    from consumer.settings import Settings
    from planhat_client.client import Endpoints
    from schemas.connector import ConnectorSettings


def run_check(*, as_json: bool, offline: bool, live: LiveOptions | None = None) -> int:
    """Print the findings; return 0 if the service may run, 2 if settings are wrong, else 1."""
    quiet()
    is_wrong_use = False
    found = [Finding("warning", line) for line in unknown_names(os.environ)]
    try:
        settings, connector = read_settings(os.environ)
        found += status.findings(settings, connector)
        if not offline:
            fit = clean(keeps_personal=False)
            if live is not None and not is_allowed(settings, live):
                say(["hull-planhat: nothing was asked"])
                return FAILED
            reached = asyncio.run(_reached(settings, connector, live))
            found += [replace(one, message=fit(one.message)) for one in reached]
    except InvalidSettings as error:
        found += [Finding("error", line) for line in error.lines]
        is_wrong_use = True
    if offline and not found:
        found = [Finding("ok", "the settings are good")]
    _print(found, as_json=as_json)
    if is_wrong_use:
        return WRONG_USE
    return 0 if status.worst(found) in {"ok", "warning"} else 1


async def _reached(
    settings: Settings, connector: ConnectorSettings, live: LiveOptions | None
) -> list[Finding]:
    """Ask Kafka and Planhat at the same time."""
    async with asyncio.TaskGroup() as asking:
        kafka = asking.create_task(kafka_facts(settings.kafka), name="kafka")
        planhat = asking.create_task(_planhat(settings, connector, live), name="planhat")
    facts = kafka.result()
    segments = segment_findings(connector, facts.newest)
    return [*kafka_findings(settings.kafka, facts), *segments, *planhat.result()]


async def _planhat(
    settings: Settings, connector: ConnectorSettings, live: LiveOptions | None
) -> list[Finding]:
    try:
        token, endpoints = settings.planhat.token(connector), settings.planhat.endpoints(connector)
    except InvalidSettings:
        return []  # said among the settings
    facts = await planhat_facts(endpoints, token)
    found = list(planhat_findings(endpoints, facts))
    if not facts.error and live is not None:
        found += await live_findings(settings, connector, endpoints, token, live)
    return found


def _print(found: list[Finding], *, as_json: bool) -> None:
    if not as_json:
        for finding in found:
            code = f"{finding.code} " if finding.code else ""
            tell(f"{finding.status:<14} {code}{finding.message}", keeps_personal=True)
        return
    messages = [asdict(finding) for finding in found]
    told = {"status": status.worst(found), "messages": messages}
    tell_json(shown(keeps_personal=True).value(told), indent=2)


async def planhat_facts(endpoints: Endpoints, token: Callable[[], str]) -> PlanhatFacts:
    """Read as the service does at its start, in two calls; each wait is bounded."""
    wire = Transport(ANSWER_SECONDS, 2)
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
