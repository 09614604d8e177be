"""From a parsed message to the kind of profile it is about."""

from typing import Final

from consumer.message import AccountMessage, Invalid, Routed, Unsupported, UserMessage
from consumer.value import key_text
from schemas.hull import Message

USER_CHANNEL: Final = "user:update"
ACCOUNT_CHANNEL: Final = "account:update"

_LONGEST_CHANNEL: Final = 100


def unsupported(channel: object) -> Unsupported | None:
    """Return the verdict on a channel that is not ours; `None` if it is ours or not named."""
    if not isinstance(channel, str) or channel in {"", USER_CHANNEL, ACCOUNT_CHANNEL}:
        return None
    return Unsupported(channel[:_LONGEST_CHANNEL])


def route(message: Message, channel: str | None, *, is_export: bool) -> Routed:
    """Return the message as one of a user or of an account.

    `channel` and `is_export` are what envelope and headers say; the message's own word comes first.
    """
    named = message.channel or channel
    if foreign := unsupported(named):
        return foreign
    is_export = message.is_export or is_export
    if not message.user and not message.account:
        return Invalid("neither user nor account: not a Hull message")
    # Account messages come with an empty user on the user channel too; seen in the wild.
    if message.user and named != ACCOUNT_CHANNEL:
        return _user_message(message, is_export=is_export)
    return _account_message(message, is_export=is_export)


def _user_message(message: Message, *, is_export: bool) -> Routed:
    hull_id = key_text(message.user.get("id"))
    if hull_id is None:
        return Invalid("user without an id")
    return UserMessage(
        hull_id,
        message.user,
        message.account,
        message.segments,
        message.account_segments,
        message.events,
        message.changes,
        is_export,
        message.message_id,
    )


def _account_message(message: Message, *, is_export: bool) -> Routed:
    if not message.account:
        return Invalid("account message without an account")
    hull_id = key_text(message.account.get("id"))
    if hull_id is None:
        return Invalid("account without an id")
    return AccountMessage(
        hull_id,
        message.account,
        message.account_segments,
        message.changes,
        is_export,
        message.message_id,
    )
