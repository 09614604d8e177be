"""What of somebody lies in our own topics, and how it is removed there. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from consumer.decide import map as to
from consumer.decide.message import Messages, UserMessage
from consumer.decide.parse import parse
from consumer.decide.value import key_text
from consumer.forget.names import Name
from consumer.wording import plural
from schemas.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from consumer.decide.decision import Body
    from consumer.decide.rules import Rules
    from consumer.forget.names import Kind
    from consumer.offsets.record import Record
    from consumer.settings.kafka import KafkaSettings
    from schemas.planhat import Enduser

_MOST_NAMED: Final = 20
_LONGEST_VALUE: Final = 8 << 10
"""Bytes of a result that is read: ours have some 200."""


class Persons:
    """Who is looked for: it grows by the Hull ids under which the others are found."""

    def __init__(self, names: Iterable[Name], rules: Rules) -> None:
        """`rules` say which attributes become the keys of a contact."""
        self._rules = rules
        self._names = set(names)

    @property
    def hull_ids(self) -> list[str]:
        """Those that are known."""
        return sorted(one.value for one in self._names if one.kind == "hull_id")

    def add(self, names: Iterable[Name]) -> None:
        """Look for these, too."""
        self._names.update(names)

    def are_in(self, record: Record) -> bool:
        """Whether a record is about one of them; their Hull ids are learnt."""
        key = (record.key or b"").decode(errors="replace")
        is_theirs = Name("hull_id", key) in self._names
        for keys in map(self._keys, _users(record)):
            if not self._names.isdisjoint(keys):
                self._names.update(one for one in keys if one.kind == "hull_id")
                is_theirs = True
        return is_theirs

    def are_result(self, record: Record) -> bool:
        """The same of a record of the results topic."""
        hull_id = Name("hull_id", (record.key or b"").decode(errors="replace"))
        told = _result(record.value)
        found = {hull_id, Name("planhat_id", str(told.get("planhat_id")))}
        if told.get("type") != "user" or self._names.isdisjoint(found):
            return False
        self._names.add(hull_id)
        return True

    def meant(self, record: Record) -> dict[str, list[Name]]:
        """Hull id -> the keys of its contact, of those users of a record who are looked for."""
        return {
            message.hull_id: list(_of_body(to.enduser(message, self._rules)))
            for message in _users(record)
            if Name("hull_id", message.hull_id) in self._names
        }

    def _keys(self, message: UserMessage) -> set[Name]:
        found = {Name("hull_id", message.hull_id), *_of_body(to.enduser(message, self._rules))}
        email = key_text(message.user.get("email"))
        return found | {Name("email", email.lower())} if email else found


def of_contact(row: Enduser) -> list[Name]:
    """The names of a contact that was found: under these it is looked for in the topics."""
    found: list[Name] = [Name("planhat_id", row.id)]
    if row.external_id:
        found.append(Name("external_id", row.external_id))
    if row.email:
        found.append(Name("email", row.email.lower()))
    return found


def planhat_id_in(record: Record) -> str | None:
    """The id that a record of the results topic tells of a user."""
    told = _result(record.value)
    found = told.get("planhat_id")
    return found if told.get("type") == "user" and isinstance(found, str) and found else None


def _result(value: bytes | None) -> dict[str, Any]:
    if value is None or len(value) > _LONGEST_VALUE:
        return {}
    try:
        document = read_json(value)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _users(record: Record) -> Iterator[UserMessage]:
    parsed = parse(record.value, record.headers)
    for message in parsed.messages if isinstance(parsed, Messages) else ():
        if isinstance(message, UserMessage):
            yield message


def _of_body(body: Body) -> Iterator[Name]:
    """The keys that Planhat was sent; Hull's own external id may be somebody else's there."""
    kinds: dict[str, Kind] = {"_id": "planhat_id", "externalId": "external_id", "email": "email"}
    for key, kind in kinds.items():
        value = body.get(key)
        if isinstance(value, str) and value:
            yield Name(kind, value.lower() if kind == "email" else value)


@dataclass(slots=True)
class Traces:
    """What was found in the topics: places as (partition, offset).

    `undelivered` are messages that the group has not delivered yet, of anybody; `theirs` those of
    them that are about who is forgotten. `tombstones`: how many were written.
    """

    dead_letters: list[tuple[int, int]] = field(default_factory=list)
    results: dict[str, set[int]] = field(default_factory=dict)
    """Hull id -> the partitions that hold a result of it."""
    undelivered: int = 0
    theirs: int = 0
    tombstones: int = 0


def told(traces: Traces, settings: KafkaSettings) -> list[str]:
    """Say in lines what is left, and what removes it."""
    return [
        *_of_letters(traces.dead_letters, settings),
        *_of_results(traces, settings),
        *_of_records(settings),
        *_of_undelivered(traces, settings),
    ]


def _of_letters(found: Sequence[tuple[int, int]], settings: KafkaSettings) -> Iterator[str]:
    topic = settings.dead_letter_topic
    if not found:
        yield f"dead letters ({topic}): none of theirs"
        return
    places = " ".join(f"{number}:{offset}" for number, offset in found[:_MOST_NAMED])
    more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
    count = f"{len(found)} {plural(len(found), 'letter')}"
    yield f"dead letters ({topic}): {count} of theirs: {places}{more}"
    yield f"  they go with the retention of {topic}; look at one: hull-planhat dead-letters show"
    last: dict[int, int] = {}
    for number, offset in found:
        last[number] = max(offset, last.get(number, 0))
    yield "  or now, with all older letters of the partition (replay those first):"
    for number, offset in sorted(last.items()):
        until = f'{{"topic":"{topic}","partition":{number},"offset":{offset + 1}}}'
        yield (
            f"""    kafka-delete-records.sh --bootstrap-server {settings.bootstrap_servers}"""
            f""" --offset-json-file <(echo '{{"version":1,"partitions":[{until}]}}')"""
        )


def _of_results(traces: Traces, settings: KafkaSettings) -> Iterator[str]:
    topic = settings.results_topic
    if not topic:
        return
    count = len(traces.results)
    what = f"results ({topic}): {count} {plural(count, 'profile')} of theirs"
    if not count:
        yield f"results ({topic}): none of theirs"
    elif traces.tombstones:
        yield f"{what}; tombstones are written, the next compaction removes them"
    else:
        yield f"{what}; --tombstone writes what removes them from a compacted topic"


def _of_records(settings: KafkaSettings) -> Iterator[str]:
    for topic in settings.topics:
        yield f"messages of Hull ({topic}): they go with its retention:"
        yield (
            f"    kafka-configs.sh --bootstrap-server {settings.bootstrap_servers} --describe"
            f" --all --entity-type topics --entity-name {topic}"
        )


def _of_undelivered(traces: Traces, settings: KafkaSettings) -> Iterator[str]:
    if not traces.undelivered:
        yield f"group {settings.group_id}: all messages are delivered"
        return
    count, theirs = traces.undelivered, traces.theirs
    yield (
        f"warning: group {settings.group_id} has {count} {plural(count, 'message')} not delivered"
        f" yet, {theirs} of theirs: what is still to be delivered can bring a contact back. Run"
        " this again once all is delivered"
    )
