"""User activities: which enduser an event means; one that means none is dropped. Pure.

The two endpoints name the keys differently ("User activities"), and neither ever answers
anything but 200, so that an event under a wrong name is lost in silence. Here it is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from planhat_client.sandbox.models import COMPANIES, ENDUSERS, text
from planhat_client.sandbox.witness import ACTIVITIES

if TYPE_CHECKING:
    from planhat_client.sandbox.models import Item
    from planhat_client.sandbox.store.state import State
    from planhat_client.sandbox.witness import Witness
    from schemas.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Names:
    """What an endpoint calls the keys of the enduser and of the company."""

    enduser: tuple[str, ...]
    company: tuple[str, ...]


SINGLE: Final = Names(("externalId",), ("companyExternalId",))
BULK: Final = Names(("externalId", "id", "euExtId"), ("companyExternalId", "cId"))
_UNKNOWN: Final = "no such contact is there at this moment"


class Sink:
    """Takes events, stores those that mean an enduser, counts the rest."""

    def __init__(self, state: State, witness: Witness, dialect: Dialect) -> None:
        self._state = state
        self._witness = witness
        self._keys = dialect.activity_keys

    def take(self, event: object, names: Names) -> None:
        """Store an event, or drop it and say why."""
        self._witness.count(ACTIVITIES, "items")
        if not isinstance(event, dict):
            self._drop(event, "it is no object")
            return
        enduser = self._enduser(event, names)
        if enduser is None:
            is_named = bool(_first(event, names.enduser) or text(event.get("email")))
            self._drop(event, _UNKNOWN if is_named else "it names no contact")
            return
        owner = {"enduserId": enduser["_id"], "companyId": enduser.get("companyId")}
        self._state.activities.append(event | owner)
        # Planhat counts them at the contact: all that a read can see of an activity.
        enduser["beatsTotal"] = enduser.get("beatsTotal", 0) + 1
        self._witness.count(ACTIVITIES, "stored")
        self._witness.wrote(ACTIVITIES, event, enduser, "stored")

    def _drop(self, event: object, reason: str) -> None:
        self._witness.count(ACTIVITIES, "dropped")
        self._state.dropped.append({"reason": reason, "event": event})

    def _enduser(self, event: Item, names: Names) -> Item | None:
        endusers = self._state.records[ENDUSERS.name]
        found: list[Item] = []
        keys = self._keys if names is BULK else (*names.enduser, "email")
        if external_id := _first(event, tuple(name for name in names.enduser if name in keys)):
            found = endusers.having("externalId", external_id)
        if not found and "email" in keys and (email := text(event.get("email"))):
            found = endusers.having("email", email)
        return found[0] if len(found) == 1 else self._likeliest(found, event, names)

    def _likeliest(self, found: list[Item], event: Item, names: Names) -> Item | None:
        """Of several, the one in the event's company, or the primary one, or any."""
        if not found:
            return None
        company_id = self._company_id(event, names)
        narrowed = [each for each in found if each.get("companyId") == company_id]
        narrowed = narrowed or [each for each in found if each.get("primary") is True]
        if len(narrowed) != 1:
            self._witness.count(ACTIVITIES, "ambiguous")
        return (narrowed or found)[0]

    def _company_id(self, event: Item, names: Names) -> str | None:
        external_id = _first(event, names.company)
        companies = self._state.records[COMPANIES.name]
        if external_id and (found := companies.by_place.get(("", external_id))):
            return found
        return text(event.get("companyId")) if names is SINGLE else None


def _first(event: Item, names: tuple[str, ...]) -> str | None:
    for name in names:
        if found := text(event.get(name)):
            return found
    return None
