"""What is known of Planhat while explaining: nothing, or what was read of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from consumer.engine.directory import CompanyDirectory, Owners


@dataclass(frozen=True, slots=True)
class Known:
    """The directories, where they were read; without them the explanation names conditions.

    `company_wait_seconds` and `single_activities` are settings of the service.
    """

    companies: CompanyDirectory | None = None
    owners: Owners | None = None
    company_wait_seconds: float = 30.0
    single_activities: bool = False


NOTHING_KNOWN = Known()
