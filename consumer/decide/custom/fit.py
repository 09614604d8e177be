"""Rules that fit the fields of a tenant. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from consumer.decide import reasons
from consumer.decide.custom.faults import fault_of
from consumer.decide.rules import made
from schemas.planhat import Resource

if TYPE_CHECKING:
    from consumer.decide.custom.faults import FaultKind, Fields
    from consumer.decide.rules import Field, Mapping, Rules

_WHY: Final[dict[FaultKind, str]] = {
    "missing": reasons.NO_SUCH_FIELD,
    "locked": reasons.LOCKED_FIELD,
    "formula": reasons.FORMULA_FIELD,
}


def fitted(rules: Rules, fields: Fields, *, skips_faulty: bool) -> Rules:
    """Give the rules for these fields.

    `skips_faulty`: rows whose values nobody would see in Planhat are not sent.
    """
    found = {
        resource: _fitted(resource, mapping, fields, skips_faulty=skips_faulty)
        for resource, mapping in rules.mappings
    }
    return replace(
        rules,
        contact=found[Resource.ENDUSERS],
        company=found[Resource.COMPANIES],
        licence=found.get(Resource.LICENSES, rules.licence),
    )


def _fitted(resource: Resource, mapping: Mapping, fields: Fields, *, skips_faulty: bool) -> Mapping:
    kept: list[Field] = []
    skipped: list[Field] = []
    for field in mapping.fields:
        kind = fault_of(resource, field, fields) if field.is_custom else None
        if kind is not None and skips_faulty:
            skipped.append(replace(field, wrong=_WHY[kind]))
        else:
            kept.append(field)
    return made(kept, skipped)
