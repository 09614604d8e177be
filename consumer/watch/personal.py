"""What is shown of people and their ids: one rule for each kind of value, at every door. Pure.

- An e-mail address is masked wherever it stands, and so are telephone numbers, postal and IP
  addresses and dates of birth, by the name under which they lie.
- Ids stay: of Hull, of Planhat, the customer's own. By them things are found again, and they name
  nobody. An id that is an address is masked as one.
- Of a person every other text keeps its first letter. Moments, numbers, switches and the names of
  events stay, and so does what is said of a company.

The logs hold ids and reasons only, and follow the same rule (consumer/log/clean.py).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from consumer.log.masking import MASK, is_email
from schemas.models import MODELS
from schemas.personal import EVENT_NAMES, HIDDEN, IDS_OF_PLANHAT, MOMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pydantic import JsonValue

    from consumer.decide.rules import Field, Rules
    from consumer.lanes.part import Body
    from schemas.planhat import Resource

_ANY_HIDDEN: Final = "phone"
_IDS: Final = IDS_OF_PLANHAT | {
    *("external_id", "planhat/id", "anonymous_id", "anonymous_ids", "segment_ids"),  # of Hull
}
_SECRETS: Final = re.compile(r"^secret$|password|token$", re.IGNORECASE)
_PEOPLE: Final = {name: row.path for name, row in MODELS.items() if row.of_people}
_PATHS_OF_PEOPLE: Final = tuple(_PEOPLE.values())
_DEEPEST: Final = 100
_INT_BITS: Final = 63
_LONGEST_NUMBER: Final = 100
_LONGEST_NAME: Final = 200
_LONGEST_PATH: Final = 500
_UNKNOWN: Final = "..."
"""In place of a name longer than any of ours: it would be looked through at each value below."""


class _Of(NamedTuple):
    """Whom a value is about, and the ids of theirs that may stand anywhere in it."""

    is_person: bool
    ids: frozenset[str] = frozenset()


class Shown:
    """Makes values fit to be shown."""

    def __init__(
        self, text: Callable[[str], str], *, keeps_personal: bool, rules: Rules | None = None
    ) -> None:
        """`text` hides secrets and addresses; `keeps_personal` is LOG_PII.

        `rules` say under which names Planhat gets what is an id in Hull, hidden, or of an account.
        """
        self.text = text
        self._keeps_personal = keeps_personal
        fields = [] if rules is None else _fields(rules)
        self._hidden = {path for path, one in fields if _is_hidden(one.attribute.name)}
        personal = {path for path, one in fields if not _is_open(one)}
        self._open = {path for path, one in fields if _is_open(one)} - personal

    def value(self, value: object) -> JsonValue:
        """Any value without secrets, and without addresses unless they are kept."""
        return self._walk(value, None, "", 0)

    def payload(
        self, resource: Resource, body: Body, ids: frozenset[str] = frozenset()
    ) -> JsonValue:
        """An object that was sent; `ids` are those of its message, as `ids_of` finds them."""
        return self._about(body, _Of(resource in _PEOPLE, ids | ids_of([body])))

    def message(self, value: object, depth: int = 0) -> JsonValue:
        """A Hull message or envelope, or what was meant for one; its secrets are never shown."""
        if depth > _DEEPEST:
            return "..."
        if isinstance(value, list):
            return [self.message(one, depth + 1) for one in value]
        if not isinstance(value, dict):
            return self.value(value)
        person = _Of(is_person=True, ids=ids_of([value.get("user"), value.get("account")]))
        whom = {"user": person, "events": person, "account": _Of(is_person=False)}
        found: dict[str, JsonValue] = {}
        for name, one in value.items():
            if _SECRETS.search(name) and isinstance(one, str):
                shown: JsonValue = MASK
            elif name in whom:
                shown = self._about(one, whom[name])
            else:
                shown = self.message(one, depth + 1)
            found[self.text(name)] = shown
        return found

    def explanation(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """What explain says, as `to_json` gives it."""
        return {"messages": [self._explained(one) for one in found["messages"]]}

    def _explained(self, message: Mapping[str, Any]) -> JsonValue:
        bodies = [body for one in message["requests"] for body in _bodies(one["body"])]
        ids = ids_of(bodies, message["hull_id"], message["external_id"])
        return {
            **{name: self.value(one) for name, one in message.items()},
            "fields": [self._field(one, ids) for one in message["fields"]],
            "requests": [
                {
                    **{key: self.value(each) for key, each in one.items() if key != "body"},
                    "body": self._about(
                        one["body"], _Of(one["path"].startswith(_PATHS_OF_PEOPLE), ids)
                    ),
                }
                for one in message["requests"]
            ],
        }

    def _field(self, row: Mapping[str, Any], ids: frozenset[str]) -> JsonValue:
        """A row of a mapping: what either of its two names says holds for its values."""
        attribute = row["attribute"].removeprefix("account.")
        names = (attribute, row["target"].removeprefix("custom."))
        telling = (name for name in names if _is_hidden(name) or _is_id(name))
        of = _Of(row["model"] == "enduser" and attribute == row["attribute"], ids)
        name = next(telling, names[1])
        values = {key: self._about(row[key], of, name) for key in ("value", "written")}
        if values["value"] == values["written"] and row["value"] != row["written"]:
            values["written"] = f"{MASK} in another form"
        return {**{key: self.value(one) for key, one in row.items()}, **values}

    def _about(self, value: object, of: _Of, name: str = "") -> JsonValue:
        return self._walk(value, None if self._keeps_personal else of, name, 0)

    def _walk(self, value: object, of: _Of | None, path: str, depth: int) -> JsonValue:
        """Mask what lies under `path`; of nobody's only what no text may hold."""
        if value is None or isinstance(value, bool):
            return value
        if depth > _DEEPEST:
            return "..."
        if isinstance(value, dict):
            return {
                self.text(str(name)): self._walk(one, of, _within(path, str(name)), depth + 1)
                for name, one in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._walk(one, of, path, depth + 1) for one in value]
        if of is not None and value != "" and (path in self._hidden or _is_hidden(path)):
            return MASK
        return (
            _number(value) if isinstance(value, int | float) else self._text(str(value), of, path)
        )

    def _text(self, text: str, of: _Of | None, path: str) -> str:
        stays = (
            of is None
            or not of.is_person
            or not text
            or text in of.ids
            or path in self._open
            or _names_nobody(text, path)
        )
        return self.text(text) if stays else f"{text[:1]}{MASK}"


