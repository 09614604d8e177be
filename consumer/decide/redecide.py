"""What a message says of its company, read from its record once more: it is seldom needed. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.decide.decide import decide
from consumer.decide.decision import Payload, UserDecision
from consumer.decide.message import AccountMessage, Messages, UserMessage
from consumer.decide.parse import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.decide.message import Routed, Tombstone
    from consumer.decide.rules import Rules
    from consumer.offsets.record import Record
    from consumer.offsets.ticket import Receipt


class Redecide:
    """Reads an envelope once for all of its messages that are asked for one after the other."""

    def __init__(self, rules: Rules) -> None:
        """Nothing was read."""
        self._rules = rules
        self.clear()

    def clear(self) -> None:
        """Forget what was read last."""
        self._record: Record | None = None
        self._messages: Sequence[Routed | Tombstone] = ()

    def company_of(self, receipt: Receipt) -> Payload | None:
        """Give the company that may be made for who is in this message; None if none may."""
        if receipt.ticket.record is not self._record:
            self._record = receipt.ticket.record
            parsed = parse(self._record.value, self._record.headers)
            self._messages = parsed.messages if isinstance(parsed, Messages) else (parsed,)
        message = self._messages[receipt.position or 0]
        if not isinstance(message, UserMessage | AccountMessage):
            return None
        decision = decide(message, self._rules)
        if isinstance(decision, UserDecision):
            return decision.company_stub
        return decision.company if isinstance(decision.company, Payload) else None
