"""From a parsed message to the kind of profile it is about. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from consumer.decide.message import (
    NO_FAULTS,
    AccountMessage,
    Faults,
    Invalid,
    Routed,
    Unsupported,
    Untold,
    UserMessage,
)
from consumer.decide.value import key_text
from schemas.hull import NO_MOVES, Changes, Entity, Message, Nothing, Segment, Segments

if TYPE_CHECKING:
    from consumer.decide.forms.organisation import Organisation

USER_CHANNEL: Final = "user:update"
ACCOUNT_CHANNEL: Final = "account:update"

_LONGEST_CHANNEL: Final = 100


def unsupported(channel: object) -> Unsupported | None:
    """Return the verdict on a channel that is not ours; `None` if it is ours or not named."""
    if not isinstance(channel, str) or channel in {"", USER_CHANNEL, ACCOUNT_CHANNEL}:
        return None
    return Unsupported(channel[:_LONGEST_CHANNEL])


def route(
    message: Message,
    channel: str | None,
    *,
    is_export: bool,
    faults: Faults = NO_FAULTS,
    organisation: Organisation | None = None,
) -> Routed:
    """Return the message as one of a user or of an account.

    `channel` and `is_export` are what envelope and headers say; the message's own word comes first.
    `organisation` is what the envelope says.
    `faults` is what could not be read of it: it counts where that is needed.
    """
    named = message.channel or channel
    if foreign := unsupported(named):
        return foreign
    # Account messages come with an empty user on the user channel too; seen in the wild.
    if named != ACCOUNT_CHANNEL:
        if message.user:
            return _user_message(message, message.user, organisation, faults, is_export=is_export)
        if "user" in faults:
            return Invalid(faults["user"])
    if message.account:
        return _account_message(message, message.account, organisation, faults, is_export=is_export)
    return Invalid(faults.get("account") or _neither(message))


def _neither(message: Message) -> str:
    if message.user:
        return "account message without an account"
    return "neither user nor account: not a Hull message"


def _user_message(
    message: Message,
    user: Entity,
    organisation: Organisation | None,
    faults: Faults,
    *,
    is_export: bool,
) -> Routed:
    hull_id = key_text(user.get("id"))
    if hull_id is None:
        return Invalid("user without an id")
    events = message.events
    own = _own_segments(message)
    return UserMessage(
        hull_id,
        user,
        message.account or {},
        own or (),
        _segments(message.account_segments),
        events if isinstance(events, tuple) else (),
        _changes(message.changes),
        message.is_export or is_export,
        faults,
        _untold(message, own, faults),
        organisation,
    )


def _account_message(
    message: Message,
    account: Entity,
    organisation: Organisation | None,
    faults: Faults,
    *,
    is_export: bool,
) -> Routed:
    hull_id = key_text(account.get("id"))
    if hull_id is None:
        return Invalid("account without an id")
    return AccountMessage(
        hull_id,
        account,
        _segments(message.account_segments),
        _changes(message.changes),
        message.is_export or is_export,
        faults,
        _untold(message, (), faults),
        organisation,
    )


def _own_segments(message: Message) -> Segments | None:
    """The segments of a user, under either name; None if none of the names has a list."""
    found = message.segments
    if isinstance(found, tuple) and found:
        return found
    other, ids = message.user_segments, message.user_segment_ids
    if isinstance(other, tuple) and other:
        return other
    if isinstance(ids, tuple) and ids:
        return tuple([Segment(one) for one in ids])
    is_told = isinstance(found, tuple) or isinstance(other, tuple) or isinstance(ids, tuple)
    return () if is_told else None


def _untold(message: Message, own: Segments | None, faults: Faults) -> Untold:
    """Name the segments of which not all are known: an empty list is all, no list is nothing."""
    is_told = isinstance(message.account_segments, tuple)
    if own is not None and is_told and not faults:
        return ()
    is_known = {"segments": own is not None, "account_segments": is_told}
    return tuple([name for name, known in is_known.items() if not known or name in faults])


def _changes(changes: Changes | None) -> Changes | None:
    """Give what changed, with the moves of segments under their usual name."""
    if changes is None or changes.user_segments is NO_MOVES:
        return changes
    own = changes.segments
    moves = own if own.entered or own.left else changes.user_segments
    return Changes(changes.is_new, changes.user, changes.account, moves, changes.account_segments)


def _segments(found: Segments | Nothing | None) -> Segments:
    return found if isinstance(found, tuple) else ()
