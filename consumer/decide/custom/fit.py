"""Rules that fit the fields of a tenant: what is sent of the mapping, and as what. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from consumer.decide import reasons, value
from consumer.decide.custom.faults import fault_of
from consumer.decide.custom.written import Picked, day, members, offered, rich
from consumer.decide.rules import Listed, made
from schemas.custom_field import FieldType
from schemas.models import COMPANIES, ENDUSERS

if TYPE_CHECKING:
    from collections.abc import Mapping as Lookup

    from consumer.decide.custom.faults import FaultKind, Fields
    from consumer.decide.rules import Field, Mapping, Rules
    from consumer.decide.value import Converter
    from schemas.custom_field import CustomField
    from schemas.models import Model

_WHY: Final[dict[FaultKind, str]] = {
    "missing": reasons.NO_SUCH_FIELD,
    "locked": reasons.LOCKED_FIELD,
    "formula": reasons.FORMULA_FIELD,
}


_CONVERTERS: Final[dict[FieldType, tuple[Converter, str]]] = {
    FieldType.TEXT: (value.text, reasons.NOT_A_TEXT),
    FieldType.RICH_TEXT: (rich, reasons.NOT_A_TEXT),
    FieldType.NUMBER: (value.number, reasons.NOT_A_NUMBER),
    FieldType.DATE: (value.moment, reasons.NOT_A_DATE),
    FieldType.DAY: (day, reasons.NOT_A_DATE),
    FieldType.BOOLEAN: (value.boolean, reasons.NOT_A_BOOLEAN),
    FieldType.EMAIL: (value.name, reasons.NOT_A_TEXT),
    FieldType.PHONE: (value.name, reasons.NOT_A_TEXT),
    FieldType.URL: (value.name, reasons.NOT_A_TEXT),
}


class Fitting:
    """Fits a mapping to what is known of a tenant."""

    def __init__(
        self, fields: Fields, users: Lookup[str, str] | None, *, skips_faulty: bool
    ) -> None:
        """`users`: Planhat's users, an id or an e-mail address in small letters to the id.

        `skips_faulty`: rows whose values nobody would see in Planhat are not sent.
        """
        self._fields = fields
        self._users = users
        self._skips_faulty = skips_faulty

    def rules(self, rules: Rules) -> Rules:
        """Give the rules for these fields."""
        skips = rules.skips_unknown_values
        return replace(
            rules,
            contact=self._mapping(ENDUSERS, rules.contact, skips_others=skips),
            company=self._mapping(COMPANIES, rules.company, skips_others=skips),
            lists=tuple(
                Listed(
                    listed.model,
                    listed.attribute,
                    self._mapping(listed.model, listed.mapping, skips_others=skips),
                )
                for listed in rules.lists
            ),
        )

    def _mapping(self, model: Model, mapping: Mapping, *, skips_others: bool) -> Mapping:
        kept: list[Field] = []
        skipped: list[Field] = []
        for field in mapping.fields:
            if not field.is_custom:
                kept.append(field)
                continue
            kind = fault_of(model.resource, field, self._fields)
            found = self._fields.get((model.resource, field.target))
            if kind is not None and self._skips_faulty:
                skipped.append(replace(field, wrong=_WHY[kind]))
            elif found is None:
                kept.append(field)
            else:
                kept.append(self._typed(field, found, skips_others=skips_others))
        return made(kept, skipped)

    def _typed(self, field: Field, found: CustomField, *, skips_others: bool) -> Field:
        """The type wins over what the attribute's name lets guess; of an unknown one nothing."""
        match found.type:
            case FieldType.LIST | FieldType.MULTIPICKLIST as kind:
                is_list, values = kind is FieldType.MULTIPICKLIST, found.list_values
                picked = offered(values, is_list=is_list, skips_others=skips_others)
                return _picked(field, picked, reasons.NOT_OFFERED)
            case FieldType.TEAM_MEMBER | FieldType.TEAM_MEMBERS as kind:
                picked = members(self._users, is_list=kind is FieldType.TEAM_MEMBERS)
                return _picked(field, picked, reasons.NOT_A_MEMBER)
            case kind if kind in _CONVERTERS:
                convert, wrong = _CONVERTERS[kind]
                keeps = convert is value.text
                return replace(field, convert=convert, keeps_text=keeps, wrong=wrong)
            case _:
                return field


def _picked(field: Field, picked: Picked, wrong: str) -> Field:
    return replace(field, convert=picked, keeps_text=False, wrong=wrong, picked=picked)
