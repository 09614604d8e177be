"""From a parsed message to the kind of profile it is about. Pure."""

from typing import Final

from consumer.decide.message import (
    NO_FAULTS,
    AccountMessage,
    Faults,
    Invalid,
    Routed,
    Unsupported,
    UserMessage,
)
from consumer.decide.value import key_text
from schemas.hull import Entity, Message, Nothing, Segments

USER_CHANNEL: Final = "user:update"
ACCOUNT_CHANNEL: Final = "account:update"

_LONGEST_CHANNEL: Final = 100


def unsupported(channel: object) -> Unsupported | None:
    """Return the verdict on a channel that is not ours; `None` if it is ours or not named."""
    if not isinstance(channel, str) or channel in {"", USER_CHANNEL, ACCOUNT_CHANNEL}:
        return None
    return Unsupported(channel[:_LONGEST_CHANNEL])


def route(
    message: Message, channel: str | None, *, is_export: bool, faults: Faults = NO_FAULTS
) -> Routed:
    """Return the message as one of a user or of an account.

    `channel` and `is_export` are what envelope and headers say; the message's own word comes first.
    `faults` is what could not be read of it: it counts where that is needed.
    """
    named = message.channel or channel
    if foreign := unsupported(named):
        return foreign
    # Account messages come with an empty user on the user channel too; seen in the wild.
    if named != ACCOUNT_CHANNEL:
        if message.user:
            return _user_message(message, message.user, is_export=is_export, faults=faults)
        if "user" in faults:
            return Invalid(faults["user"])
    if message.account:
        return _account_message(message, message.account, is_export=is_export, faults=faults)
    return Invalid(faults.get("account") or _neither(message))


def _neither(message: Message) -> str:
    if message.user:
        return "account message without an account"
    return "neither user nor account: not a Hull message"


def _user_message(message: Message, user: Entity, *, is_export: bool, faults: Faults) -> Routed:
    hull_id = key_text(user.get("id"))
    if hull_id is None:
        return Invalid("user without an id")
    events = message.events
    return UserMessage(
        hull_id,
        user,
        message.account or {},
        _segments(message.segments),
        _segments(message.account_segments),
        events if isinstance(events, tuple) else (),
        message.changes,
        message.is_export or is_export,
        faults,
    )


def _account_message(
    message: Message, account: Entity, *, is_export: bool, faults: Faults
) -> Routed:
    hull_id = key_text(account.get("id"))
    if hull_id is None:
        return Invalid("account without an id")
    return AccountMessage(
        hull_id,
        account,
        _segments(message.account_segments),
        message.changes,
        message.is_export or is_export,
        faults,
    )


def _segments(found: Segments | Nothing | None) -> Segments:
    return found if isinstance(found, tuple) else ()
