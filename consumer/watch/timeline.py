"""What became of a profile over days, and how it stands, from lines of the outcomes topic. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast, get_args

import msgspec

from consumer.offsets.ticket import Ending
from consumer.watch.console.answer import profiles
from consumer.watch.console.state import moment
from consumer.watch.outcomes.block import Outcome as Ended
from consumer.watch.outcomes.standing import done, says, told
from consumer.watch.personal import ids_of
from schemas.outcome.message import Outcome
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from consumer.history.search import Item
    from consumer.watch.personal import Shown
    from schemas.outcome.message import Change

_RESOURCES: Final = frozenset(Resource)
_END_MS: Final = 253_402_300_800_000
"""The year 10,000, which no clock of ours has."""
_ENDINGS: Final = frozenset(get_args(Ending))
_decode: Final = msgspec.json.Decoder(Outcome).decode


def timeline(query: str, items: Iterable[Item], shown: Shown, most: int) -> dict[str, Any]:
    """Judge by all items (the newest first) how each profile stands, and tell of the first `most`.

    Each is told as `/api/outcomes` tells it, with what the topic knows beyond that.
    """
    some = [(one, item.repeated) for item in items for one in _read(item.row.line)]
    judged = [_ended(one) for one, _ in some]
    return {
        "query": shown.text(query),
        "profiles": profiles(query, (), judged, _is_known, shown),
        "outcomes": [_outcome(one, repeated, shown) for one, repeated in some[:most]],
    }


def _is_known(_resource: Resource, _hull_id: str) -> bool:
    """Only what the topic tells counts."""
    return False


def _read(line: bytes) -> Iterator[Outcome]:
    """A line of another version may lack what ours needs: then it is left out."""
    try:
        one = _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if one.ending in _ENDINGS:
        yield one


def _ended(one: Outcome) -> Ended:
    return Ended(
        one.at / 1000,
        one.hull_id,
        one.external_id or None,
        one.email or None,
        one.channel,
        cast("Ending", one.ending),
        one.reason,
        one.topic,
        one.partition,
        one.offset,
        one.position,
        [
            (
                Resource(change.resource),
                change.key or one.hull_id,
                cast("Ending", change.ending),
                change.reason,
                change.change or None,
                None,
            )
            for change in _known(one.changes)
        ],
        [(Resource(skip.resource), skip.reason) for skip in one.skips if _is_ours(skip.resource)],
    )


def _known(changes: Sequence[Change]) -> Iterator[Change]:
    return (one for one in changes if _is_ours(one.resource) and one.ending in _ENDINGS)


def _is_ours(resource: str) -> bool:
    return resource in _RESOURCES


def _outcome(one: Outcome, repeated: int, shown: Shown) -> dict[str, Any]:
    ended = _ended(one)
    what = told(ended.channel, ended.ending, ended.reason, ended.skips, ended.changes, ended.at)
    bodies = [_body(change) for change in one.changes]
    ids = ids_of(bodies, one.hull_id, one.external_id)
    names = {"hull_id": one.hull_id, "external_id": one.external_id, "email": one.email}
    return {
        "at": moment(ended.at),
        "appended_at": _moment(one.appended_at),
        "read_at": _moment(one.read_at),
        "ending": one.ending,
        "profile": what.fate,
        "says": shown.text(says(ended.channel, ended.ending, ended.reason, what)),
        "reason": shown.text(one.reason),
        **{name: shown.text(text) if text else None for name, text in names.items()},
        "channel": shown.text(one.channel),
        "topic": shown.text(one.topic),
        "partition": one.partition,
        "offset": one.offset,
        "position": one.position,
        "repeated": repeated,
        "changes": [
            _change(change, one.hull_id, body, ids, shown)
            for change, body in zip(one.changes, bodies, strict=True)
            if _is_ours(change.resource)
        ],
        "skips": [
            {"resource": skip.resource, "reason": shown.text(skip.reason)}
            for skip in one.skips
            if _is_ours(skip.resource)
        ],
    }


def _change(
    one: Change, hull_id: str, body: object, ids: frozenset[str], shown: Shown
) -> dict[str, Any]:
    is_object = isinstance(body, dict)
    return {
        "resource": one.resource,
        "key": shown.text(one.key or hull_id),
        "ending": shown.text(one.ending),
        "reason": shown.text(one.reason),
        "change": shown.text(one.change) or None,
        "says": done(one.change or None) if one.ending == "delivered" else "",
        "planhat_id": shown.text(one.planhat_id) or None,
        "replaced": shown.text(one.replaced) or None,
        "sent_at": _moment(one.sent_at),
        "answered_at": _moment(one.answered_at),
        "status": one.status or None,
        "answer": shown.text(one.answer) or None,
        "payload": shown.payload(Resource(one.resource), body, ids) if is_object else None,  # type: ignore[arg-type]
    }


def _body(change: Change) -> object:
    """The object as it was sent; None if that is not told."""
    if isinstance(change.payload, msgspec.UnsetType):
        return None
    try:
        return msgspec.json.decode(change.payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _moment(ms: int) -> str | None:
    return moment(ms / 1000) if 0 < ms < _END_MS else None
