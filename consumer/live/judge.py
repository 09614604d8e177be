"""What the tenant's answers mean for these settings: findings with a remedy each. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.live.access import access_findings, clock_findings, quota_findings
from consumer.live.companies import company_findings, contact_findings
from consumer.live.fields import field_findings, fields_of
from consumer.live.mapped import is_sent, mapped
from consumer.live.newest import row_findings
from consumer.live.questions import Wanted
from schemas.models import MODELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.live.questions import Answers
    from consumer.settings.findings import Finding
    from schemas.connector import ConnectorSettings


def wanted(connector: ConnectorSettings) -> Wanted:
    """What these settings make worth asking."""
    targets = {row.service_field_name for row in connector.account_attributes_outbound}
    sent = [one.resource for one in MODELS.values() if one.settings and is_sent(connector, one)]
    return Wanted(tuple(sent), bool(targets & {"owner", "coOwner"}))


def live_findings(
    connector: ConnectorSettings, answers: Answers, per_minute: float
) -> Iterator[Finding]:
    """Say what is good and what to do about the rest; `per_minute` is our bound on calls."""
    rows = mapped(connector)
    yield from access_findings(wanted(connector), answers)
    yield from field_findings(rows, answers)
    yield from company_findings(answers)
    yield from contact_findings(answers)
    yield from row_findings(rows, fields_of(answers), answers)
    yield from quota_findings(answers, per_minute)
    yield from clock_findings(answers)
