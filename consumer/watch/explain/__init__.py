"""Why a message is sent or not: the real rules, told step by step. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from consumer.decide import reasons
from consumer.decide.forms.rows import is_row
from consumer.decide.message import (
    AccountMessage,
    Invalid,
    Messages,
    Tombstone,
    Unsupported,
    UserMessage,
)
from consumer.decide.parse import parse
from consumer.watch.explain.account import account
from consumer.watch.explain.explanation import MessageExplanation, Step
from consumer.watch.explain.known import NOTHING_KNOWN
from consumer.watch.explain.user import user
from schemas.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Collection

    from consumer.decide.message import Routed
    from consumer.decide.rules import Rules
    from consumer.offsets.record import Headers
    from consumer.watch.explain.known import Known


def explain(
    value: bytes | None, headers: Headers, rules: Rules, known: Known = NOTHING_KNOWN
) -> tuple[MessageExplanation, ...]:
    """Explain a record with the rules that the service would follow; sends nothing."""
    parsed = parse(value, headers)
    messages = parsed.messages if isinstance(parsed, Messages) else (parsed,)
    told = [_message(at, message, rules, known) for at, message in enumerate(messages)]
    rows = _rows(value) if isinstance(parsed, Messages) else ()
    return tuple(
        replace(one, steps=(_ROW, *one.steps)) if at in rows and one.hull_id is not None else one
        for at, one in enumerate(told)
    )


_ROW: Final = Step("Row", True, "of an extract: read as an export, as backfill would")


def _rows(value: bytes | None) -> Collection[int]:
    """Where in a record rows of extracts lie."""
    try:
        document = read_json(value or b"{}")
    except ValueError:  # of what nobody looks at
        return ()
    inner = (document.get("messages") if isinstance(document, dict) else None) or [document]
    return {at for at, one in enumerate(inner) if isinstance(one, dict) and is_row(one)}


def _message(
    position: int, message: Routed | Tombstone, rules: Rules, known: Known
) -> MessageExplanation:
    match message:
        case UserMessage():
            return user(position, message, rules, known)
        case AccountMessage():
            return account(position, message, rules, known)
        case Unsupported(channel=channel):
            step = Step("Channel", False, f"{reasons.UNSUPPORTED_CHANNEL}: {channel}")
            reason = reasons.UNSUPPORTED_CHANNEL
            return MessageExplanation(
                position, "unsupported", "skip", reason, channel, steps=(step,)
            )
        case Invalid(reason=reason):
            step = Step("Message", False, f"{reason}: the record goes to the dead letters")
            return MessageExplanation(position, "invalid", "reject", reason, steps=(step,))
        case Tombstone():
            step = Step("Message", False, "a record without a value")
            return MessageExplanation(
                position, "tombstone", "skip", reasons.TOMBSTONE, steps=(step,)
            )
