"""How many messages Hull may send next, and when: the flow control of its platform. Pure.

The answer's form is that of Hull's own SDK for connectors (hull-node, smart-notifier-response.js):
`next` goes on, `retry` brings the same again. Of `in` the SDK does not say the unit; its own values
(1 to go on at once, 1000 after a failure) are sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_AT_ONCE: Final = 1
_LATER: Final = 1000
_ROOM: Final = 2
"""A notification should fill no more than this part of the largest body: profiles differ."""
_MOST_ERRORS: Final = 20


class Sizes:
    """The owner of how many messages the next notification may hold."""

    def __init__(self, most: int, largest: int) -> None:
        """At most `most` messages, in a body of at most `largest` bytes."""
        self.next = most
        self._most = most
        self._largest = largest

    def taken(self, messages: int, size: int) -> None:
        """Note that a body of `size` bytes with so many messages came, and fitted.

        Less is asked for at once, more step by step.
        """
        fits = max(1, messages) * self._largest // (_ROOM * max(1, size))
        self.next = max(1, min(self._most, fits, 2 * self.next))

    def too_large(self) -> None:
        """Note that one did not fit: the same comes again, message by message."""
        self.next = 1


def answer(size: int, errors: Sequence[str] = ()) -> dict[str, Any]:
    """Say that all is safe; `errors` tells of messages that can't be used."""
    control = {"type": "next", "size": size, "in": _AT_ONCE}
    told = [{"code": "INVALID_MESSAGE", "reason": one} for one in errors[:_MOST_ERRORS]]
    return {"flow_control": control, "metrics": [], "errors": told}


def refusal(code: str, reason: str, size: int | None = None) -> dict[str, Any]:
    """Say that nothing is promised: the same should come again, `size` messages at once."""
    control: dict[str, Any] = {"type": "retry", "in": _LATER}
    if size is not None:
        control["size"] = size
    return {
        "flow_control": control,
        "metrics": [],
        "errors": [{"code": code, "reason": reason}],
    }
