"""What a request asks for, in two steps: `size` items arrive, later `finish` gives the answer.

Between the two lies the latency; what a request holds in the meantime it lets go in `release`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from planhat_client.sandbox.answers import Reply, Why, document, json_reply
from planhat_client.sandbox.faults import Refusal, Switch, refused
from planhat_client.sandbox.store.fields import twins
from planhat_client.sandbox.witness import ACTIVITIES

if TYPE_CHECKING:
    from planhat_client.sandbox.activities import Names
    from planhat_client.sandbox.models import Model
    from planhat_client.sandbox.sandbox import Sandbox
    from planhat_client.sandbox.store.upserts import Upsert

_MOST_ITEMS: Final = 5_000
"""Per request, in any model ("Authentication & Limits")."""


@dataclass(frozen=True, slots=True)
class Work:
    """Something to be done for a request; `finish` is told the fault that hit the request."""

    size: int
    finish: Callable[[Switch | None], Reply]
    release: Callable[[], None] = lambda: None


def bulk_work(sandbox: Sandbox, model: Model, body: bytes, has_left: Callable[[], bool]) -> Work:
    """Read the body of a bulk upsert; a body that is none is answered 400."""
    problem = ""
    try:
        items = orjson.loads(body)
    except orjson.JSONDecodeError:
        items, problem = [], "Invalid JSON"
    if not isinstance(items, list):
        problem = "The body should be an array"
    elif len(items) > _MOST_ITEMS:
        problem = f"At most {_MOST_ITEMS} items are allowed"
    if problem:
        return Work(0, lambda _: json_reply(problem, 400))
    strange = {at: names for at, item in enumerate(items) if (names := twins(item))}
    for name in (name for names in strange.values() for name in names):
        sandbox.witness.field(model.name, name, "twins")
    if strange and sandbox.dialect.case_twins == "request_fails":
        why = _collide(next(iter(strange.values())))
        return Work(len(items), lambda _: json_reply(why, 400))
    upsert = sandbox.upserts.arrive(model, items, has_left)
    if sandbox.dialect.case_twins == "item_fails":
        upsert.failing |= {at: Why(_collide(names)) for at, names in strange.items()}
    return Work(
        len(items),
        lambda hit: _upserted(sandbox, upsert, hit),
        lambda: sandbox.upserts.release(upsert),
    )


def _collide(names: tuple[str, ...]) -> str:
    return f"Keys collide: {', '.join(names)}"


def _upserted(sandbox: Sandbox, upsert: Upsert, hit: Switch | None) -> Reply:
    """Apply it, or refuse it as a whole. A fault "partial" gives the answer its shape, too."""
    resource, items = upsert.model.name, upsert.items
    failing = refused(sandbox.refusals, resource, items)
    if isinstance(failing, Refusal):
        return json_reply(failing.message, failing.status)
    shape, random = sandbox.error_shape, sandbox.random
    if hit and hit.fault.kind == "partial" and len(items) >= hit.fault.least_items:
        shape, random = hit.fault.shape, hit.random
        unlucky = [at for at in range(len(items)) if random.random() < hit.fault.share]
        failing |= dict.fromkeys(unlucky, Why("could not be saved"))
    result = sandbox.upserts.apply(upsert, failing)
    if not result.failures and random is sandbox.random:
        shape = "item"
    return json_reply(document(result, shape, sandbox.options.answer_keys, random), result.status)


def event_work(sandbox: Sandbox, body: bytes, names: Names, *, is_bulk: bool) -> Work:
    """Read activities; what can't be read is received all the same, and dropped.

    Whatever they are, the answer is 200, but for a poisonous one.
    """
    try:
        events = orjson.loads(body)
    except orjson.JSONDecodeError:
        events = None
    if isinstance(events, list) is not is_bulk:
        events = [None]
    events = events if is_bulk else [events]
    return Work(len(events), lambda _: _received(sandbox, events, names))


def _received(sandbox: Sandbox, events: list[Any], names: Names) -> Reply:
    failing = refused(sandbox.refusals, ACTIVITIES, events)
    if isinstance(failing, Refusal):
        return json_reply(failing.message, failing.status)
    for position, event in enumerate(events):
        if position not in failing:
            sandbox.sink.take(event, names)
    sandbox.witness.count(ACTIVITIES, "refused", len(failing))
    return json_reply({})
