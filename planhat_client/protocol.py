"""Planhat's protocol without any I/O: build a request, read a response.

The only place that knows a status code. Sources: the API reference, pages "Authentication &
Limits", "HTTP response codes" and "Bulk upsert"; where they are silent every answer is survived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

import orjson
from pydantic import ValidationError

from planhat_client.answers.error_text import Clean, error_text, is_page, message
from planhat_client.quota import Quota, quota, retry_after
from schemas.planhat import BulkResult, Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

REGION_HINT = "is the token valid, and does it belong to this region (api_prefix)?"
HOST_HINT = "is this the host of Planhat's API?"
TRANSIENT = "duplicated"
"""Two requests at once with one key end in "externalId,email duplicated"; alone it may pass."""

_MOST_VALUES = 2_000_000
"""Values that are read of one answer: of companies a few hundred thousand."""

_OK = range(200, 300)
_REDIRECT = range(300, 400)
_PARTIAL = 206
_BAD_REQUEST = 400
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_MISSING = 404
_NOT_FOUND = (_MISSING, 405)
_TOO_MANY = 429
_REFUSED = frozenset({_BAD_REQUEST, 409, 410, 411, 413, 414, 415, 422, 431})


@dataclass(slots=True, repr=False)
class Request:
    """What goes over the wire."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""

    def __repr__(self) -> str:
        """Nothing of the token, of the tenant, or of people."""
        return f"<Request {self.method}, {len(self.body)} bytes>"


