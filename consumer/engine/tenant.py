"""Which custom fields the tenant has, and the rules that fit them: the one owner of both. Pure.

Nothing is kept waiting for them for long: as long as they can't be read, what is known holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from consumer.decide.custom.faults import Fault, Fields, faults, keyed
from consumer.decide.custom.fit import fitted
from consumer.decide.rules import InForce

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumer.decide.rules import Rules
    from schemas.custom_field import CustomField

Use = Literal["off", "warn", "skip"]

REFRESH_SECONDS: Final = 3600.0
RETRY_SECONDS: Final = 300.0


class Tenant:
    """What Planhat told of its fields. `now` is seconds of a steady clock."""

    def __init__(self, rules: Rules, use: Use = "off") -> None:
        """Nothing is read yet; where nothing is mapped to custom fields, nothing ever is."""
        is_wanted = use != "off" and any(
            field.is_custom for _, mapping in rules.mappings for field in mapping.fields
        )
        self._rules = rules
        self._skips = use == "skip"
        self._next_at = float("-inf" if is_wanted else "inf")
        self._failure = ""
        self.in_force = InForce(rules)
        self.is_settled = not is_wanted
        """The fields were read, or could not be: nobody is to wait for them."""
        self.faults: tuple[Fault, ...] = ()

    def try_now(self, now: float) -> bool:
        """Whether it is time to read them."""
        return now >= self._next_at

    def read(self, found: Iterable[CustomField], now: float) -> list[Fault]:
        """Planhat told its custom fields; gives the faults that were not there before."""
        fields: Fields = keyed(found)
        known, self.faults = self.faults, tuple(faults(self._rules, fields))
        self.in_force.rules = fitted(self._rules, fields, skips_faulty=self._skips)
        self._settle("", now + REFRESH_SECONDS)
        return [fault for fault in self.faults if fault not in known]

    def failed(self, reason: str, now: float) -> bool:
        """They could not be read; False if that was said before."""
        is_new = reason != self._failure
        self._settle(reason, now + RETRY_SECONDS)
        return is_new

    def _settle(self, failure: str, next_at: float) -> None:
        self._failure, self._next_at, self.is_settled = failure, next_at, True
