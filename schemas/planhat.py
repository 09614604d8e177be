"""What Planhat sends back, read leniently: any member may be absent, lists may hold anything."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

_MODEL = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, populate_by_name=True)


class Resource(StrEnum):
    """What we write; the values are the names of Planhat's endpoints."""

    COMPANIES = "companies"
    ENDUSERS = "endusers"
    LICENSES = "licenses"
    ACTIVITIES = "activities"


def _count(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _list(value: object) -> object:
    if isinstance(value, list | tuple):
        return tuple(value)
    return (value,) if value else ()


def _text(value: object) -> object:
    """Ids may come as numbers, and "nothing" as an empty text."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value) or None
    return None


def _key(value: object) -> object:
    """An id that others gave is the same with blanks around it."""
    found = _text(value)
    return found.strip() or None if isinstance(found, str) else None


def _flag(value: object) -> object:
    return value is True


Count = Annotated[int, BeforeValidator(_count)]
Entries = Annotated[tuple[Any, ...], BeforeValidator(_list)]
Text = Annotated[str | None, BeforeValidator(_text)]
Key = Annotated[str | None, BeforeValidator(_key)]
Flag = Annotated[bool, BeforeValidator(_flag)]


class BulkResult(BaseModel):
    """The answer to a bulk upsert (API reference, "Bulk upsert").

    Error entries have no documented shape; which lists exist depends on the age of the API. The
    sister endpoint for metrics tells its errors as `errors`, so that is read too.
    """

    model_config = _MODEL

    created: Count = 0
    updated: Count = 0
    nonupdates: Count = 0
    inserted: Entries = Field(default=(), alias="insertsKeys")
    changed: Entries = Field(default=(), alias="updatesKeys")
    created_errors: Entries = Field(default=(), alias="createdErrors")
    updated_errors: Entries = Field(default=(), alias="updatedErrors")
    permission_errors: Entries = Field(default=(), alias="permissionErrors")
    validation_errors: Entries = Field(default=(), alias="validationErrors")
    other_errors: Entries = Field(default=(), validation_alias=AliasChoices("errors", "error"))

    @property
    def is_counted(self) -> bool:
        """It says what became of the items, if only that nothing did."""
        return bool(self.model_fields_set & {"created", "updated", "nonupdates"})

    @property
    def listed_errors(self) -> tuple[Any, ...]:
        """The error entries of the documented lists."""
        return (
            self.created_errors
            + self.updated_errors
            + self.permission_errors
            + self.validation_errors
        )

    @property
    def errors(self) -> tuple[Any, ...]:
        """All error entries, whatever the list."""
        return self.listed_errors + self.other_errors

    @property
    def succeeded(self) -> int:
        """Items that the counts call successful."""
        return self.created + self.updated + self.nonupdates


class LeanCompany(BaseModel):
    """A row of `GET /leancompanies`; the external id may be missing or empty."""

    model_config = _MODEL

    id: str = Field(alias="_id")
    name: Text = None
    external_id: Key = Field(default=None, alias="externalId")


class Enduser(BaseModel):
    """What we need of an enduser that was read; a list may leave out what is not selected."""

    model_config = _MODEL

    id: str = Field(alias="_id")
    external_id: Key = Field(default=None, alias="externalId")
    email: Key = None
    company_id: Key = Field(default=None, alias="companyId")
    name: Text = None
    archived: Flag = False


class PlanhatUser(BaseModel):
    """A row of `GET /users`: somebody who works with Planhat, and may own companies."""

    model_config = _MODEL

    id: str = Field(alias="_id")
    email: Key = None
