"""Reads what Planhat has, for commands that send nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.engine.directory import CompanyDirectory, Owners
from planhat_client.client import Planhat
from planhat_client.transport import Transport

if TYPE_CHECKING:
    from consumer.settings.planhat import PlanhatSettings
    from schemas.connector import ConnectorSettings


async def looked_up(
    settings: PlanhatSettings, connector: ConnectorSettings
) -> tuple[CompanyDirectory, Owners]:
    """Read companies and users, in two calls; raises InvalidSettings and PlanhatError."""
    companies, owners = CompanyDirectory(), Owners()
    api = Planhat(
        Transport(settings.request_timeout_seconds, 2),
        settings.endpoints(connector),
        settings.token(connector),
    )
    try:
        companies.read(await api.companies(), 0.0)
        owners.read(await api.users(), 0.0)
    finally:
        await api.close()
    return companies, owners
