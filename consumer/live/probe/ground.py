"""Where is written, what, and under which names, so that all of it is found again. Pure.

All contacts have external ids and addresses that begin alike, in one company the same in each run:
whatever a run leaves when it is killed, the next one finds by looking.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import quote

from consumer.live.questions import PREFIX
from consumer.live.rows import key
from schemas.custom_field import CustomField, FieldType

if TYPE_CHECKING:
    from planhat_client.answers.heard import Heard

NOBODYS_ID: Final = "facade00facade00facade00"
"""Of the form of Planhat's ids, and none of them."""
NO_COMPANY: Final = f"{PREFIX}no-company"
_DOMAIN: Final = "example.invalid"
STRAYS: Final = ("stray", "bad")
"""Contacts that name no company: where they went, if anywhere, only their key tells."""
MOST_CONTACTS: Final = 2000
"""Of the company: as many as a page shows, as all of them are looked through."""

Item: TypeAlias = "dict[str, Any]"
Found: TypeAlias = "dict[str, object]"
"""Members of a dialect, as far as they were learnt."""


@dataclass(frozen=True, slots=True)
class Put:
    """Upsert contacts."""

    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Get:
    """Read."""

    path: str


@dataclass(frozen=True, slots=True)
class Track:
    """Store activities."""

    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Pause:
    """Let Planhat come to it; nothing is asked."""

    seconds: float


Step: TypeAlias = Put | Get | Track | Pause
Steps: TypeAlias = "Generator[Step, Heard, Found]"
"""A question: what it does next, given each answer; at its end what was learnt."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The company that all is written in, and the custom fields of contacts that may be written.

    `pause_seconds` grows with each look: Planhat stores activities when it comes to it.
    """

    company_id: str
    fields: Mapping[FieldType, CustomField]
    pause_seconds: float

    def external_id(self, name: str) -> str:
        """The key of a contact of ours; what is left in another company has another."""
        return f"{PREFIX}{self.company_id}-{name}"

    def by_key(self, name: str) -> Get:
        """Read a contact of ours."""
        return Get(f"endusers/extid-{quote(self.external_id(name), safe='')}")

    def contact(self, name: str, **more: object) -> Item:
        """A contact of ours."""
        return {
            "externalId": self.external_id(name),
            "email": f"{self.external_id(name)}@{_DOMAIN}",
            "firstName": "Check",
            "lastName": "Hull-Planhat",
            "companyId": self.company_id,
            **more,
        }


def is_ours(row: Mapping[str, Any]) -> bool:
    """Whether a contact was made up here, by either of its keys."""
    return any(key(row.get(name)).startswith(PREFIX) for name in ("externalId", "email"))


def writable(fields: Iterable[CustomField]) -> dict[FieldType, CustomField]:
    """The first field of each type that takes what is written."""
    found: dict[FieldType, CustomField] = {}
    for one in fields:
        takes_values = one.type is not FieldType.LIST or one.list_values
        if takes_values and not (one.is_locked or one.is_formula or one.is_hidden):
            found.setdefault(one.type, one)
    return found
