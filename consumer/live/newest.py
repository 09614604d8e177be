"""The newest rows of each model against the custom fields, and against what we would send. Pure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from consumer.decide.moment import iso_moment
from consumer.live.codes import Code
from consumer.live.mapped import ONE
from consumer.live.questions import PREFIX, newest
from consumer.live.rows import key, objects, some
from consumer.settings.findings import Finding, error, warning
from consumer.wording import plural
from schemas.custom_field import FieldType
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from consumer.live.mapped import Row
    from consumer.live.questions import Answers
    from schemas.custom_field import CustomField

_NOTHING: Final[tuple[object, ...]] = (None, "", [])


def row_findings(
    rows: Sequence[Row],
    fields: Mapping[Resource, Mapping[str, CustomField]] | None,
    answers: Answers,
) -> Iterator[Finding]:
    """Say what the newest rows hold that does not fit."""
    contacts = objects(answers.get(newest("endusers")))
    yield from _without_key(rows, contacts)
    yield from _shared_keys(contacts)
    yield from _leftovers(contacts)
    for resource, one in ONE.items():
        found = objects(answers.get(newest(resource)))
        if found and fields is not None:
            mapped = [row for row in rows if row.is_custom and row.resource is resource]
            yield from _undeclared(found, fields[resource], one)
            yield from _unfit(found, fields[resource], mapped)


def _without_key(rows: Sequence[Row], contacts: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    keyed = [
        row for row in rows if row.resource is Resource.ENDUSERS and row.target == "externalId"
    ]
    bare = sum(not key(one.get("externalId")) for one in contacts)
    if keyed and bare:
        yield warning(
            f"{keyed[-1]}: no external id at {bare} of the {len(contacts)} newest contacts: a user"
            " of Hull meets them by e-mail address alone; give them theirs",
            Code.ROW_WITHOUT_KEY,
        )


def _shared_keys(contacts: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    places = Counter((key(one.get("companyId")), key(one.get("externalId"))) for one in contacts)
    twins = [name for (_, name), count in places.items() if name and count > 1]
    if twins:
        yield error(
            f"Planhat: {len(twins)} external {plural(len(twins), 'id is', 'ids are')} shared by"
            f" contacts of one company, {some(twins)}: ours goes to either; merge them in Planhat",
            Code.ROW_TWINS,
        )


def _leftovers(contacts: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    left = [name for one in contacts if (name := key(one.get("externalId"))).startswith(PREFIX)]
    if left:
        yield warning(
            f"Planhat: {len(left)} {plural(len(left), 'contact')} of a check that was killed"
            f" {plural(len(left), 'is', 'are')} left, {some(left)}; `check --live --write` with"
            " the same --company removes them, or delete them in Planhat",
            Code.LEFTOVERS,
        )


def _undeclared(
    found: Sequence[Mapping[str, Any]], fields: Mapping[str, CustomField], one: str
) -> Iterator[Finding]:
    unknown = sorted({name for row in found for name in _custom(row)} - fields.keys())
    if unknown:
        yield warning(
            f"Planhat: values under {some(unknown)}, no custom {plural(len(unknown), 'field')} of"
            f" the {one}, in the newest rows: nobody sees them; create what lacks, or find out who"
            " writes it",
            Code.ROW_FIELD_UNDECLARED,
        )


def _unfit(
    found: Sequence[Mapping[str, Any]], fields: Mapping[str, CustomField], mapped: Sequence[Row]
) -> Iterator[Finding]:
    for row in mapped:
        field = fields.get(row.target)
        values = [_custom(each).get(row.target) for each in found]
        values = [value for value in values if value not in _NOTHING]
        if field is None:
            continue
        if count := sum(not _fits(field.type, value) for value in values):
            yield warning(
                f"{row}: a value that is no {field.type.value} in {count} of the {len(found)}"
                " newest: Planhat can't show it; look at who writes it",
                Code.ROW_TYPE,
            )
        if count := sum(not _is_offered(field, value) for value in values):
            yield warning(
                f"{row}: a value that the list does not offer in {count} of the {len(found)}"
                " newest; add it in Planhat, or look at who writes it",
                Code.ROW_LIST_VALUE,
            )


def _custom(row: Mapping[str, Any]) -> Mapping[str, Any]:
    custom = row.get("custom")
    return custom if isinstance(custom, dict) else {}


_FITS: Final[Mapping[FieldType, Callable[[Any], bool]]] = {
    FieldType.NUMBER: lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    FieldType.BOOLEAN: lambda value: isinstance(value, bool),
    FieldType.DATE: lambda value: iso_moment(value) is not None,
    FieldType.DAY: lambda value: iso_moment(value) is not None,
    FieldType.MULTIPICKLIST: lambda value: isinstance(value, list),
}
"""Whether Planhat can show a value in a field of the type; of the other types: any text."""


def _fits(kind: FieldType, value: object) -> bool:
    if kind in _FITS:
        return _FITS[kind](value)
    return kind is FieldType.UNKNOWN or not isinstance(value, dict)


def _is_offered(field: CustomField, value: object) -> bool:
    if field.type not in {FieldType.LIST, FieldType.MULTIPICKLIST} or not field.list_values:
        return True
    values = value if isinstance(value, list) else [value]
    return all(str(one) in field.list_values for one in values)
