"""The mapping against the custom fields that the tenant has. Pure.

Planhat takes unknown names, values of another type and values no list offers with a 200, and stores
what nobody sees. So a fault here is an error, however silent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from consumer.decide.custom.faults import named, nearest
from consumer.live.codes import Code
from consumer.live.mapped import ONE
from consumer.live.questions import fields_pages, is_last
from consumer.settings.findings import Finding, error, warning
from schemas.custom_field import CustomField, FieldType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from consumer.live.mapped import Row
    from consumer.live.questions import Answers
    from schemas.planhat import Resource

_MOST_VALUES: Final = 8
_TEXTS: Final = frozenset({FieldType.TEXT, FieldType.RICH_TEXT, FieldType.UNKNOWN})
_LOOKS: Final = (
    (re.compile(r".*_(?:at|date)"), "a moment", {FieldType.DATE, FieldType.DAY}),
    (re.compile(r"(?:is|has)_.*"), "true or false", {FieldType.BOOLEAN, FieldType.LIST}),
    (re.compile(r".*_count|.*_days|mrr|arr"), "a number", {FieldType.NUMBER, FieldType.LIST}),
    (
        re.compile(r"(?:.*_)?email"),
        "an e-mail address",
        {FieldType.EMAIL, FieldType.TEAM_MEMBER, FieldType.TEAM_MEMBERS, FieldType.LIST},
    ),
    (re.compile(r"(?:.*_)?tags|segments?"), "a list", {FieldType.MULTIPICKLIST, FieldType.LIST}),
)
"""What an attribute holds by its name, and the types that take that, beside texts."""


def fields_of(answers: Answers) -> dict[Resource, dict[str, CustomField]] | None:
    """The tenant's fields by model and name, None if they could not be read."""
    pages = [page.rows for page in fields_pages(answers)]
    if not pages or pages[0] is None:
        return None
    found: dict[Resource, dict[str, CustomField]] = {resource: {} for resource in ONE}
    for field in _read(pages):
        if field.parent in found:
            found[field.parent].setdefault(field.name, field)
    return found


def field_findings(rows: Sequence[Row], answers: Answers) -> Iterator[Finding]:
    """Say what of the custom attributes Planhat does not have, or has otherwise."""
    fields = fields_of(answers)
    pages = fields_pages(answers)
    if fields is None:
        if pages:
            yield warning(
                f"Planhat: /customfields: {pages[0].reason or 'no list'}: nothing is said of custom"
                " attributes; give the token the right to read custom fields",
                Code.FIELDS_UNREADABLE,
            )
        return
    if pages[-1].rows is None or not is_last(pages):
        yield warning(
            "Planhat: /customfields: not all pages could be read: a field may be there that is"
            " said to be missing; try again",
            Code.FIELDS_UNREADABLE,
        )
    total = sum(map(len, fields.values()))
    yield Finding("ok", f"Planhat: {total} custom fields of our models", Code.FIELDS_READ)
    for row in rows:
        if row.is_custom:
            yield from _row(row, fields)
    for resource, own in fields.items():
        if mapped_names := {row.target for row in rows if row.resource is resource}:
            yield from _mandatory(resource, own, mapped_names)
            yield from _twins(resource, own)


def _read(pages: Sequence[list[object] | None]) -> Iterator[CustomField]:
    for rows in pages:
        for row in rows or ():
            try:
                yield CustomField.model_validate(row)
            except ValidationError:
                continue


def _row(row: Row, fields: Mapping[Resource, Mapping[str, CustomField]]) -> Iterator[Finding]:
    field = fields[row.resource].get(row.target)
    if field is None:
        yield _absent(row, fields)
        return
    what = f"{row}: the {ONE[row.resource]} field"
    if field.keeps_its_value:
        yield error(
            f"{what} is locked: Planhat keeps its own value; unlock it there, or remove the row",
            Code.FIELD_LOCKED,
        )
    if field.is_formula:
        yield error(
            f"{what} is a formula: Planhat computes it, and drops ours; remove the row, or map a"
            " field of its own",
            Code.FIELD_FORMULA,
        )
    if field.is_hidden:
        yield warning(
            f"{what} is hidden: nobody sees what we write; show it in Planhat, or remove the row",
            Code.FIELD_HIDDEN,
        )
    yield from _typed(row, field, what)


