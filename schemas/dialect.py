"""What a tenant's Planhat was learnt to do where the documentation says nothing.

`check --live --write` writes such a document, the sandbox behaves by it. `unknown` means that
nobody has asked yet: the sandbox then does what clients rely on, or else what is hardest on them.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.settings_error import InvalidSettings
from schemas.shown import cleaned

Unknown: TypeAlias = Literal["unknown"]
ActivityKey: TypeAlias = Literal["externalId", "id", "euExtId", "email"]
UNKNOWN: Final = "unknown"


class Dialect(BaseModel):
    """One document; each member is a question, its values are the answers that are possible."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    unknown_id: Annotated[
        Literal["refused", "ignored", "created", "next_key", Unknown],
        Field(
            description="An item whose _id no record has, beside a good key: its error is told, it"
            " is dropped with 200, it is created, or the next key finds its record."
        ),
    ] = UNKNOWN
    missing_record: Annotated[
        Literal["not_found", "null", "empty_object", "empty_list", Unknown],
        Field(description="A single read of no record: 404, or 200 with null, {} or []."),
    ] = UNKNOWN
    case_twins: Annotated[
        Literal["item_fails", "request_fails", "accepted", Unknown],
        Field(description="An item with two names that differ only in case."),
    ] = UNKNOWN
    same_key_twice: Annotated[
        Literal["first_refused", "second_refused", "both_refused", "both_applied", Unknown],
        Field(description="One externalId in two items of one call."),
    ] = UNKNOWN
    unknown_company: Annotated[
        Literal["ignored", "item_error", Unknown],
        Field(description="A reference to a company that is not there: dropped with 200, or told."),
    ] = UNKNOWN
    one_bad_item: Annotated[
        Literal["partial", "all_refused", Unknown],
        Field(description="One bad item of three: 206 with lists, or 400 and nothing is written."),
    ] = UNKNOWN
    null_custom: Annotated[
        Literal["cleared", "stored", "ignored", Unknown],
        Field(description="null for a custom field."),
    ] = UNKNOWN
    empty_text: Annotated[
        Literal["stored", "cleared", Unknown], Field(description="An empty text for a field.")
    ] = UNKNOWN
    unknown_custom: Annotated[
        Literal["stored", "ignored", "refused", Unknown],
        Field(
            description="A custom name that is no field of the tenant: stored where nobody sees it,"
            " dropped with 200, or told."
        ),
    ] = UNKNOWN
    bad_list_value: Annotated[
        Literal["stored", "ignored", "refused", Unknown],
        Field(description="A value that is none of a list's."),
    ] = UNKNOWN
    line_breaks: Annotated[
        Literal["dropped", "kept", Unknown],
        Field(description="Bare line breaks in a rich text."),
    ] = UNKNOWN
    array: Annotated[
        Literal["replaces", "adds", Unknown],
        Field(description="A plain array, where one is stored."),
    ] = UNKNOWN
    activity_keys: Annotated[
        tuple[ActivityKey, ...] | Unknown,
        Field(description="The names by which activities sent in bulk found their contact."),
    ] = UNKNOWN
    error_entry: Annotated[
        Literal["el", "text", "text_with_key", "object", "item", "index", "bare_list", Unknown],
        Field(
            description='Entries of error lists: {"el", "error"}, a text without or with the key,'
            ' {key, "error"}, {"item", "error"}, {"index", "errmsg"}; or a 400 is a bare list.'
        ),
    ] = UNKNOWN
    sort_updated: Annotated[
        Literal["honoured", "ignored", Unknown],
        Field(description="Whether sort=-updatedAt gives the newest first."),
    ] = UNKNOWN
    leancompanies: Annotated[
        Literal["complete", "capped", Unknown],
        Field(description="Whether GET /leancompanies gives all companies, or 5,000."),
    ] = UNKNOWN
    rate_limit_headers: Annotated[
        Literal["x-rate-limit", "x-ratelimit", "none", Unknown],
        Field(description="How the headers of the quota begin."),
    ] = UNKNOWN

    @classmethod
    def from_json(cls, text: str | bytes, source: str = "dialect") -> Self:
        """Read a document; raises InvalidSettings, a line for each member that is wrong."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            found = {str((*one["loc"], "document")[0]): one["msg"] for one in error.errors()}
            told = (f"{source}: {cleaned(name)}: {why}" for name, why in found.items())
            raise InvalidSettings(*told) from error

    def over(self, other: Dialect) -> Dialect:
        """What is known here, and what `other` says of the rest."""
        return other.model_copy(update=self.known())

    def known(self) -> dict[str, object]:
        """The answers, without the questions that nobody has asked."""
        found = self.model_dump()
        return {name: value for name, value in found.items() if value != UNKNOWN}
