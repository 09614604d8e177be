"""The connector settings, compiled once into what deciding needs. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from consumer.decide import reasons, value
from consumer.decide.custom.written import Picked
from consumer.decide.forms.organisation import GoneSegments
from consumer.decide.value import Converter
from schemas.attribute import Attribute
from schemas.connector import OnMerged
from schemas.models import COMPANIES, ENDUSERS, MODELS, Model
from schemas.target import Kind, Targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.connector import AttributeMapping, ConnectorSettings

ACCOUNT_PREFIX = "account."
EXTERNAL_ID = Attribute("external_id")
PLANHAT_ID = Attribute("planhat/id")

SEGMENTS: Final = Attribute(" segments")
SEGMENT_IDS: Final = Attribute(" segment_ids")
_OF_SEGMENTS: Final = {"segments": SEGMENTS, "segment_ids": SEGMENT_IDS}
"""What is added to the attributes of a profile (consumer/decide/forms/segments.py), by the names in
rows. Those have no blanks around them: so no row can give this name to an attribute of Hull."""

_CONVERTERS: dict[Kind, tuple[Converter, str]] = {
    Kind.KEY: (value.key, reasons.NOT_A_KEY),
    Kind.NAME: (value.name, reasons.NOT_A_TEXT),
    Kind.TEXT: (value.text, reasons.NOT_A_TEXT),
    Kind.ARRAY: (value.array, reasons.NOT_A_LIST),
    Kind.DATE: (value.moment, reasons.NOT_A_DATE),
    Kind.BOOLEAN: (value.boolean, reasons.NOT_A_BOOLEAN),
    Kind.NUMBER: (value.number, reasons.NOT_A_NUMBER),
}
"""How a field is written, and why it is left out if it can't be."""

_KEEP_TEXT: Final = (value.text, value.flat)


@dataclass(frozen=True, slots=True)
class Field:
    """One row of a mapping: an attribute, where it is read, and how its value is written.

    `keeps_text` tells that text stays as it is, `wrong` why a value is left out that can't be
    written; `picked` of which values a list is written without some; `if_set` that an empty value
    is not written.
    """

    attribute: Attribute
    target: str
    convert: Converter
    is_custom: bool
    of_account: bool
    keeps_text: bool
    wrong: str
    picked: Picked | None = None
    if_set: bool = False

    @property
    def source(self) -> str:
        """The attribute as the row names it."""
        return f"{ACCOUNT_PREFIX if self.of_account else ''}{self.attribute.name.strip()}"


@dataclass(frozen=True, slots=True)
class Mapping:
    """The rows of a model; `own` and `account` are the canonical names that a change may touch.

    `skipped` are rows that are not sent, as the tenant has no field for them. `segments` and
    `account_segments` tell that segments of the profile, or of the user's account, are mapped.
    """

    fields: tuple[Field, ...]
    own: frozenset[str]
    account: frozenset[str]
    skipped: tuple[Field, ...] = ()
    segments: bool = False
    account_segments: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A model whose records lie in a list that is an attribute of an account."""

    model: Model
    attribute: Attribute
    mapping: Mapping


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that decides about a message.

    `company_gate` holds the canonical names of all that makes a change of an account worth sending.
    """

    contact_filter: frozenset[str]
    contact_events: frozenset[str]
    contact: Mapping
    account_filter: frozenset[str]
    require_external_id: bool
    company: Mapping
    company_gate: frozenset[str]
    lists: tuple[Listed, ...]
    send_null_values: bool
    archives_left: bool
    archives_unlinked: bool = False
    skips_unknown_values: bool = False
    on_user_merged: OnMerged = "ignore"

    @classmethod
    def compile(cls, settings: ConnectorSettings) -> Rules:
        """Prepare the settings of a customer."""
        lists = _lists(settings)
        company = _mapping(COMPANIES, settings)
        read_by_itself = [EXTERNAL_ID, *[listed.attribute for listed in lists]]
        return cls(
            contact_filter=frozenset(settings.contact_synchronized_segments),
            contact_events=frozenset(settings.contact_events),
            contact=_mapping(ENDUSERS, settings, reaches_account=True),
            account_filter=frozenset(settings.account_synchronized_segments),
            require_external_id=settings.account_require_externalid,
            company=company,
            company_gate=company.own | {attribute.canonical for attribute in read_by_itself},
            lists=tuple(lists),
            send_null_values=settings.send_null_values,
            archives_left=settings.on_segment_left == "archive",
            archives_unlinked=settings.on_user_unlinked == "archive",
            skips_unknown_values=settings.unknown_list_values == "skip",
            on_user_merged=settings.on_user_merged,
        )

    @property
    def mappings(self) -> tuple[tuple[Model, Mapping], ...]:
        """The mapping of each model."""
        lists = [(listed.model, listed.mapping) for listed in self.lists]
        return ((ENDUSERS, self.contact), (COMPANIES, self.company), *lists)

    @property
    def archives(self) -> bool:
        """Whether `archived` is ours to write, true and false."""
        return self.archives_left or self.archives_unlinked

    @property
    def needs_owners(self) -> bool:
        """Whether companies name their owners, so that Planhat's users must be known."""
        return any(field.target in {"owner", "coOwner"} for field in self.company.fields)


