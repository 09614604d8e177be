"""`hull-planhat check`: what is wrong with settings, Kafka and Planhat, and what to do."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Final

from consumer import status
from consumer.cli.foreground import quiet
from consumer.cli.planhat_access import planhat_facts
from consumer.cli.read import read_settings
from consumer.kafka.access import kafka_facts
from consumer.log.masking import Secrets
from consumer.reachability import kafka_findings, planhat_findings
from consumer.settings import unknown_names
from consumer.status import Finding
from schemas.settings_error import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.settings import Settings
    from schemas.connector import ConnectorSettings


_WRONG_SETTINGS: Final = 2


def run_check(*, as_json: bool, offline: bool) -> int:
    """Print the findings; return 0 if the service may run, 2 if settings are wrong, else 1."""
    quiet()
    is_wrong_use = False
    secrets = Secrets()
    found = [Finding("warning", line) for line in unknown_names(os.environ)]
    try:
        settings, connector = read_settings(os.environ)
        settings.hide_secrets(connector, secrets.add)
        found += status.findings(settings, connector)
        if not offline:
            found += asyncio.run(_reached(settings, connector))
    except InvalidSettings as error:
        found += [Finding("error", line) for line in error.lines]
        is_wrong_use = True
    if offline and not found:
        found = [Finding("ok", "the settings are good")]
    print(secrets.hidden(_json(found) if as_json else _lines(found)))  # noqa: T201 - this is the command line
    if is_wrong_use:
        return _WRONG_SETTINGS
    return 0 if status.worst(found) in {"ok", "warning"} else 1


async def _reached(settings: Settings, connector: ConnectorSettings) -> list[Finding]:
    """Ask Kafka and Planhat at the same time."""
    async with asyncio.TaskGroup() as asking:
        kafka = asking.create_task(kafka_facts(settings.kafka), name="kafka")
        planhat = asking.create_task(_planhat(settings, connector), name="planhat")
    return [*kafka_findings(settings.kafka, kafka.result()), *planhat.result()]


async def _planhat(settings: Settings, connector: ConnectorSettings) -> list[Finding]:
    asked: tuple[Callable[[ConnectorSettings], object], ...] = (
        settings.planhat.token,
        settings.planhat.endpoints,
    )
    try:
        for ask in asked:
            ask(connector)
    except InvalidSettings:
        return []  # said among the settings
    endpoints = settings.planhat.endpoints(connector)
    facts = await planhat_facts(endpoints, settings.planhat.token(connector))
    return list(planhat_findings(endpoints, facts))


def _json(found: list[Finding]) -> str:
    messages = [{"status": finding.status, "message": finding.message} for finding in found]
    return json.dumps({"status": status.worst(found), "messages": messages}, indent=2)


def _lines(found: list[Finding]) -> str:
    return "\n".join(f"{finding.status:<14} {finding.message}" for finding in found)
