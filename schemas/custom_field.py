"""What `GET /customfields` tells of a tenant's own fields, read leniently.

Spellings vary between tenants and over time: types and models are read by their letters alone, and
a row without a name is no field. Source: the API reference, "Custom fields", and what clients read.
"""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from schemas.models import MODELS
from schemas.planhat import Resource, Text


class FieldType(StrEnum):
    """What Planhat's interface makes of a value."""

    TEXT = "text"
    RICH_TEXT = "rich text"
    NUMBER = "number"
    DATE = "date"
    DAY = "day"
    BOOLEAN = "boolean"
    LIST = "list"
    MULTIPICKLIST = "multipicklist"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    TEAM_MEMBER = "team member"
    TEAM_MEMBERS = "team members"
    UNKNOWN = "unknown"


_TYPES: Final = {
    "text": FieldType.TEXT,
    "string": FieldType.TEXT,
    "richtext": FieldType.RICH_TEXT,
    "html": FieldType.RICH_TEXT,
    "number": FieldType.NUMBER,
    "integer": FieldType.NUMBER,
    "float": FieldType.NUMBER,
    "currency": FieldType.NUMBER,
    "percent": FieldType.NUMBER,
    "date": FieldType.DATE,
    "datetime": FieldType.DATE,
    "day": FieldType.DAY,
    "boolean": FieldType.BOOLEAN,
    "bool": FieldType.BOOLEAN,
    "checkbox": FieldType.BOOLEAN,
    "list": FieldType.LIST,
    "picklist": FieldType.LIST,
    "multipicklist": FieldType.MULTIPICKLIST,
    "multilist": FieldType.MULTIPICKLIST,
    "multiselect": FieldType.MULTIPICKLIST,
    "email": FieldType.EMAIL,
    "phone": FieldType.PHONE,
    "url": FieldType.URL,
    "link": FieldType.URL,
    "teammember": FieldType.TEAM_MEMBER,
    "user": FieldType.TEAM_MEMBER,
    "teammembers": FieldType.TEAM_MEMBERS,
    "users": FieldType.TEAM_MEMBERS,
}

_PARENTS: Final = {
    name: model.resource
    for model in MODELS.values()
    if model.settings
    for name in (model.singular, model.word)
}


def _letters(value: object) -> str:
    return "".join(filter(str.isalnum, value.lower())) if isinstance(value, str) else ""


def _type(value: object) -> FieldType:
    return _TYPES.get(_letters(value), FieldType.UNKNOWN)


def _parent(value: object) -> Resource | None:
    """Models are named in the singular, and read in the plural, too; None: one we do not write."""
    letters = _letters(value)
    for singular in (letters, letters.removesuffix("s"), letters.removesuffix("ies") + "y"):
        if singular in _PARENTS:
            return _PARENTS[singular]
    return None


def _values(value: object) -> tuple[str, ...]:
    """Values are texts, or objects that name theirs."""
    found = []
    for one in value if isinstance(value, list) else ():
        inner = one.get("value", one.get("name")) if isinstance(one, dict) else one
        if isinstance(inner, str | int | float) and not isinstance(inner, bool):
            found.append(str(inner))
    return tuple(found)


def _flag(value: object) -> bool:
    return value is True or (isinstance(value, str) and value.lower() == "true")


_Flag = Annotated[bool, BeforeValidator(_flag)]


class CustomField(BaseModel):
    """A row of `GET /customfields`; `parent` is None for models that we do not write.

    `list_values` are what a list or multi-picklist offers; Planhat stores others unsaid.
    """

    model_config = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True, populate_by_name=True
    )

    id: Text = Field(default=None, alias="_id")
    parent: Annotated[Resource | None, BeforeValidator(_parent)] = None
    name: Annotated[str, Field(min_length=1)]
    type: Annotated[FieldType, BeforeValidator(_type)] = FieldType.UNKNOWN
    list_values: Annotated[tuple[str, ...], BeforeValidator(_values)] = Field(
        default=(), alias="listValues"
    )
    is_locked: _Flag = Field(default=False, alias="isLocked")
    is_formula: _Flag = Field(default=False, alias="isFormula")
    is_mandatory: _Flag = Field(default=False, alias="isMandatory")
    is_hidden: _Flag = Field(default=False, alias="isHidden")

    @property
    def keeps_its_value(self) -> bool:
        """Ours is overwritten: it is locked, or of Planhat's own sync with Salesforce."""
        return self.is_locked or self.name.endswith("-SF")
