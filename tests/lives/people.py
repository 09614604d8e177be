"""Who there is in Hull: users and accounts, as far as their lives have come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

USERS_SEGMENT = {"id": "5d2f0c1e8f0b7a0001a1b001", "name": "Active users"}
ACCOUNTS_SEGMENT = {"id": "5d2f0c1e8f0b7a0001a1c001", "name": "Customers"}


@dataclass(eq=False)
class Account:
    """An account of Hull; `version` is the moment of its last change."""

    number: int
    external_id: str
    domain: str
    version: int = 0
    people: set[Person] = field(default_factory=set)

    @property
    def hull_id(self) -> str:
        return f"account-{self.number}"

    def said(self) -> dict[str, Any]:
        """As it stands in a message."""
        return {
            "id": self.hull_id,
            "external_id": self.external_id,
            "domain": self.domain,
            "name": f"Account {self.number}",
            "version": self.version,
        }


@dataclass(eq=False)
class Person:
    """A user of Hull. `inside`: in the segment of the filter; `merged`: who became this one.

    `planhat_id` is what write-back told Hull.
    """

    number: int
    external_id: str | None
    email: str | None
    account: Account | None
    inside: bool = True
    planhat_id: str | None = None
    version: int = 0
    merged: list[Person] = field(default_factory=list)

    @property
    def hull_id(self) -> str:
        return f"user-{self.number}"

    def said(self) -> dict[str, Any]:
        """As it stands in a message; what it has not is absent."""
        entity = {
            "id": self.hull_id,
            "external_id": self.external_id,
            "email": self.email,
            "name": f"User {self.number}",
            "traits_version": self.version,
            "traits_planhat/id": self.planhat_id,
        }
        return {name: value for name, value in entity.items() if value is not None}
