"""What goes wrong on purpose: faults that hit requests, and items that are refused. Pure.

Both are switched on while the sandbox runs. A fault hits by chance and for a while; a refusal is
for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from random import Random
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from planhat_client.sandbox.answers import Reply, Why, json_reply
from planhat_client.sandbox.options import ErrorList, Shape, Strict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Kind: TypeAlias = Literal[
    "status",
    "timeout",
    "reset",
    "reset_after_write",
    "partial",
    "malformed",
    "empty",
    "html",
    "trickle",
    "slow",
    "unauthorized",
    "forbidden",
    "document",
    "page",
]
BodyForm: TypeAlias = Literal["json", "text", "html", "empty"]
_WRITES_FIRST: Final = frozenset(
    {"reset_after_write", "partial", "malformed", "empty", "trickle", "slow", "page"}
)
_HTML: Final = (
    b"<html><head><title>502 Bad Gateway</title></head>"
    b"<body><center><h1>502 Bad Gateway</h1></center></body></html>"
)


class Fault(Strict, frozen=True):
    """One switch. It hits a request of `resource` and `method` (None: any) with `probability`.

    It ends after `count` hits or `seconds`. `applies`: the request takes effect all the same;
    None means as usual for the kind. The rest is for some kinds only: `status`, `retry_after`
    (seconds) and `body` for "status" and "html"; `shape`, `share` (of the items that fail) and
    `least_items` (smaller requests do not fail) for "partial"; `delay_seconds` for "slow" and
    "trickle". `contains`: only requests whose body holds this text, as a firewall would look.
    "document" answers 200 with any `document`, as often as `repeat` says if that is more than 0.
    "page" moves the rows of a list by `shift`, as if so many had gone (or, below 0, come) since
    the last page, and gives `most_rows` at most. `after`: so many requests are let through first.
    """

    kind: Kind
    resource: str | None = None
    method: str | None = None
    probability: float = 1.0
    count: int | None = None
    seconds: float | None = None
    seed: int = 0
    applies: bool | None = None
    status: int = 503
    retry_after: float | None = None
    body: BodyForm = "json"
    shape: Shape = "random"
    share: float = 0.5
    least_items: int = 1
    delay_seconds: float = 1.0
    contains: str | None = None
    after: int = 0
    document: Any = None
    repeat: int = 0
    shift: int = 0
    most_rows: int | None = None

    @property
    def takes_effect(self) -> bool:
        """Whether a request that is hit is applied."""
        return self.kind in _WRITES_FIRST if self.applies is None else self.applies

    def concerns(self, resource: str, method: str, body: bytes = b"") -> bool:
        """Whether it may hit such a request."""
        if self.contains is not None and self.contains.encode() not in body:
            return False
        return self.resource in (None, resource) and self.method in (None, method)


@dataclass(slots=True)
class Switch:
    """A fault that is on, since when, and how often it hit."""

    fault: Fault
    since: float
    random: Random = field(repr=False)
    hits: int = 0
    passed: int = 0

    def is_over(self, now: float) -> bool:
        """Whether it can't hit any more."""
        fault = self.fault
        is_late = fault.seconds is not None and now >= self.since + fault.seconds
        return is_late or (fault.count is not None and self.hits >= fault.count)


class Faults:
    """All that are on. `now` is seconds of any clock."""

    def __init__(self) -> None:
        self.on: list[Switch] = []
        self.hits = 0

    def add(self, faults: Iterable[Fault], now: float) -> None:
        """Switch on."""
        self.on += [Switch(fault, now, Random(fault.seed)) for fault in faults]

    def clear(self) -> None:
        """Switch all off."""
        self.on.clear()

    def choose(self, resource: str, method: str, now: float, body: bytes = b"") -> Switch | None:
        """Say which fault hits a request: the first that concerns it and whose dice say so."""
        self.on = [switch for switch in self.on if not switch.is_over(now)]
        for switch in self.on:
            fault = switch.fault
            if not fault.concerns(resource, method, body):
                continue
            switch.passed += 1
            if switch.passed > fault.after and switch.random.random() < fault.probability:
                switch.hits += 1
                self.hits += 1
                return switch
        return None


def faulty(fault: Fault, reply: Reply | None) -> Reply:
    """Give the answer that a fault puts in place of `reply` (None: nothing was applied)."""
    whole = reply or json_reply({"created": 0, "updated": 0})
    replies = {
        "unauthorized": json_reply("Unauthorized", 401),
        "forbidden": json_reply("Forbidden", 403),
        "malformed": Reply(whole.status, whole.body[: max(1, len(whole.body) // 2)]),
        "empty": Reply(whole.status, b""),
        "html": Reply(502, _HTML, "text/html"),
    }
    if fault.kind == "document":
        return json_reply([fault.document] * fault.repeat if fault.repeat else fault.document)
    return _status(fault) if fault.kind == "status" else replies.get(fault.kind, whole)


def paged(hit: Switch | None, asked: Mapping[str, str]) -> Mapping[str, str]:
    """What a read asks for, bent by a fault "page"."""
    if hit is None or hit.fault.kind != "page":
        return asked
    fault, offset = hit.fault, asked.get("offset", "")
    moved = max(0, int(offset) + fault.shift) if offset.isdecimal() and int(offset) else 0
    bent = {**asked, "offset": str(moved)}
    return bent if fault.most_rows is None else bent | {"limit": str(fault.most_rows)}


def _status(fault: Fault) -> Reply:
    known = HTTPStatus.__members__.values()
    phrase = HTTPStatus(fault.status).phrase if fault.status in known else "Unknown"
    body, content_type = {
        "json": (f'{{"error":"{phrase}"}}', "application/json"),
        "text": (phrase, "text/plain"),
        "html": (f"<h1>{phrase}</h1>", "text/html"),
        "empty": ("", "text/plain"),
    }[fault.body]
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    return Reply(fault.status, body.encode(), content_type, headers)


class Refusal(Strict, frozen=True):
    """Refuse items of `resource` (None: any) whose `field` is one of `values`, as text.

    `field` is a path such as "externalId" or "custom.x"; no values: any value will do.
    `how` "item" fails the item with `message`, told in `list_name` (None: as fits the item);
    "request" answers the whole request `status`.
    """

    field: str
    values: tuple[str | int | float | bool, ...] = ()
    resource: str | None = None
    how: Literal["item", "request"] = "item"
    message: str = "validation failed"
    list_name: ErrorList | None = None
    status: int = 500


def refused(
    rules: Iterable[Refusal], resource: str, items: Sequence[object]
) -> dict[int, Why] | Refusal:
    """Give the reason for each position that is refused; or the rule that refuses the request.

    Of several rules that refuse an item, the first one says why.
    """
    found: dict[int, Why] = {}
    for rule in rules:
        positions = list(_met(rule, items)) if rule.resource in (None, resource) else []
        if positions and rule.how == "request":
            return rule
        for position in positions:
            found.setdefault(position, Why(rule.message, rule.list_name))
    return found


def _met(rule: Refusal, items: Sequence[object]) -> Iterator[int]:
    path, values = rule.field.split("."), set(map(str, rule.values))
    for position, item in enumerate(items):
        found = item
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        if found is not None and (not values or str(found) in values):
            yield position
