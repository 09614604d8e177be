"""What is shown of payloads: enough to see what was sent, too little to know who it was. Pure.

Of a person every text is masked but ids, moments and the names of events; numbers and switches
stay. Of a company or licence only e-mail addresses and telephone numbers are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from consumer.log.masking import MASK
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import JsonValue

    from consumer.part import Body

_OPEN: Final = frozenset(
    {"_id", "sourceId", "externalId", "companyId", "companyExternalId", "action", "date"}
)
_PHONES: Final = frozenset({"phone", "phonePrimary", "mobile", "fax"})
_PEOPLE: Final = (Resource.ENDUSERS, Resource.ACTIVITIES)
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d([T ][\d:.]+(Z|[+-][\d:]+)?)?")
_DEEPEST: Final = 40
_INT_BITS: Final = 63
_LONGEST_NUMBER: Final = 100


class Shown:
    """Makes values fit to be shown."""

    def __init__(self, text: Callable[[str], str], *, keeps_personal: bool) -> None:
        """`text` hides secrets and addresses; `keeps_personal` is LOG_PII."""
        self.text = text
        self._keeps_personal = keeps_personal

    def value(self, value: object, depth: int = 0) -> JsonValue:
        """Any value without secrets, and without addresses unless they are kept."""
        return self._walk(value, self.text, depth)

    def payload(self, resource: Resource, body: Body) -> JsonValue:
        """An object that was sent, without personal data unless it is kept."""
        if self._keeps_personal:
            return self.value(body)
        return {self.text(name): self._field(resource, name, one) for name, one in body.items()}

    def _field(self, resource: Resource, name: str, value: object) -> JsonValue:
        if name in _PHONES:
            return None if value is None else MASK
        if resource in _PEOPLE and name not in _OPEN:
            return self._walk(value, self._masked, 1)
        return self.value(value, 1)

    def _masked(self, text: str) -> str:
        if not text or _MOMENT.fullmatch(text):
            return text
        return self.text(text) if "@" in text and " " not in text else f"{text[:1]}{MASK}"

    def _walk(self, value: object, text: Callable[[str], str], depth: int) -> JsonValue:
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            return value if value.bit_length() <= _INT_BITS else str(value)[:_LONGEST_NUMBER]
        if depth > _DEEPEST:
            return "..."
        if isinstance(value, dict):
            return {
                self.text(str(name)): self._walk(one, text, depth + 1)
                for name, one in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._walk(one, text, depth + 1) for one in value]
        return text(str(value))
