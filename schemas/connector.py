"""The connector settings: what Hull calls `private_settings`, pasted as they are, YAML or JSON."""

import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PrivateAttr,
    SecretStr,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from schemas.models import COMPANIES, ENDUSERS, MODELS
from schemas.settings_error import InvalidSettings, lines
from schemas.settings_text import read_settings, trimmed
from schemas.shown import is_random, plainly, shown
from schemas.target import Targets

__all__ = ["AttributeMapping", "ConnectorSettings", "InvalidSettings"]

OnMerged = Literal["ignore", "archive", "delete"]
"""What becomes of the contact of a user that Hull merged into another."""

_HISTORIC_TOKEN: Final = "personal_acccess_token"  # noqa: S105 - the name of a key, sic
_TOKEN: Final = "personal_access_token"  # noqa: S105 - the name of a key
_HOST_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_TENANT: Final = re.compile(r"[A-Za-z0-9_-]+")
_ROW_NAMES: Final = ("hull_field_name", "service_field_name")


def _or_always(value: object) -> object:
    """Null and no text are no setting, in a row as outside of it."""
    return "always" if value in (None, "") else value


class AttributeMapping(BaseModel):
    """One row of a mapping table: from an attribute of Hull to a field of Planhat.

    `overwrite` says whether an empty value may clear what Planhat has. Hull's rows lack it.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, coerce_numbers_to_str=True
    )

    hull_field_name: str
    service_field_name: str
    overwrite: Annotated[Literal["always", "if_set"], BeforeValidator(_or_always)] = "always"


def _is_blank(row: object) -> bool:
    """Tell a row that was added in Hull's settings page and never filled in."""
    if not isinstance(row, dict):
        return row is None
    values = [row.get(name) for name in _ROW_NAMES]
    is_filled = all(value is not None and str(value).strip() for value in values)
    return not is_filled and set(row) <= AttributeMapping.model_fields.keys()


def _rows(value: object) -> object:
    return [row for row in value if not _is_blank(row)] if isinstance(value, list) else value


def _names(value: object) -> object:
    if not isinstance(value, list):
        return value
    return [name for name in value if name is not None and str(name).strip()]


Rows = Annotated[tuple[AttributeMapping, ...], BeforeValidator(_rows)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


def _standard(targets: Targets) -> AfterValidator:
    """Return a validator that writes API keys for labels and refuses what is neither."""

    def resolved(row: AttributeMapping) -> AttributeMapping:
        found = targets.find(row.service_field_name)
        if found is not None:
            return row.model_copy(update={"service_field_name": found})
        name = row.service_field_name
        nearest = " or ".join(targets.nearest(name))
        hint = f"did you mean {nearest}?"
        if not nearest:
            hint = f"use one of {', '.join(targets.names)}, or map it as a custom attribute"
        raise PydanticCustomError(
            "target",
            "{value} is not a standard field of Planhat; {hint}",
            {"value": shown(name) if name.startswith("custom.") else plainly(name), "hint": hint},
        )

    return AfterValidator(resolved)


def _standard_rows(targets: Targets) -> Any:  # noqa: ANN401 - an annotation made of parts
    row = Annotated[AttributeMapping, _standard(targets)]
    return Annotated[tuple[row, ...], BeforeValidator(_rows)]


def _of_lists() -> dict[str, Any]:
    """The settings of models whose records lie in a list of an account: three for each."""
    found: dict[str, Any] = {}
    for model in MODELS.values():
        if model.is_listed:
            found[model.list_attribute] = (str | None, None)
            found[model.table] = (_standard_rows(model.fields), ())
            found[model.custom_table] = (Rows, ())
    return found


if TYPE_CHECKING:
    _Lists = BaseModel
else:
    _Lists = create_model("_Lists", **_of_lists())


class ConnectorSettings(_Lists):
    """Hull's `private_settings`, in their historic spellings; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    personal_access_token: SecretStr | None = None
    api_prefix: str = "api"
    tenant_id: SecretStr | None = None

    contact_synchronized_segments: Names = ()
    contact_events: Names = ()
    contact_attributes_outbound: _standard_rows(ENDUSERS.fields) = ()  # type: ignore[valid-type]  # made of parts
    contact_custom_attributes_outbound: Rows = ()

    account_synchronized_segments: Names = ()
    account_require_externalid: bool = True
    account_attributes_outbound: _standard_rows(COMPANIES.fields) = ()  # type: ignore[valid-type]  # made of parts
    account_custom_attributes_outbound: Rows = ()

    fetch_interval_accounts: Any = None
    """Accepted and ignored: this service does not fetch."""
    fetch_interval_users: Any = None
    """Accepted and ignored: this service does not fetch."""

    send_null_values: bool = False
    on_segment_left: Literal["ignore", "archive"] = "ignore"
    on_user_unlinked: Literal["keep", "archive"] = "keep"
    on_user_merged: OnMerged = "ignore"
    unknown_list_values: Literal["send", "skip"] = "send"

    _blanks: tuple[str, ...] = PrivateAttr(default=())

    @model_validator(mode="before")
    @classmethod
    def _historic(cls, values: Any) -> Any:  # noqa: ANN401 - whatever was pasted
        """Accept the misspelt token of the old settings, and null or no text for no setting."""
        if not isinstance(values, dict):
            return values
        values = {name: value for name, value in values.items() if value not in (None, "")}
        if _HISTORIC_TOKEN in values:
            historic = values.pop(_HISTORIC_TOKEN)
            values.setdefault(_TOKEN, historic)
        return values

    @field_validator("api_prefix")
    @classmethod
    def _host_label(cls, value: str) -> str:
        value = value.strip().lower()
        if _HOST_LABEL.fullmatch(value) and not is_random(value):
            return value
        named = re.search(r"([a-z0-9-]+)\.planhat\.com", value)
        raise PydanticCustomError(
            "host",
            "should be the first part of a host name, like {example}",
            {"example": named[1] if named else "api-us2"},
        )

    @field_validator("tenant_id")
    @classmethod
    def _tenant(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or _TENANT.fullmatch(value.get_secret_value()):
            return value
        raise PydanticCustomError("tenant", "should be letters, digits and dashes, as in Planhat")

    @property
    def api_url(self) -> str:
        """Where the tenant's API is (API reference: app and API hosts share their region)."""
        return f"https://{self.api_prefix}.planhat.com"

    @classmethod
    def from_text(cls, text: str, source: str) -> Self:
        """Read YAML or JSON; raises InvalidSettings, whose lines begin with `source`."""
        values, blanks = trimmed(read_settings(text, source))
        try:
            found = cls.model_validate(values)
        except ValidationError as error:
            known = (*cls.model_fields, *AttributeMapping.model_fields)
            raise InvalidSettings(*lines(error, source, known)) from None
        found._blanks = tuple(blanks)  # noqa: SLF001 - it is made here
        return found

    @property
    def trimmed(self) -> tuple[str, ...]:
        """Where blanks were around a text, which are left out."""
        return self._blanks
