"""What Planhat and the service must show in the end. Data only."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Rejected(NamedTuple):
    """A message that must lie in the dead letters: its record's value, and where it stood in it."""

    value: bytes
    position: int | None


class Activity(NamedTuple):
    """An event as Planhat must have it; `at` in seconds since 1970, `enduser` as in `endusers`."""

    action: str
    enduser: str
    at: float


@dataclass(slots=True)
class Company:
    """A company. `by_user`: only users told of it, and maybe no more than its name was written."""

    fields: dict[str, Any]
    by_user: bool = False


@dataclass(slots=True)
class Enduser:
    """An enduser; `company` is its company's external id."""

    company: str
    fields: dict[str, Any]


@dataclass(slots=True)
class Expectation:
    """All of it.

    `companies` are by external id; `endusers` by external id, else by e-mail address; `licences` by
    external ids of company and licence; `activities` by event id. `strays` are events of users that
    Planhat doesn't know at that moment; it may when the event arrives, so either is right.
    `skips` are by kind (as in logs) and reason. `versions` are the last ones sent, by Hull id.
    `changes` counts the messages that change a company or an enduser.
    """

    companies: dict[str, Company] = field(default_factory=dict)
    endusers: dict[str, Enduser] = field(default_factory=dict)
    licences: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    activities: dict[str, Activity] = field(default_factory=dict)
    strays: set[str] = field(default_factory=set)
    skips: Counter[tuple[str, str]] = field(default_factory=Counter)
    rejected: Counter[Rejected] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    versions: dict[str, int] = field(default_factory=dict)
    records: int = 0
    changes: int = 0

    @property
    def messages(self) -> int:
        """Messages of all records; a record that holds none counts as one."""
        return self.outcomes.total()

    @property
    def profiles(self) -> int:
        """Users and accounts that something must be sent of."""
        return len(self.versions)
