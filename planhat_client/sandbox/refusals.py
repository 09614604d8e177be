"""Items that are refused for ever, alone or with the whole request that carries them. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from planhat_client.sandbox.options import ErrorList, options_of
from planhat_client.sandbox.shapes import Why

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from planhat_client.sandbox.models import Item

How: TypeAlias = Literal["item", "request"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Refuse items of `resource` (None: any) whose `field` is one of `values`, as text.

    `field` is a path such as "externalId" or "custom.x"; no values: any value will do.
    `how` "item" fails the item with `message`, told in `list_name` (None: as fits the item);
    "request" answers the whole request `status`.
    """

    field: str
    values: tuple[str | int | float | bool, ...] = ()
    resource: str | None = None
    how: How = "item"
    message: str = "validation failed"
    list_name: ErrorList | None = None
    status: int = 500

    @classmethod
    def from_json(cls, document: object) -> Refusal:
        """Read a rule; raises ValueError that names the member that is wrong."""
        return options_of(cls, document, "refusal")


class Refusals:
    """All rules. Their order does not matter but for the message."""

    def __init__(self) -> None:
        """Nothing is refused."""
        self.rules: list[Refusal] = []
        self._values: list[frozenset[str]] = []

    def add(self, rules: Iterable[Refusal]) -> None:
        """Refuse from now on."""
        for rule in rules:
            self.rules.append(rule)
            self._values.append(frozenset(str(value) for value in rule.values))

    def clear(self) -> None:
        """Refuse nothing any more."""
        self.rules.clear()
        self._values.clear()

    def items(self, resource: str, items: Sequence[object]) -> dict[int, Why]:
        """Give the reason for each position that is refused."""
        found: dict[int, Why] = {}
        for rule, values in self._concerning(resource, "item"):
            for position, item in enumerate(items):
                if _meets(rule, values, item):
                    found.setdefault(position, Why(rule.message, rule.list_name))
        return found

    def request(self, resource: str, items: Sequence[object]) -> Refusal | None:
        """Give the rule by which a request as a whole is refused."""
        for rule, values in self._concerning(resource, "request"):
            if any(_meets(rule, values, item) for item in items):
                return rule
        return None

    def report(self) -> list[dict[str, Any]]:
        """Give the rules, as JSON."""
        return [asdict(rule) for rule in self.rules]

    def _concerning(self, resource: str, how: How) -> list[tuple[Refusal, frozenset[str]]]:
        return [
            (rule, values)
            for rule, values in zip(self.rules, self._values, strict=True)
            if rule.how == how and rule.resource in (None, resource)
        ]


def _meets(rule: Refusal, values: frozenset[str], item: object) -> bool:
    found: Item | object = item
    for name in rule.field.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    if found is None:
        return False
    return not values or str(found) in values
