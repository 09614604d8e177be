"""What became of the changes of a message, as JSON for its line in the outcomes topic. Pure.

What was sent is masked with more work than all the rest: of what was delivered it is told only
within a budget.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from planhat_client.protocol import Delivered, Partial

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.lanes.part import Ended, Part
    from consumer.watch.outcomes.named import Named
    from planhat_client.protocol import Answer
    from schemas.planhat import Resource

_MOST_NOTED: Final = 100_000
"""Letters that are told of the changes of one message: it may have thousands."""
_LONGEST_PAYLOAD: Final = 16_384
_PAYLOADS_A_SECOND: Final = 50.0
_PAYLOADS_AT_ONCE: Final = 500.0
_MILLIS: Final = 1000


class Changes:
    """Notes in a message's receipt what became of each of its changes."""

    def __init__(
        self,
        named: Named,
        payload: Callable[[Resource, bytes, str, str], bytes],
        steady: Callable[[], float],
    ) -> None:
        """`payload` masks an object as it was sent, of a profile with those two ids.

        `steady` is the clock by which parts come, in seconds.
        """
        self._named = named
        self._mask = payload
        self._steady = steady
        self._zero = 0.0
        self._now = 0.0
        self._flight = ""
        self._resource: Resource | None = None
        self._head = ""
        self._allowed = _PAYLOADS_AT_ONCE
        self._allowed_at = 0.0

    def answered(self, answer: Answer, seconds: float, now: float) -> None:
        """A request was answered after so many seconds; what ends until `settled` was in it."""
        self._now = now
        # When the other clock showed 0: this one may be set meanwhile.
        self._zero = now - self._steady()
        at = int(now * _MILLIS)
        status, told = _told(answer)
        self._flight = f',"sent_at":{at - int(seconds * _MILLIS)},"answered_at":{at}'
        if status:
            self._flight += f',"status":{status}'
        if told:
            self._flight += f',"answer":{self._named.often(told)}'

    def settled(self) -> None:
        """All that was in the request ended, or waits for its next try."""
        self._flight = ""

    def ended(self, end: Ended) -> None:
        """A change ended, and was not revoked."""
        receipt = end.part.receipt
        noted = receipt.noted
        if not noted:
            noted = self._begin(end.part)
        if end.ending != "skipped" and len(noted) < _MOST_NOTED:
            comma = "" if noted.endswith("[") else ","
            noted = f"{noted}{comma}{self._change(end)}}}"
        receipt.noted = noted

    def _begin(self, part: Part) -> str:
        if not (part.since and self._zero):
            return ',"changes":['
        return f',"read_at":{int((self._zero + part.since) * _MILLIS)},"changes":['

    def _change(self, end: Ended) -> str:
        part = end.part
        if part.resource is not self._resource:
            self._resource = part.resource
            self._head = f'{{"resource":"{part.resource.value}","ending":"'
        told = f'{self._head}{end.ending}"{self._flight}'
        if part.key != part.receipt.hull_id:
            told += f',"key":{self._named.name(part.key)}'
        if end.change:
            told += f',"change":"{end.change}"'
        if end.planhat_id:
            told += f',"planhat_id":{self._named.name(end.planhat_id)}'
        if end.reason:
            told += f',"reason":{self._named.often(end.reason)}'
        if part.sent and (end.ending == "rejected" or self._allows()):
            told += self._payload(part)
        return told

    def _allows(self) -> bool:
        since, self._allowed_at = self._now - self._allowed_at, self._now
        allowed = self._allowed + max(0.0, since) * _PAYLOADS_A_SECOND
        self._allowed = min(allowed, _PAYLOADS_AT_ONCE)
        if self._allowed < 1.0:
            return False
        self._allowed -= 1.0
        return True

    def _payload(self, part: Part) -> str:
        if len(part.sent) > _LONGEST_PAYLOAD:
            return ""
        receipt = part.receipt
        shown = self._mask(part.resource, part.sent, receipt.hull_id, receipt.external_id or "")
        return f',"payload":{shown.decode()}'


def _told(answer: Answer) -> tuple[int, str]:
    """The status of an answer, 0 if there was none, and what it said unless all was taken."""
    if isinstance(answer, Delivered):
        return 200, answer.note
    if isinstance(answer, Partial):
        status = answer.reason.partition(" ")[0]  # its reason begins with it
        return int(status) if status.isdecimal() else 0, answer.reason
    return answer.status or 0, answer.reason
