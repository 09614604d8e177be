"""The rows of the mapping tables, each with its place, so that a finding can name it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from consumer.decide.custom.faults import named
from consumer.decide.rules import ACCOUNT_PREFIX
from schemas.attribute import canonical
from schemas.models import MODELS
from schemas.planhat import Resource

if TYPE_CHECKING:
    from schemas.connector import ConnectorSettings
    from schemas.models import Model

ONE: Final = {model.resource: model.word for model in MODELS.values() if model.settings}
"""What we call one record of each model that has a mapping."""


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
    return [
        Row(
            model.resource, f"{table}[{at}]", row.hull_field_name, row.service_field_name, is_custom
        )
        for model in MODELS.values()
        if model.settings and is_sent(connector, model)
        for table, is_custom in ((model.table, False), (model.custom_table, True))
        for at, row in enumerate(getattr(connector, table))
    ]


def is_sent(connector: ConnectorSettings, model: Model) -> bool:
    """Whether records of the model are sent at all."""
    return not model.is_listed or bool(getattr(connector, model.list_attribute))