def _names_nobody(text: str, path: str) -> bool:
    """Whether a text stays, whomever it is about; a whole address is masked as one."""
    # Of "@jane" the rule for addresses would mask nothing.
    return (
        _is_id(path) or path in EVENT_NAMES or is_email(text) or MOMENT.fullmatch(text) is not None
    )


def ids_of(bodies: Iterable[object], *more: str | None) -> frozenset[str]:
    """The texts that are ids in objects, and `more`: wherever they stand they stay."""
    return frozenset(
        one
        for body in bodies
        if isinstance(body, dict)
        for name, one in body.items()
        if isinstance(one, str) and _is_id(str(name))
    ).union(one for one in more if one)


def _fields(rules: Rules) -> list[tuple[str, Field]]:
    """The rows of all mappings, each with where it lies in Planhat's object."""
    mappings = (rules.contact, rules.company, *(listed.mapping for listed in rules.lists))
    return [
        (f"custom/{field.target}" if field.is_custom else field.target, field)
        for mapping in mappings
        for field in (*mapping.fields, *mapping.skipped)
    ]


def _is_open(field: Field) -> bool:
    """Whether a row brings an id, or what is said of a company."""
    return field.of_account or _is_id(field.attribute.name)


def _bodies(body: object) -> list[object]:
    return body if isinstance(body, list) else [body]


def _within(path: str, name: str) -> str:
    """The name of what lies in an object; what lies in a hidden one is hidden."""
    if _is_hidden(path):
        return path
    if len(name) > _LONGEST_NAME:
        name = _ANY_HIDDEN if _is_hidden(name) else _UNKNOWN
    within = f"{path}/{name}".lstrip("/")
    return within if len(within) <= _LONGEST_PATH else f"{_UNKNOWN}/{name}"


def _is_hidden(name: str) -> bool:
    """Tell it by the last part of a name, in whichever of Hull's spellings."""
    last = name.removeprefix("traits_").rpartition("/")[2].rpartition(".")[2]
    return HIDDEN.search(last) is not None


def _is_id(name: str) -> bool:
    plain = name.lower()
    spelled = plain.removeprefix("traits_").removeprefix("traits/").replace(".", "/")
    return plain in _IDS or spelled in {"external_id", "planhat/id"}


def _number(value: float) -> JsonValue:
    if isinstance(value, float) or value.bit_length() <= _INT_BITS:
        return value
    return str(value)[:_LONGEST_NUMBER]
