"""The questions that only writing answers, each with its steps, and what their answers mean. Pure.

Each says what it learnt as members of `schemas.dialect.Dialect`; what an answer leaves open stays
unsaid. What is asked is what the API reference leaves open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from consumer.live.probe.answers import BAD_REQUEST, Unsure, entry_form, errors_of, sure
from consumer.live.probe.ground import (
    NO_COMPANY,
    NOBODYS_ID,
    STRAYS,
    Found,
    Get,
    Pause,
    Put,
    Track,
)
from planhat_client.answers.error_text import error_text
from schemas.custom_field import FieldType

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from consumer.live.probe.ground import Ground, Item, Step, Steps
    from planhat_client.answers.heard import Heard

BASE: Final = ("one", "two", "three", "four")
"""Contacts that are made first."""
_UNKNOWN_FIELD: Final = "Hull-Planhat check"
_OLD, _NEW = "old", "new"
_STRAY, _BAD = STRAYS
_SIGNS: Final = ("lastActive", "lastActivities", "beats", "beatsTotal", "usage", "lastTouch")
"""Fields of a contact of which Planhat moves one when it stores an activity."""
_LOOKS: Final = 3


class Refused(Exception):
    """Contacts can't be made here at all; the text says why."""


def base(ground: Ground) -> Steps:
    """Make the contacts that the questions are about; raises Refused."""
    text = ground.fields.get(FieldType.TEXT)
    more: Item = {"position": _OLD, "tags": [_OLD]}
    if text is not None:
        more["custom"] = {text.name: _OLD}
    answer = yield from _put(*(ground.contact(name, **more) for name in BASE))
    if errors := errors_of(answer):
        raise Refused(error_text(errors[0]))
    for name in BASE:
        if (yield from _read(ground, name)) is None:
            raise Refused(f"{answer.status}, but {ground.external_id(name)} is not there")
    return {}


def unknown_id(ground: Ground) -> Steps:
    """An `_id` that no record has beside a good key, of a contact that is there and of none."""
    yield from _put(ground.contact(BASE[0], _id=NOBODYS_ID, position=_NEW))
    record = yield from _read(ground, BASE[0])
    if record and record.get("position") == _NEW:
        return {"unknown_id": "next_key"}
    answer = yield from _put(ground.contact("fresh", _id=NOBODYS_ID))
    if sure((yield Get(f"endusers/{NOBODYS_ID}"))).record:
        return {"unknown_id": "created"}
    if (yield from _read(ground, "fresh")) is not None:
        return {"unknown_id": "next_key"}
    return {"unknown_id": "refused" if errors_of(answer) else "ignored"}


def same_key_twice(ground: Ground) -> Steps:
    """One external id in two items of a call."""
    twice = [ground.contact("twice", position=position) for position in (_OLD, _NEW)]
    answer = yield from _put(*twice)
    found = sure((yield ground.by_key("twice")))
    position = found.record.get("position") if found.record else None
    # Two that have one key are no single record, which is an error of its own.
    are_two = found.record is None and found.status == BAD_REQUEST
    if are_two or (position == _NEW and not errors_of(answer)):
        return {"same_key_twice": "both_applied"}
    if not errors_of(answer):
        return {}
    if found.record is None:
        return {"same_key_twice": "both_refused"}
    if position in (_OLD, _NEW):
        return {"same_key_twice": "second_refused" if position == _OLD else "first_refused"}
    return {}


def unknown_company(ground: Ground) -> Steps:
    """A reference to a company that is not there."""
    answer = yield from _put(ground.contact(_STRAY, companyId=f"extid-{NO_COMPANY}"))
    if errors_of(answer):
        return {"unknown_company": "item_error"}
    is_there = (yield from _read(ground, _STRAY)) is not None
    return {} if is_there else {"unknown_company": "ignored"}


def one_bad_item(ground: Ground) -> Steps:
    """One bad item of three, then alone: what is written, and how errors are told."""
    bad = ground.contact(_BAD, companyId={"no": "id"}, custom="no object")
    answer = yield from _put(ground.contact("before"), bad, ground.contact("after"))
    if not errors_of(answer):
        return {}
    are_there = (yield from _read(ground, "before")) is not None
    alone = yield from _put(bad)
    entry = entry_form(alone, bad) or entry_form(answer, bad)
    told = {"error_entry": entry} if entry else {}
    return {"one_bad_item": "partial" if are_there else "all_refused", **told}


def nothing(ground: Ground) -> Steps:
    """`null` for a custom field, an empty text for a field, an array where there is one."""
    text = ground.fields.get(FieldType.TEXT)
    custom = {"custom": {text.name: None}} if text else {}
    yield from _put(ground.contact(BASE[1], position="", tags=[_NEW], **custom))
    record = yield from _there(ground, BASE[1])
    found: Found = {"empty_text": "stored" if record.get("position") == "" else "cleared"}
    if record.get("position") == _OLD:
        found.clear()
    tags = record.get("tags")
    if tags == [_NEW]:
        found["array"] = "replaces"
    elif isinstance(tags, list) and {*map(str, tags)} == {_OLD, _NEW}:
        found["array"] = "adds"
    if text:
        kept = _custom(record)
        is_ignored = kept.get(text.name) == _OLD
        stored = "stored" if text.name in kept else "cleared"
        found["null_custom"] = "ignored" if is_ignored else stored
    return found


