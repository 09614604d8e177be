"""What is wrong with a mapping, by the fields that the tenant really has. Pure.

Planhat answers 200 to names that it does not know, and to values of fields that it computes or
locks: it stores them where nobody sees them, or drops them. Tenants and integrators tell so; the
API reference does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from schemas.custom_field import CustomField
from schemas.models import MODELS
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from consumer.decide.rules import Field, Rules
    from schemas.models import Model

Fields: TypeAlias = Mapping[tuple[Resource, str], CustomField]
"""The custom fields of a tenant; upper and lower case count in their names."""

FaultKind = Literal["missing", "locked", "formula", "mandatory"]
FAULTS: Final[tuple[FaultKind, ...]] = ("missing", "locked", "formula", "mandatory")

_ALIKE: Final = 0.6
_LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """One field; `row` is its place in the mapping, `nearest` what was probably meant."""

    kind: FaultKind
    resource: Resource
    field: str
    row: str = ""
    nearest: str = ""

    def __str__(self) -> str:
        """Say what is wrong, and what to do."""
        model, name = MODELS[self.resource].singular, named(self.field)
        match self.kind:
            case "missing":
                meant = (
                    f"did you mean {named(self.nearest)}? Else create" if self.nearest else "create"
                )
                told = f"Planhat has no {model} field {name}, so nobody sees what is sent; {meant}"
                return f"{self.row}: {told} it in Planhat, or remove the row"
            case "locked":
                told = f"the {model} field {name} is locked, Planhat keeps its own value"
                return f"{self.row}: {told}; unlock it there, or remove the row"
            case "formula":
                told = f"Planhat computes the {model} field {name} by a formula"
                return f"{self.row}: {told}; map to another field, or remove the row"
            case "mandatory":
                told = f"the {model} field {name} is mandatory in Planhat and not mapped"
                return f"{told}, so Planhat may refuse what is new; map it, or make it optional"


def keyed(found: Iterable[CustomField]) -> Fields:
    """Arrange what was read; of two fields of one name the first counts."""
    fields: dict[tuple[Resource, str], CustomField] = {}
    for field in found:
        if field.parent is not None:
            fields.setdefault((field.parent, field.name), field)
    return fields


def fault_of(resource: Resource, field: Field, fields: Fields) -> FaultKind | None:
    """What keeps the values of a custom row from being seen in Planhat, None if nothing does."""
    found = fields.get((resource, field.target))
    if found is None:
        return "missing"
    if found.is_formula:
        return "formula"
    return "locked" if found.keeps_its_value else None


def faults(rules: Rules, fields: Fields) -> Iterator[Fault]:
    """Go through all custom rows, and through what Planhat asks for."""
    for model, mapping in rules.mappings:
        resource = model.resource
        rows = [field for field in mapping.fields if field.is_custom]
        for at, field in enumerate(rows):
            kind = fault_of(resource, field, fields)
            if kind is not None:
                own = [name for parent, name in fields if parent is resource]
                meant = nearest(field.target, own) if kind == "missing" else ""
                yield Fault(kind, resource, field.target, _row(model, at, field), meant)
        mapped = {field.target for field in rows}
        for (parent, name), found in fields.items():
            if parent is resource and rows and found.is_mandatory and name not in mapped:
                yield Fault("mandatory", resource, name)


def _row(model: Model, at: int, field: Field) -> str:
    return f"{model.custom_table}[{at}] ({named(field.source)} -> {named(field.target)})"


def nearest(target: str, names: Iterable[str]) -> str:
    """The name that was probably meant, whatever its case; "" if none is like it."""
    own = {name.strip().casefold(): name for name in names}
    alike = get_close_matches(target.strip().casefold(), own, n=1, cutoff=_ALIKE)
    return own[alike[0]] if alike else ""


def named(name: str) -> str:
    """A name of a length that people read."""
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."
