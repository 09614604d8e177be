"""What a request asks for, in two steps: `size` items arrive, later `finish` gives the answer.

Between the two lies the latency; what a request holds in the meantime it lets go in `release`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import orjson

from planhat_client.sandbox.bulk import MOST_ITEMS, Upsert
from planhat_client.sandbox.reply import Reply, json_reply
from planhat_client.sandbox.shapes import BulkResult, Why, document

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from planhat_client.sandbox.activities import Names
    from planhat_client.sandbox.faults import Switch
    from planhat_client.sandbox.models import Model
    from planhat_client.sandbox.options import Shape
    from planhat_client.sandbox.sandbox import Sandbox


class Work(Protocol):
    """Something to be done for a request."""

    @property
    def size(self) -> int:
        """How many items it has."""

    def finish(self, hit: Switch | None) -> Reply:
        """Do it, and give the answer; `hit` is the fault that hit the request."""

    def release(self) -> None:
        """Let go of what is held."""


class Ready:
    """An answer that needs no work."""

    size = 0

    def __init__(self, answer: Callable[[], Reply]) -> None:
        """Ask for the answer when it is due."""
        self._answer = answer

    def finish(self, hit: Switch | None) -> Reply:  # noqa: ARG002 - as the protocol wants
        """Give the answer."""
        return self._answer()

    def release(self) -> None:
        """Hold nothing."""


class BulkWork:
    """A bulk upsert. A fault "partial" fails a share of it and gives the answer its shape."""

    def __init__(self, sandbox: Sandbox, upsert: Upsert) -> None:
        """`upsert` has arrived."""
        self._sandbox = sandbox
        self._upsert = upsert
        self.size = len(upsert.items)

    def finish(self, hit: Switch | None) -> Reply:
        """Apply it, or refuse it as a whole."""
        sandbox, upsert = self._sandbox, self._upsert
        resource = upsert.model.name
        if rule := sandbox.refusals.request(resource, upsert.items):
            return json_reply(rule.message, rule.status)
        refused = sandbox.refusals.items(resource, upsert.items)
        partial = hit if hit is not None and hit.fault.kind == "partial" else None
        if partial and self.size < partial.fault.least_items:
            partial = None
        if partial:
            refused |= _unlucky(self.size, partial)
        result = sandbox.upserts.apply(upsert, refused)
        if partial:
            return _told(result, partial.fault.shape, sandbox, partial.random)
        shape: Shape = sandbox.options.error_shape if result.failures else "item"
        return _told(result, shape, sandbox, sandbox.random)

    def release(self) -> None:
        """Let go of the records."""
        self._sandbox.upserts.release(self._upsert)


class EventWork:
    """Activities. Whatever they are, the answer is 200, but for a poisonous one."""

    def __init__(self, sandbox: Sandbox, events: list[Any], names: Names) -> None:
        """Take the events as they were sent."""
        self._sandbox = sandbox
        self._events = events
        self._names = names
        self.size = len(events)

    def finish(self, hit: Switch | None) -> Reply:  # noqa: ARG002 - as the protocol wants
        """Store what can be attributed."""
        sandbox = self._sandbox
        if rule := sandbox.refusals.request("activities", self._events):
            return json_reply(rule.message, rule.status)
        refused = sandbox.refusals.items("activities", self._events)
        for position, event in enumerate(self._events):
            if position not in refused:
                sandbox.sink.take(event, self._names)
        sandbox.witness.count("activities", "refused", len(refused))
        return _received(sandbox, len(self._events))

    def release(self) -> None:
        """Hold nothing."""


def bulk_work(sandbox: Sandbox, model: Model, body: bytes, has_left: Callable[[], bool]) -> Work:
    """Read the body of a bulk upsert; a body that is none is answered 400."""
    try:
        items = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Ready(lambda: json_reply("Invalid JSON", 400))
    if not isinstance(items, list):
        return Ready(lambda: json_reply("The body should be an array", 400))
    if len(items) > MOST_ITEMS:
        return Ready(lambda: json_reply(f"At most {MOST_ITEMS} items are allowed", 400))
    return BulkWork(sandbox, sandbox.upserts.arrive(model, items, has_left))


def event_work(sandbox: Sandbox, body: bytes, names: Names, *, is_bulk: bool) -> Work:
    """Read events; what can't be read is received all the same, and dropped."""
    try:
        events = orjson.loads(body)
    except orjson.JSONDecodeError:
        events = None
    if isinstance(events, list) is not is_bulk:
        events = [None]
    return EventWork(sandbox, events if is_bulk else [events], names)


def _unlucky(size: int, partial: Switch) -> dict[int, Why]:
    """Choose the items that fail this time; they may be sent again."""
    dice, share = partial.random, partial.fault.share
    return {at: Why("could not be saved") for at in range(size) if dice.random() < share}


def _told(result: BulkResult, shape: Shape, sandbox: Sandbox, random: Random) -> Reply:
    answer = document(result, shape, sandbox.options.answer_keys, random)
    return json_reply(answer, result.status)


def _received(sandbox: Sandbox, number: int) -> Reply:
    match sandbox.options.analytics_answer:
        case "processed":
            return json_reply({"processed": number, "errors": []})
        case "text":
            return json_reply("OK")
        case "empty":
            return Reply(200, b"", "text/plain")
        case "object":
            return json_reply({})
