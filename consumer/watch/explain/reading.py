"""What was read for each row of a mapping and what was written, and what was left out. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from consumer.decide.forms import segments
from consumer.decide.reasons import SEGMENT_WITHOUT_NAME, UNREADABLE
from consumer.decide.rules import ACCOUNT_PREFIX, EXTERNAL_ID, PLANHAT_ID, SEGMENTS
from consumer.decide.value import is_empty, is_nothing, key
from consumer.watch.explain.explanation import FieldRead, Step
from schemas.attribute import ABSENT
from schemas.models import MODELS
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.decide.decision import Decision
    from consumer.decide.message import AccountMessage, Faults, UserMessage
    from consumer.decide.rules import Field, Listed, Mapping, Rules
    from schemas.attribute import Attribute
    from schemas.hull import Entity

_EMPTY: Entity = {}


def enduser_fields(message: UserMessage, rules: Rules) -> Iterator[FieldRead]:
    """The rows of the mapping of contacts."""
    yield from _identified("enduser", message.user, PLANHAT_ID, "_id")
    user, account = segments.of_user(message, rules.contact)
    yield from _rows("enduser", rules.contact, user, account, rules)


def company_fields(message: AccountMessage, rules: Rules) -> Iterator[FieldRead]:
    """The rows of the mapping of companies; the external id counts as one."""
    yield from _identified("company", message.account, PLANHAT_ID, "_id")
    account = segments.of_account(message, rules.company)
    rows = list(_rows("company", rules.company, account, _EMPTY, rules))
    if not any(row.target == "externalId" and row.is_sent for row in rows):
        yield from _identified("company", message.account, EXTERNAL_ID, "externalId")
    yield from rows


def item_fields(position: int, item: object, one: Listed, rules: Rules) -> Iterator[FieldRead]:
    """The rows of the mapping of licences and the like, for one item of the list."""
    if isinstance(item, dict):
        yield from _rows(f"{one.model.word} {position}", one.mapping, item, _EMPTY, rules)


def _identified(
    model: str, entity: Entity, attribute: Attribute, target: str
) -> Iterator[FieldRead]:
    """A key that needs no row; told only where there is one."""
    raw = attribute.read(entity)
    written = ABSENT if raw is ABSENT else key(raw)
    if raw is not ABSENT and written is not ABSENT:
        found_as = attribute.found_as(entity)
        note = "sent without being mapped"
        yield FieldRead(model, target, attribute.name, found_as, raw, True, written, note)


def _rows(
    model: str, mapping: Mapping, entity: Entity, account: Entity, rules: Rules
) -> Iterator[FieldRead]:
    found = [
        _row(model, field, account if field.of_account else entity, rules)
        for field in mapping.fields
    ]
    places = [(field.target, field.is_custom) for field in mapping.fields]
    last = {place: at for at, place in enumerate(places) if found[at].is_sent}
    for at, (row, place) in enumerate(zip(found, places, strict=True)):
        if row.is_sent and last[place] != at:
            note = "a later row of the same target wins"
            yield replace(row, is_sent=False, written=None, note=note)
        else:
            yield row
    for field in mapping.skipped:
        row = _row(model, field, account if field.of_account else entity, rules)
        yield replace(row, is_sent=False, written=None, note=f"not sent: {field.wrong}")


def _row(model: str, field: Field, entity: Entity, rules: Rules) -> FieldRead:
    name = field.source
    target = f"custom.{field.target}" if field.is_custom else field.target
    raw = field.attribute.read(entity)
    if raw is ABSENT:
        is_unnamed = field.attribute is SEGMENTS and segments.lacks_a_name(entity)
        note = f"left out: {SEGMENT_WITHOUT_NAME}" if is_unnamed else "not in the message"
        return FieldRead(model, target, name, None, None, False, None, note)
    prefix = ACCOUNT_PREFIX if field.of_account else ""
    found_as = f"{prefix}{(field.attribute.found_as(entity) or '').strip()}"
    written = field.convert(raw)
    if written is ABSENT:
        note = "can't be sent" if is_nothing(raw) else f"left out: {field.wrong}"
    elif field.if_set and (is_empty(raw) or is_empty(written)):
        note = "empty, and overwrite is if_set: Planhat keeps its own"
    elif written is None and not rules.send_null_values:
        note = "null is not sent: send_null_values is false"
    else:
        loses = field.picked is not None and field.picked.loses(raw)
        note = f"left out in part: {field.wrong}" if loses else ""
        return FieldRead(model, target, name, found_as, raw, True, written, note)
    return FieldRead(model, target, name, found_as, raw, False, None, note)


_MOST: Final = 50


def left_out(faults: Faults, decision: Decision) -> Iterator[Step]:
    """One step for each field, and for each part that is of a wrong type."""
    is_lost = bool(decision.unreadable)
    for part, fault in faults.items():
        reads = "as not known, so the gate is open" if part == "changes" else "without it"
        becomes = "the message goes to the dead letters" if is_lost else f"read {reads}"
        yield Step("Left out", not is_lost, f"{fault}: {becomes}")
    counts = Counter(one for one in decision.left_out if one[2] != UNREADABLE)
    for (resource, field, reason), count in list(counts.items())[:_MOST]:
        model = MODELS[resource]
        told = f"{field}: {reason}" if model.profile else f"{field} of {model.a_word}: {reason}"
        if count > 1:
            told += f" ({count} times)"
        if resource is Resource.ACTIVITIES and field == "date":
            told += "; Planhat takes the moment at which it comes"
        yield Step("Left out", True, told)
