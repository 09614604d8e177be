"""The rows of the mapping tables, each with its place, so that a finding can name it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from consumer.decide.rules import ACCOUNT_PREFIX
from schemas.attribute import canonical
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemas.connector import ConnectorSettings

ONE: Final = {
    Resource.COMPANIES: "company",
    Resource.ENDUSERS: "contact",
    Resource.LICENSES: "licence",
}
"""What people call one of them."""

_TABLES: Final[tuple[tuple[Resource, str, bool], ...]] = (
    (Resource.ENDUSERS, "contact_attributes_outbound", False),
    (Resource.ENDUSERS, "contact_custom_attributes_outbound", True),
    (Resource.COMPANIES, "account_attributes_outbound", False),
    (Resource.COMPANIES, "account_custom_attributes_outbound", True),
    (Resource.LICENSES, "account_licenses_attributes_outbound", False),
    (Resource.LICENSES, "account_licenses_custom_attributes_outbound", True),
)
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Row:
    """A row: an attribute of Hull, and the field of a model that takes it."""

    resource: Resource
    place: str
    source: str
    target: str
    is_custom: bool

    def __str__(self) -> str:
        """Where it stands, as other findings name it."""
        return f"{self.place} ({named(self.source)} -> {named(self.target)})"

    @property
    def leaf(self) -> str:
        """The last part of the attribute's name, in small letters: it tells what it holds."""
        name = self.source.strip().removeprefix(ACCOUNT_PREFIX)
        return canonical(name).rpartition("/")[2].lower()


def mapped(connector: ConnectorSettings) -> list[Row]:
    """All rows that have an effect."""
    tables = [one for one in _TABLES if one[0] is not Resource.LICENSES or has_licences(connector)]
    return [
        row
        for resource, table, custom in tables
        for row in _rows(connector, resource, table, is_custom=custom)
    ]


def has_licences(connector: ConnectorSettings) -> bool:
    """Whether licences are sent at all."""
    return bool(connector.account_licenses_attribute)


def named(name: str) -> str:
    """A name of a length that people read."""
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."


def _rows(
    connector: ConnectorSettings, resource: Resource, table: str, *, is_custom: bool
) -> Iterator[Row]:
    rows: tuple[Any, ...] = getattr(connector, table)
    for at, row in enumerate(rows):
        place = f"{table}[{at}]"
        yield Row(resource, place, row.hull_field_name, row.service_field_name, is_custom)