@dataclass(slots=True, repr=False)
class Response:
    """What came back; `headers` are found by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        """Nothing of people."""
        return f"<Response {self.status}, {len(self.body)} bytes>"


@dataclass(frozen=True, slots=True)
class Delivered:
    """Planhat took everything, says the status; whether the counts agree is for `verdict`.

    `result` is None if the answer holds none. `is_whole`: this endpoint never gives a result, so
    the status is all the proof there will be. `note` is what it complained of nevertheless.
    """

    result: BulkResult | None = None
    quota: Quota | None = None
    is_whole: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Partial:
    """Something in the batch was not taken; what was, `verdict` finds out.

    `clean` takes out of the messages of the result what we had sent; `reason` is clean.
    """

    result: BulkResult
    reason: str
    quota: Quota | None = None
    clean: Clean = field(default=str, compare=False, repr=False)


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
    """Refused whole, and nothing in it is called bad: token, rights, region or host are wrong.

    Then nothing can work until a person acts. But where a read with the same token works, it is
    about the resource, or something that was sent. `told` is the reason without our own guess.
    """

    reason: str
    status: int | None = None
    quota: Quota | None = None
    told: str = field(default="", compare=False)


Answer: TypeAlias = Delivered | Partial | Retry | Reject | Halt


def upsert(base_url: str, token: str, resource: Resource, items: Sequence[bytes]) -> Request:
    """Build a bulk upsert: PUT of an array of JSON objects ("Bulk upsert")."""
    return Request("PUT", f"{base_url}/{resource.value}", _headers(token), _array(items))


def track(base_url: str, tenant_id: str, items: Sequence[bytes]) -> Request:
    """Build a bulk post of activities. The tenant id in the path is the credential."""
    url = f"{base_url}/analytics/bulk/{quote(tenant_id, safe='')}"
    return Request("POST", url, {"Content-Type": "application/json"}, _array(items))


def track_one(base_url: str, tenant_id: str, item: bytes) -> Request:
    """Build a post of one activity; the names of its fields are documented."""
    url = f"{base_url}/analytics/{quote(tenant_id, safe='')}"
    return Request("POST", url, {"Content-Type": "application/json"}, item)


def get(base_url: str, token: str, path: str) -> Request:
    """Build a read; `path` with its query."""
    return Request("GET", f"{base_url}/{path}", _headers(token))


def delete(base_url: str, token: str, path: str) -> Request:
    """Build the deletion of one record; `path` like `endusers/extid-...`."""
    return Request("DELETE", f"{base_url}/{path}", _headers(token))


def read(response: Response, now: float = 0.0, clean: Clean = str) -> Answer:
    """Say what to do after a write; `now` in seconds since 1970, for dates in headers.

    `clean` takes out of what Planhat says what we had sent.

    A success whose body is no JSON proves nothing. A page for browsers means a wrong host: halt.
    Torn JSON: try again, an upsert has the same effect twice. An empty body, a text, or an object
    without counts is a success without a result: `verdict` believes it of a single item only, so
    that a batch is sent again in smaller ones, but not for ever.
    """
    document = parsed(response.body)
    if response.status not in _OK:
        return _unsuccessful(response, document, now, clean)
    heard = quota(response.headers, now)
    if document is None and response.body.strip() not in (b"", b"null"):
        if is_page(response.body):
            told = f"{response.status} with a web page"
            return Halt(f"{told}; {HOST_HINT}", response.status, heard, told)
        return Retry(f"{response.status} with an unreadable body", response.status, quota=heard)
    result = _result(document)
    if response.status == _PARTIAL or (result is not None and result.errors):
        return _partial(response, result or BulkResult(), document, heard, clean)
    return Delivered(result, heard)


def rows(response: Response) -> list[Any] | None:
    """Give the rows of a list that was read, None if the answer is no list."""
    document = parsed(response.body) if response.status in _OK else None
    return document if isinstance(document, list) else None


def records(response: Response) -> list[dict[str, Any]] | None:
    """Give what was read of one record: none, it, or several; None if the answer tells nothing.

    What an unknown record is answered is not documented: 404, nothing at all, `null`, `{}`, `[]`
    and whatever else is no record say that there is none.
    """
    if response.status == _MISSING:
        return []
    if response.status not in _OK or is_page(response.body):
        return None
    document = parsed(response.body)
    if document is None and response.body.strip() not in (b"", b"null"):
        return None
    found = document if isinstance(document, list) else [document]
    return [row for row in found if isinstance(row, dict) and row]


def read_activities(response: Response, now: float = 0.0, clean: Clean = str) -> Answer:
    """Say what to do after a post to the analytics host.

    It answers 200 to all that it received, and never tells what became of it ("HTTP response
    codes"). To send again would count twice, so errors in a success only make a note.
    """
    answer = read(response, now, clean)
    if response.status not in _OK:
        if isinstance(answer, Partial):
            return Reject(answer.reason, response.status, answer.quota)
        return answer
    if isinstance(answer, Halt):
        return answer
    note = answer.reason if isinstance(answer, Partial) and answer.result.errors else ""
    return Delivered(None, answer.quota, is_whole=True, note=note)


def _unsuccessful(response: Response, document: Any, now: float, clean: Clean) -> Answer:  # noqa: ANN401
    status = response.status
    heard = quota(response.headers, now)
    reason = f"{status} {message(document, response.body, clean)}".rstrip()
    if status in (_BAD_REQUEST, _FORBIDDEN):
        # Some clients of Planhat reckon with the bare list of the errors.
        is_list = status == _BAD_REQUEST and isinstance(document, list)
        result = _result({"validationErrors": document} if is_list else document)
        # The result of a bulk upsert: then some of it may have been written.
        if result is not None and (result.is_counted or result.listed_errors):
            return _partial(response, result, document, heard, clean)
    if status in (_UNAUTHORIZED, _FORBIDDEN):
        return Halt(f"{reason}; {REGION_HINT}", status, heard, reason)
    if status in _REDIRECT or status in _NOT_FOUND:
        return Halt(f"{reason}; {HOST_HINT}", status, heard, reason)
    if status in _REFUSED:
        if TRANSIENT in reason:
            return Partial(BulkResult(), reason, heard, clean)
        return Reject(reason, status, heard)
    wait = retry_after(response.headers, now)
    if wait is None and status == _TOO_MANY and heard is not None:
        wait = heard.reset_seconds
    return Retry(reason, status, wait, heard)


def _partial(
    response: Response,
    result: BulkResult,
    document: Any,  # noqa: ANN401
    heard: Quota | None,
    clean: Clean,
) -> Partial:
    if result.errors:
        missing = result.permission_errors
        told = error_text(result.errors[0], clean, permission_errors=missing)
    else:
        told = message(document, response.body, clean)
    return Partial(result, f"{response.status} {told}".rstrip(), heard, clean)


def _headers(token: str) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def _array(items: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"


def parsed(body: bytes) -> Any:  # noqa: ANN401 - whatever Planhat sent
    """Give a body as JSON, None if it is none or holds more values than are read."""
    if len(body) > _MOST_VALUES and sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        return None  # read, it would take up to a hundred times as much memory as the body
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
