"""Planhat's protocol without any I/O: build a request, read a response.

The only place that knows a status code. Sources: the API reference, pages "Authentication &
Limits", "HTTP response codes" and "Bulk upsert"; where they are silent every answer is survived.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

import orjson
from pydantic import ValidationError

from schemas.planhat import BulkResult, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REGION_HINT = "is the token valid, and does it belong to this region (api_prefix)?"

_OK = range(200, 300)
_REDIRECT = range(300, 400)
_PARTIAL = 206
_BAD_REQUEST = 400
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_NOT_FOUND = (404, 405)
_TOO_MANY = 429
_LATER = frozenset({408, 425, _TOO_MANY})
_REFUSED = frozenset({_BAD_REQUEST, 409, 410, 413, 414, 415, 422})
_LISTS = ("createdErrors", "updatedErrors", "permissionErrors", "validationErrors")
_EPOCH_SECONDS = 1e8
_LONGEST_WAIT = 3600.0


@dataclass(frozen=True, slots=True)
class Request:
    """What goes over the wire."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Quota:
    """What the headers tell of the quota; `reset_seconds` from now."""

    limit: int | None = None
    remaining: int | None = None
    reset_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """Planhat took everything, says the status; whether the counts agree is for `verdict`.

    `is_whole`: this endpoint never gives a result, so the status is all the proof there will be.
    """

    result: BulkResult | None = None
    quota: Quota | None = None
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Partial:
    """Something in the batch was not taken; what was, `verdict` finds out."""

    result: BulkResult
    reason: str
    quota: Quota | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Nobody's fault here: the same may work later. `status` is None for network and time-out."""

    reason: str
    status: int | None = None
    retry_after: float | None = None
    quota: Quota | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """The request as a whole was refused: a batch is to be halved, a single item is bad."""

    reason: str
    status: int | None = None
    quota: Quota | None = None


@dataclass(frozen=True, slots=True)
class Halt:
    """Nothing can work until a person acts: token, rights, region or host are wrong."""

    reason: str
    status: int | None = None
    quota: Quota | None = None


Answer: TypeAlias = Delivered | Partial | Retry | Reject | Halt


def upsert(base_url: str, token: str, resource: Resource, items: Sequence[bytes]) -> Request:
    """Build a bulk upsert: PUT of an array of JSON objects ("Bulk upsert")."""
    url = f"{base_url}/{resource.value}"
    return Request("PUT", url, _headers(token), b"[" + b",".join(items) + b"]")


def track(base_url: str, tenant_id: str, items: Sequence[bytes]) -> Request:
    """Build a bulk post of activities. The tenant id in the path is the credential."""
    url = f"{base_url}/analytics/bulk/{quote(tenant_id, safe='')}"
    body = b"[" + b",".join(items) + b"]"
    return Request("POST", url, {"Content-Type": "application/json"}, body)


def track_one(base_url: str, tenant_id: str, item: bytes) -> Request:
    """Build a post of one activity."""
    url = f"{base_url}/analytics/{quote(tenant_id, safe='')}"
    return Request("POST", url, {"Content-Type": "application/json"}, item)


def get(base_url: str, token: str, path: str) -> Request:
    """Build a read; `path` with its query."""
    return Request("GET", f"{base_url}/{path}", _headers(token))


def read(response: Response, now: float = 0.0) -> Answer:  # noqa: PLR0911 - a table of statuses
    """Say what to do after a response; `now` in seconds since 1970, for dates in headers."""
    status = response.status
    quota = _quota(response.headers, now)
    document = _json(response.body)
    result = _result(document)
    reason = f"{status} {_message(document, response.body)}".rstrip()
    if status == _PARTIAL or (status in (_BAD_REQUEST, _FORBIDDEN) and _has_lists(document)):
        return Partial(result or BulkResult(), _first_error(result) or reason, quota)
    if status in _OK:
        if result is not None and result.errors:
            return Partial(result, _first_error(result) or reason, quota)
        return Delivered(result, quota)
    if status in (_UNAUTHORIZED, _FORBIDDEN):
        return Halt(f"{reason}; {REGION_HINT}", status, quota)
    if status in _REDIRECT or status in _NOT_FOUND:
        return Halt(f"{reason}; is this the host of Planhat's API?", status, quota)
    if status in _REFUSED:
        return Reject(reason, status, quota)
    wait = _retry_after(response.headers, now)
    if wait is None and status == _TOO_MANY and quota is not None:
        wait = quota.reset_seconds
    return Retry(reason, status, wait, quota)


def read_activities(response: Response, now: float = 0.0) -> Answer:
    """Say what to do after a post to the analytics host.

    It answers 200 to everything that it received ("HTTP response codes"): there is no result.
    """
    answer = read(response, now)
    if isinstance(answer, Delivered | Partial):
        return Delivered(None, answer.quota, is_whole=True)
    return answer


def _headers(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _json(body: bytes) -> Any:  # noqa: ANN401 - whatever Planhat sent
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _result(document: Any) -> BulkResult | None:  # noqa: ANN401 - whatever Planhat sent
    if not isinstance(document, dict):
        return None
    try:
        return BulkResult.model_validate(document)
    except ValidationError:
        return None


def _has_lists(document: Any) -> bool:  # noqa: ANN401 - whatever Planhat sent
    return isinstance(document, dict) and any(document.get(name) for name in _LISTS)


def _first_error(result: BulkResult | None) -> str | None:
    if result is None or not result.errors:
        return None
    return error_text(result.errors[0])


def error_text(entry: Any) -> str:  # noqa: ANN401 - whatever Planhat sent
    """What an error entry says, shortened; only its message, never the item it repeats."""
    if isinstance(entry, str):
        return entry[:200]
    if isinstance(entry, dict):
        for name in ("error", "message", "msg", "reason", "errmsg", "code"):
            if isinstance(entry.get(name), str | int):
                return str(entry[name])[:200]
            if isinstance(entry.get(name), dict):
                return error_text(entry[name])
    return "an error without a message"


def _message(document: Any, body: bytes) -> str:  # noqa: ANN401 - whatever Planhat sent
    if isinstance(document, str):
        return document[:200]
    if isinstance(document, dict):
        found = error_text(document)
        return "" if found == "an error without a message" else found
    text = body[:80].decode(errors="replace").strip()
    return "" if not text or text.startswith("<") else " ".join(text.split())


def _number(headers: Mapping[str, str], name: str) -> float | None:
    for spelling in (f"x-ratelimit-{name}", f"x-rate-limit-{name}"):
        try:
            return float(headers[spelling])
        except (KeyError, ValueError):
            continue
    return None


def _quota(headers: Mapping[str, str], now: float) -> Quota | None:
    limit, remaining, reset = (_number(headers, name) for name in ("limit", "remaining", "reset"))
    if limit is None and remaining is None:
        return None
    if reset is not None:
        # Some servers write the moment, some the seconds until then.
        reset = max(0.0, reset - now) if reset > _EPOCH_SECONDS else max(0.0, reset)
        reset = min(reset, _LONGEST_WAIT)
    return Quota(
        None if limit is None else int(limit), None if remaining is None else int(remaining), reset
    )


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            return None
    if seconds != seconds:  # noqa: PLR0124 - not a number
        return None
    return min(max(0.0, seconds), _LONGEST_WAIT)
