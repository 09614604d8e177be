"""Answers before they are sent, and the ones that faults put in their place. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from planhat_client.sandbox.faults import Fault

JSON: Final = "application/json"
_HTML: Final = (
    b"<html><head><title>502 Bad Gateway</title></head>"
    b"<body><center><h1>502 Bad Gateway</h1></center></body></html>"
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to the client."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


def json_reply(document: Any, status: int = 200) -> Reply:  # noqa: ANN401 - JSON
    """Answer with JSON; Planhat answers with a bare text too, as JSON string."""
    return Reply(status, orjson.dumps(document))


UNAUTHORIZED: Final = json_reply("Unauthorized", 401)
FORBIDDEN: Final = json_reply("Forbidden", 403)
NOT_FOUND: Final = json_reply("Not found", 404)
TOO_MANY: Final = json_reply("Too many requests", 429)


def faulty(fault: Fault, reply: Reply | None) -> Reply:
    """Give the answer that a fault puts in place of `reply` (None: nothing was applied)."""
    whole = reply or json_reply({"created": 0, "updated": 0})
    match fault.kind:
        case "status":
            return _status(fault)
        case "unauthorized" | "forbidden":
            return UNAUTHORIZED if fault.kind == "unauthorized" else FORBIDDEN
        case "malformed":
            return Reply(whole.status, whole.body[: max(1, len(whole.body) // 2)])
        case "empty":
            return Reply(whole.status, b"")
        case "html":
            return Reply(502, _HTML, "text/html")
        case _:
            return whole


def _status(fault: Fault) -> Reply:
    headers = {}
    if fault.retry_after is not None:
        headers["Retry-After"] = f"{fault.retry_after:g}"
    phrase = _phrase(fault.status)
    match fault.body:
        case "json":
            return Reply(fault.status, orjson.dumps({"error": phrase}), JSON, headers)
        case "text":
            return Reply(fault.status, phrase.encode(), "text/plain", headers)
        case "html":
            return Reply(fault.status, f"<h1>{phrase}</h1>".encode(), "text/html", headers)
        case "empty":
            return Reply(fault.status, b"", "text/plain", headers)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
