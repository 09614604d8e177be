"""What Planhat makes of the values of an item, by the tenant's fields and its dialect. Pure.

Most of what is wrong is answered 200 and stored wrongly, or dropped: that is done here as well, and
counted by field. Without fields, nothing is known to be wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from planhat_client.sandbox.models import Item, Model
    from planhat_client.sandbox.witness import Witness
    from schemas.dialect import Dialect

_OWNERS: Final = ("owner", "coOwner")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ].*)?", re.DOTALL)
_MARKED_UP: Final = re.compile(r"<(?:p|br|div|li)\b", re.IGNORECASE)
_DROPPED: Final = object()
_BOOLEANS: Final = ("boolean", "checkbox")
_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "number": (int, float),
    "rating": (int, float),
    "boolean": bool,
    "checkbox": bool,
    "multipicklist": list,
    "text": str,
    "richtext": str,
    "list": str,
    "email": str,
    "phone": str,
    "url": str,
}
"""Of a type that is not here anything fits."""


@dataclass(frozen=True, slots=True)
class Field:
    """A custom field, read from a row of `GET /customfields`; `type` in its letters alone.

    `is_theirs`: locked, reckoned, or kept by a sync with Salesforce. What we write is ignored.
    """

    name: str
    type: str
    values: frozenset[str]
    is_theirs: bool
    is_mandatory: bool


class Fields:
    """The custom fields of a tenant, by model; `user_ids` are of those who work with Planhat."""

    def __init__(self, dialect: Dialect, witness: Witness) -> None:
        """No field is known yet."""
        self.user_ids: frozenset[str] = frozenset()
        self._dialect = dialect
        self._witness = witness
        self._known: dict[str, dict[str, Field]] = {}
        self._is_plain = (dialect.null_custom, dialect.empty_text, dialect.array) == (
            "cleared",
            "stored",
            "replaces",
        )

    def learn(self, rows: Iterable[Item]) -> None:
        """Replace all fields; without any, names and values are good whatever they are."""
        self._known = {}
        for row in rows:
            field = _field(row)
            of_model = self._known.setdefault(str(row.get("parent", "")).lower(), {})
            of_model[field.name] = field

    def problem(self, model: Model, item: Item, *, is_new: bool) -> str | None:
        """Say why an item is refused for its custom fields, if it is."""
        if not self._known:
            return None
        custom = item.get("custom") or {}
        known = self._known.get(model.singular, {})
        for field in known.values():
            if is_new and field.is_mandatory and custom.get(field.name) is None:
                return f"custom.{field.name} is required"
        refuses_names = self._dialect.unknown_custom == "refused"
        refuses_values = self._dialect.bad_list_value == "refused"
        for name, value in custom.items():
            if name not in known:
                if refuses_names:
                    return f"custom.{name} is no field"
            elif refuses_values and not _is_listed(known[name], value):
                return f"custom.{name} has no such value"
        return None

    def taken(self, model: Model, item: Item, record: Item | None) -> Item:
        """Give what is stored of an item; `record` is what there is."""
        if self._is_plain and not self._known:
            return item
        found = dict(item)
        if self._known:
            for name in item.keys() - model.names:
                self._tell(model, name, "unknown")
                del found[name]
            self._check_users(model, found)
        stored = record or {}
        for name, value in found.items():
            found[name] = self._usual(value, stored.get(name))
        if isinstance(custom := item.get("custom"), dict):
            kept = stored.get("custom", {})
            values = ((n, self._custom(model, n, v, kept.get(n))) for n, v in custom.items())
            found["custom"] = {name: value for name, value in values if value is not _DROPPED}
        return found

    def _usual(self, value: Any, stored: Any) -> Any:  # noqa: ANN401 - any JSON
        """What any field makes of any value."""
        if value == "" and self._dialect.empty_text == "cleared":
            return None
        if isinstance(value, list) and isinstance(stored, list) and self._dialect.array == "adds":
            return stored + [each for each in value if each not in stored]
        return value

    def _custom(self, model: Model, name: str, value: Any, stored: Any) -> Any:  # noqa: ANN401
        """What a custom field makes of a value; `_DROPPED`: nothing."""
        if value is None and self._dialect.null_custom == "ignored":
            return _DROPPED
        field = self._known.get(model.singular, {}).get(name)
        if field is not None:
            value = self._typed(model, field, value)
        elif self._known and self._dialect.unknown_custom == "ignored":
            self._tell(model, f"custom.{name}", "unknown")
            value = _DROPPED
        elif self._known:
            self._tell(model, f"custom.{name}", "invisible")
        return self._usual(value, stored)

    def _typed(self, model: Model, field: Field, value: Any) -> Any:  # noqa: ANN401 - any JSON
        path = f"custom.{field.name}"
        if field.is_theirs:
            self._tell(model, path, "locked")
            return _DROPPED
        if value is None or value == "":
            return value
        if not self._fits(field.type, value):
            self._tell(model, path, "misfits")
        elif not _is_listed(field, value):
            self._tell(model, path, "bad_values")
            return _DROPPED if self._dialect.bad_list_value == "ignored" else value
        elif field.type == "richtext" and "\n" in value and not _MARKED_UP.search(value):
            self._tell(model, path, "line_breaks")
            return value if self._dialect.line_breaks == "kept" else value.replace("\n", "")
        return value

    def _fits(self, kind: str, value: Any) -> bool:  # noqa: ANN401 - any JSON
        if kind == "teammember":
            return self._are_users([value])
        if kind == "teammembers":
            return isinstance(value, list) and self._are_users(value)
        if kind in ("date", "day"):
            return isinstance(value, str) and _DAY.fullmatch(value) is not None
        if kind not in _BOOLEANS and isinstance(value, bool):
            return kind not in _TYPES
        return isinstance(value, _TYPES.get(kind, object))

    def _are_users(self, ids: list[Any]) -> bool:
        return all(isinstance(each, str) and each in self.user_ids for each in ids)

    def _check_users(self, model: Model, item: Item) -> None:
        for name in _OWNERS:
            if item.get(name) and not self._are_users([item[name]]):
                self._tell(model, name, "misfits")

    def _tell(self, model: Model, path: str, what: str) -> None:
        self._witness.field(model.name, path, what)


def twins(item: object) -> tuple[str, ...]:
    """The names of an item, or of its custom fields, that differ from another only in case."""
    if not isinstance(item, dict):
        return ()
    custom = item.get("custom")
    return _twins(tuple(item)) or (_twins(tuple(custom)) if isinstance(custom, dict) else ())


@lru_cache(maxsize=1_000)
def _twins(names: tuple[str, ...]) -> tuple[str, ...]:
    """Items of one mapping have the same names: to look at them once is enough."""
    folded = [name.lower() for name in names]
    if len({*folded}) == len(folded):
        return ()
    return tuple(name for name in names if folded.count(name.lower()) > 1)


def _field(row: Item) -> Field:
    letters = "".join(filter(str.isalpha, str(row.get("type", "")).lower()))
    name, values = str(row.get("name", "")), row.get("listValues")
    is_theirs = row.get("isLocked") is True or row.get("isFormula") is True
    return Field(
        name=name,
        type=letters,
        values=frozenset(map(str, values if isinstance(values, list) else ())),
        is_theirs=is_theirs or name.endswith("-SF"),
        is_mandatory=row.get("isMandatory") is True,
    )


def _is_listed(field: Field, value: object) -> bool:
    if field.type not in ("list", "multipicklist") or not field.values or value in (None, ""):
        return True
    return {*map(str, value if isinstance(value, list) else [value])} <= field.values