def _absent(row: Row, fields: Mapping[Resource, Mapping[str, CustomField]]) -> Finding:
    one, folded = ONE[row.resource], row.target.strip().casefold()
    own = {name.strip().casefold(): name for name in fields[row.resource]}
    lost = "what we write is stored where nobody sees it"
    if folded in own:
        right = named(own[folded])
        return error(
            f"{row}: Planhat calls the {one} field {right!r}, and letters"
            f" count: {lost}; write it so",
            Code.FIELD_OTHER_CASE,
        )
    elsewhere = [ONE[model] for model, known in fields.items() if row.target in known]
    if elsewhere:
        return error(
            f"{row}: the field is one of the {elsewhere[0]}, not of the {one}: {lost};"
            f" create it for the {one} in Planhat, or move the row",
            Code.FIELD_OF_OTHER_MODEL,
        )
    near = nearest(row.target, fields[row.resource])
    meant = f"did you mean {named(near)!r}? Else create" if near else "create"
    return error(
        f"{row}: Planhat has no such {one} field: {lost}; {meant} it in Planhat, or remove the row",
        Code.FIELD_UNKNOWN,
    )


def _typed(row: Row, field: CustomField, what: str) -> Iterator[Finding]:
    kind = field.type
    looks = next(((told, fit) for form, told, fit in _LOOKS if form.fullmatch(row.leaf)), None)
    if kind is FieldType.UNKNOWN:
        yield warning(
            f"{what} has a type that we do not know: values are sent as Hull has them; look at one"
            " in Planhat",
            Code.FIELD_TYPE_UNKNOWN,
        )
    elif looks and kind not in looks[1] and kind not in _TEXTS:
        yield error(
            f"{what} is of the type {kind.value}, and {named(row.leaf)} looks like {looks[0]}:"
            " what can't be converted is left out; change the type in Planhat, or the row",
            Code.FIELD_TYPE,
        )
    elif kind in {FieldType.TEAM_MEMBER, FieldType.TEAM_MEMBERS}:
        yield warning(
            f"{what} names people of Planhat's: only ids and addresses of Planhat's users are sent;"
            " see that Hull has those",
            Code.FIELD_TEAM_MEMBER,
        )
    elif kind is FieldType.RICH_TEXT:
        told = f"{what} is rich text: line breaks are sent as HTML, as Planhat drops bare ones"
        yield Finding("ok", told, Code.FIELD_RICH_TEXT)
    elif kind in {FieldType.LIST, FieldType.MULTIPICKLIST}:
        yield _listed(field, what)


def _listed(field: CustomField, what: str) -> Finding:
    values = [named(value) for value in field.list_values[:_MOST_VALUES]]
    more = len(field.list_values) - len(values)
    if not values:
        told = f"{what} is a list that offers nothing: no value fits; add its values in Planhat"
        return warning(told, Code.FIELD_LIST)
    offered = ", ".join(map(repr, values)) + (f" and {more} more" if more > 0 else "")
    told = f"{what} offers {offered}: Planhat stores any other unsaid"
    return Finding("ok", told, Code.FIELD_LIST)


def _mandatory(
    resource: Resource, own: Mapping[str, CustomField], targets: set[str]
) -> Iterator[Finding]:
    for field in own.values():
        if field.is_mandatory and field.name not in targets:
            yield error(
                f"Planhat: the {ONE[resource]} field {named(field.name)!r} is mandatory and not"
                " mapped: what is new would be refused; map it, or make it optional in Planhat",
                Code.FIELD_MANDATORY,
            )


def _twins(resource: Resource, own: Mapping[str, CustomField]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for name in own:
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            yield warning(
                f"Planhat: the {ONE[resource]} fields {named(other)!r} and {named(name)!r} differ"
                " only in case: people and programs mix them up; rename one in Planhat",
                Code.FIELD_TWINS,
            )
