"""From attributes of Hull to objects of Planhat. Pure.

Absent is not sent, falsy is data, and `null` is sent only where the settings say so. Custom names
are written as they are: a dot in a name is a dot (custom fields have one level).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from consumer.decide import reasons
from consumer.decide.decision import Items, Payload
from consumer.decide.forms import segments
from consumer.decide.message import MOST
from consumer.decide.moment import iso_moment
from consumer.decide.rules import EXTERNAL_ID, PLANHAT_ID
from consumer.decide.value import finite, is_empty, is_nothing, key_text, trimmed
from schemas.attribute import ABSENT
from schemas.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.decide.decision import Body
    from consumer.decide.message import AccountMessage, UserMessage
    from consumer.decide.rules import Listed, Mapping, Rules
    from schemas.hull import Entity, Event
    from schemas.models import Required

_EMPTY: Entity = {}

Left: TypeAlias = "list[tuple[str, str]]"
"""Fields of Planhat that are left out of a body, and why."""

# The bulk endpoint of activities has spelt its keys in these ways (docs/decisions/0001).
_ENDUSER_KEYS = ("externalId", "id", "euExtId")
_COMPANY_KEYS = ("companyExternalId", "cId")


def enduser(message: UserMessage, rules: Rules, left: Left | None = None) -> Body:
    """Map a user; the company is not in it. What is left out joins `left`."""
    body = _identified(message.user)
    mapping = rules.contact
    if not (mapping.segments or mapping.account_segments):
        return _mapped(body, mapping, message.user, message.account, rules, left)
    user, account = segments.of_user(message, mapping)
    if left is not None:
        left += segments.unnamed(mapping, user, account)
    return _mapped(body, mapping, user, account, rules, left)


def company(account: Entity, rules: Rules, left: Left | None = None) -> Body:
    """Map an account; its external id is sent whether or not it is mapped.

    Its segments are, if they were added to it (`segments.of_account`).
    """
    body = _identified(account)
    external_id = key_text(EXTERNAL_ID.read(account))
    if external_id is not None:
        body["externalId"] = external_id
    if left is not None and rules.company.segments:
        left += segments.unnamed(rules.company, account)
    return _mapped(body, rules.company, account, _EMPTY, rules, left)


def owner_fields(body: Body) -> tuple[str, ...]:
    """Which owners a company names."""
    return tuple(name for name in ("owner", "coOwner") if body.get(name) is not None)


def author(message: UserMessage, enduser: Body) -> Body:
    """Say who did what the events of a message tell, and in which company."""
    body: Body = {}
    name = message.user.get("name")
    if isinstance(name, str) and name:
        body["name"] = name
    email = enduser.get("email") or key_text(message.user.get("email"))
    if email is not None:
        body["email"] = email
    external_id = enduser.get("externalId") or key_text(EXTERNAL_ID.read(message.user))
    if external_id is not None:
        body.update(dict.fromkeys(_ENDUSER_KEYS, external_id))
    company = key_text(EXTERNAL_ID.read(message.account))
    if company is not None:
        body.update(dict.fromkeys(_COMPANY_KEYS, company))
    return body


def activity(event: Event, hull_id: str, author: Body, left: Left | None = None) -> Payload:
    """Map an event; a moment that can't be read is left out, Planhat then takes its own."""
    action = trimmed(event.event or "")
    body: Body = {"action": action, "info": finite(event.properties), **author}
    date = iso_moment(event.created_at)
    if date is not None:
        body["date"] = date
    elif left is not None and not is_nothing(event.created_at):
        left.append(("date", reasons.NOT_A_DATE))
    return Payload(hull_id, body, _identity(event, action, hull_id, date))


def _identity(event: Event, action: str, hull_id: str, date: str | None) -> str | None:
    """Name an event in at most 17 letters, as many are remembered.

    Sources make ids of the second, or count anew for each name: an id alone is no identity.
    """
    event_id = key_text(event.event_id)
    if event_id is None:
        return None
    moment = str(event.created_at) if date is None else date
    return f"{hash((hull_id, action, event_id, moment)):x}"


def items(message: AccountMessage, listed: Listed, rules: Rules, left: Left | None = None) -> Items:
    """Map the records of one model that lie in a list of an account."""
    model = listed.model
    payloads: list[Payload] = []
    rejected: list[str] = []
    found = item_list(message.account, listed)
    if found is None and left is not None:
        left.append((listed.attribute.canonical, reasons.no_list(model.plural)))
    if found is not None and len(found) > MOST:
        return Items(model.resource, (), (reasons.too_many(model.plural),))
    for position, item in enumerate(found or ()):
        wrong: Left = []
        body: Body = {}
        missing: str | None = "not an object"
        if isinstance(item, dict):
            body = _mapped(body, listed.mapping, item, _EMPTY, rules, wrong)
            missing = _missing(body, model.required, dict(wrong))
        if missing is not None:
            rejected.append(f"{model.word} {position}: {missing}")
            continue
        payloads.append(Payload(f"{message.hull_id}/{body['externalId']}", body))
        if left is not None:
            left += wrong
    return Items(model.resource, payloads, rejected)


def _identified(entity: Entity) -> Body:
    """Planhat's own id is the first of the keys."""
    planhat_id = key_text(PLANHAT_ID.read(entity))
    return {} if planhat_id is None else {"_id": planhat_id}


def _mapped(
    body: Body,
    mapping: Mapping,
    entity: Entity,
    account: Entity,
    rules: Rules,
    left: Left | None,
) -> Body:
    custom: Body = {}
    nulls = rules.send_null_values
    for field in mapping.fields:
        source = account if field.of_account else entity
        attribute = field.attribute
        raw = source.get(attribute.name, ABSENT)  # where it lies mostly
        if raw is ABSENT:
            raw = attribute.read(source)
            if raw is ABSENT:
                continue
        found = raw if field.keeps_text and isinstance(raw, str) else field.convert(raw)
        if (
            found is ABSENT
            or (found is None and not nulls)
            or (field.if_set and (is_empty(raw) or is_empty(found)))
        ):
            if left is not None and found is ABSENT and not is_nothing(raw):
                left.append((field.target, field.wrong))
            continue
        if field.picked is not None and left is not None and field.picked.loses(raw):
            left.append((field.target, field.wrong))
        (custom if field.is_custom else body)[field.target] = found
    if custom:
        body["custom"] = custom
    return body


def item_list(account: Entity, listed: Listed) -> list[object] | None:
    """Find the list: as it is, within the only list of an object, or written as a JSON text.

    None if there is something that is no list.
    """
    found: object = listed.attribute.read(account)
    if isinstance(found, str) and not is_nothing(found):
        try:
            found = read_json(found)
        except ValueError:
            return None
    if found is ABSENT or is_nothing(found):
        return []
    if isinstance(found, dict):
        lists = [inner for inner in found.values() if isinstance(inner, list)]
        found = lists[0] if len(lists) == 1 else None
    return found if isinstance(found, list) else None


def _missing(body: Body, required: Sequence[Required], wrong: dict[str, str]) -> str | None:
    """Name the first required field that is missing, or is wrong."""
    for names, where in required:
        if where is not None and (body.get(where[0]) is True) is not where[1]:
            continue
        if all(body.get(name) in (None, "") for name in names):
            name = names[0]
            return f"{name} is {wrong[name]}" if name in wrong else f"{name} is missing"
    return None