def unknown_custom(ground: Ground) -> Steps:
    """A custom name that is no field of the tenant."""
    return (yield from _stored(ground, "unknown_custom", _UNKNOWN_FIELD, _NEW))


def bad_list_value(ground: Ground) -> Steps:
    """A value that a list does not offer."""
    name = _field(ground, FieldType.LIST)
    return (yield from _stored(ground, "bad_list_value", name, ground.external_id("value")))


def line_breaks(ground: Ground) -> Steps:
    """A bare line break in a rich text."""
    name = _field(ground, FieldType.RICH_TEXT)
    yield from _put(ground.contact(BASE[2], custom={name: "one\ntwo"}))
    value = str(_custom((yield from _there(ground, BASE[2]))).get(name, ""))
    if "one" not in value:
        return {}
    is_kept = "\n" in value or "<" in value
    return {"line_breaks": "kept" if is_kept else "dropped"}


def case_twins(ground: Ground) -> Steps:
    """Two names that differ only in case, in one item of two."""
    text = ground.fields.get(FieldType.TEXT)
    name = text.name if text else _UNKNOWN_FIELD
    twins = ground.contact("twins", custom={name: _OLD, name.swapcase(): _NEW})
    answer = yield from _put(twins, ground.contact("beside"))
    if (yield from _read(ground, "twins")) is not None:
        return {"case_twins": "accepted"}
    is_there = (yield from _read(ground, "beside")) is not None
    if is_there:
        return {"case_twins": "item_fails"} if errors_of(answer) else {}
    return {"case_twins": "request_fails"}


def activity_keys(ground: Ground) -> Steps:
    """By which name an activity finds its contact; each name is tried on a contact of its own."""
    keys = dict(zip(("externalId", "id", "euExtId", "email"), BASE, strict=True))
    before = {}
    for name, contact in keys.items():
        before[name] = yield from _there(ground, contact)
    events = [
        {name: before[name].get("email" if name == "email" else "externalId"), "action": "Checked"}
        for name in keys
    ]
    sure((yield Track(events)))
    seen: list[str] = []
    for look in range(_LOOKS):
        yield Pause(look * ground.pause_seconds)
        for name in (one for one in keys if one not in seen):
            after = yield from _there(ground, keys[name])
            if any(after.get(sign) != before[name].get(sign) for sign in _SIGNS):
                seen.append(name)
    if not seen:
        raise Unsure("no contact shows an activity within seconds")
    return {"activity_keys": tuple(name for name in keys if name in seen)}


QUESTIONS: Final[Mapping[Callable[[Ground], Steps], tuple[str, ...]]] = {
    unknown_id: ("unknown_id",),
    same_key_twice: ("same_key_twice",),
    unknown_company: ("unknown_company",),
    one_bad_item: ("one_bad_item", "error_entry"),
    nothing: ("null_custom", "empty_text", "array"),
    unknown_custom: ("unknown_custom",),
    bad_list_value: ("bad_list_value",),
    line_breaks: ("line_breaks",),
    case_twins: ("case_twins",),
    activity_keys: ("activity_keys",),
}
"""What is asked, in this order, and the members of a dialect that it tells."""


def _stored(ground: Ground, member: str, name: str, value: str) -> Steps:
    """Write a value under a custom name, and see whether it is there."""
    answer = yield from _put(ground.contact(BASE[3], custom={name: value}))
    if errors_of(answer):
        return {member: "refused"}
    is_there = _custom((yield from _there(ground, BASE[3]))).get(name) == value
    return {member: "stored" if is_there else "ignored"}


def _put(*items: Item) -> Generator[Step, Heard, Heard]:
    return sure((yield Put(items)))


def _read(ground: Ground, name: str) -> Generator[Step, Heard, Mapping[str, Any] | None]:
    """A contact of ours, None if it is not there."""
    return sure((yield ground.by_key(name))).record


def _there(ground: Ground, name: str) -> Generator[Step, Heard, Mapping[str, Any]]:
    record = yield from _read(ground, name)
    if record is None:
        raise Unsure(f"{ground.external_id(name)} is not there any more")
    return record


def _field(ground: Ground, kind: FieldType) -> str:
    found = ground.fields.get(kind)
    if found is None:
        raise Unsure(f"contacts have no {kind.value} field that may be written")
    return found.name


def _custom(record: Mapping[str, Any]) -> Mapping[str, Any]:
    custom = record.get("custom")
    return custom if isinstance(custom, dict) else {}