class InForce:
    """The rules that hold now: they change as Planhat tells the fields of the tenant."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.gone = GoneSegments(rules.contact_filter, rules.account_filter)


def made(fields: Sequence[Field], skipped: Sequence[Field] = ()) -> Mapping:
    """Make a mapping of its rows."""
    return Mapping(
        tuple(fields),
        own=frozenset(field.attribute.canonical for field in fields if not field.of_account),
        account=frozenset(field.attribute.canonical for field in fields if field.of_account),
        skipped=tuple(skipped),
        segments=any(_is_of_segments(one) and not one.of_account for one in fields),
        account_segments=any(_is_of_segments(one) and one.of_account for one in fields),
    )


def _is_of_segments(field: Field) -> bool:
    return field.attribute is SEGMENTS or field.attribute is SEGMENT_IDS


def _lists(settings: ConnectorSettings) -> list[Listed]:
    found = []
    for model in MODELS.values():
        name: str | None = getattr(settings, model.list_attribute) if model.is_listed else None
        if name:
            found.append(Listed(model, Attribute(name), _mapping(model, settings)))
    return found


def _mapping(
    model: Model, settings: ConnectorSettings, *, reaches_account: bool = False
) -> Mapping:
    standard: tuple[AttributeMapping, ...] = getattr(settings, model.table)
    custom: tuple[AttributeMapping, ...] = getattr(settings, model.custom_table)
    rows = [(row, False) for row in standard] + [(row, True) for row in custom]
    found = (
        _field(
            model.fields,
            row,
            is_custom=is_custom,
            reaches_account=reaches_account,
            has_segments=not model.is_listed,
        )
        for row, is_custom in rows
    )
    return made([field for field in found if field is not None])


def _field(
    targets: Targets,
    row: AttributeMapping,
    *,
    is_custom: bool,
    reaches_account: bool,
    has_segments: bool,
) -> Field | None:
    name, of_account = row.hull_field_name.strip(), False
    if reaches_account and name.startswith(ACCOUNT_PREFIX):
        name, of_account = name.removeprefix(ACCOUNT_PREFIX), True
    of_segments = _OF_SEGMENTS.get(name) if has_segments else None
    attribute = of_segments or Attribute(name)
    convert: Converter
    if is_custom:
        convert, wrong = value.date if _is_date(attribute) else value.flat, reasons.NOT_A_NUMBER
    else:
        kind = targets.kinds[row.service_field_name]
        if kind is Kind.LINK:
            return None
        convert, wrong = _CONVERTERS[kind]
    return Field(
        attribute,
        row.service_field_name,
        convert,
        is_custom,
        of_account,
        keeps_text=convert in _KEEP_TEXT,
        wrong=wrong,
        if_set=row.overwrite == "if_set",
    )


def _is_date(attribute: Attribute) -> bool:
    """Hull knows dates by their name (guides, "Attributes")."""
    return attribute.canonical.endswith(("_at", "_date"))
