"""Rules that fit the fields of a tenant. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from consumer.decide import reasons
from consumer.decide.custom.faults import fault_of
from consumer.decide.rules import Listed, made
from schemas.models import COMPANIES, ENDUSERS

if TYPE_CHECKING:
    from consumer.decide.custom.faults import FaultKind, Fields
    from consumer.decide.rules import Field, Mapping, Rules
    from schemas.models import Model

_WHY: Final[dict[FaultKind, str]] = {
    "missing": reasons.NO_SUCH_FIELD,
    "locked": reasons.LOCKED_FIELD,
    "formula": reasons.FORMULA_FIELD,
}


def fitted(rules: Rules, fields: Fields, *, skips_faulty: bool) -> Rules:
    """Give the rules for these fields.

    `skips_faulty`: rows whose values nobody would see in Planhat are not sent.
    """
    return replace(
        rules,
        contact=_fitted(ENDUSERS, rules.contact, fields, skips_faulty=skips_faulty),
        company=_fitted(COMPANIES, rules.company, fields, skips_faulty=skips_faulty),
        lists=tuple(
            Listed(
                listed.model,
                listed.attribute,
                _fitted(listed.model, listed.mapping, fields, skips_faulty=skips_faulty),
            )
            for listed in rules.lists
        ),
    )


def _fitted(model: Model, mapping: Mapping, fields: Fields, *, skips_faulty: bool) -> Mapping:
    kept: list[Field] = []
    skipped: list[Field] = []
    for field in mapping.fields:
        kind = fault_of(model.resource, field, fields) if field.is_custom else None
        if kind is not None and skips_faulty:
            skipped.append(replace(field, wrong=_WHY[kind]))
        else:
            kept.append(field)
    return made(kept, skipped)
