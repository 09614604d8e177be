"""What a message says of its company, read from its record once more: it is seldom needed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.decide import decide
from consumer.decision import Payload, UserDecision
from consumer.message import AccountMessage, Messages, UserMessage
from consumer.parse import parse

if TYPE_CHECKING:
    from consumer.part import Receipt
    from consumer.rules import Rules


def company_of(receipt: Receipt, rules: Rules) -> Payload | None:
    """Give the company that may be made for who is in this message; None if none may."""
    record = receipt.ticket.record
    parsed = parse(record.value, record.headers)
    messages = parsed.messages if isinstance(parsed, Messages) else (parsed,)
    message = messages[receipt.position or 0]
    if not isinstance(message, UserMessage | AccountMessage):
        return None
    decision = decide(message, rules)
    if isinstance(decision, UserDecision):
        return decision.company_stub
    return decision.company if isinstance(decision.company, Payload) else None
