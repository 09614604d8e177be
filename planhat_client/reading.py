"""Reads what Planhat holds, and says what an answer means that holds nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from planhat_client import protocol
from planhat_client.answers.echo import Echo
from planhat_client.errors import (
    PlanhatError,
    PlanhatRejected,
    PlanhatThrottled,
    PlanhatUnauthorized,
    PlanhatUnavailable,
)
from planhat_client.protocol import Delivered, Halt, Partial, Reject, Request, Response, Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from planhat_client.protocol import Answer

_ROUND = 100
_MOST_PAGES = 50

Found = TypeVar("Found")
Model = TypeVar("Model", bound=BaseModel)


class Wire(Protocol):
    """Something that sends a request; raises PlanhatUnavailable."""

    async def send(self, request: Request) -> Response:
        """Send once."""

    async def close(self) -> None:
        """Let go of connections."""


class Reader:
    """Asks one thing a call; what is no answer raises PlanhatError."""

    def __init__(
        self, wire: Wire, api_url: str, token: Callable[[], str], secrets: Sequence[str]
    ) -> None:
        """`token` is asked at each request; it and the `secrets` are in no error."""
        self._wire = wire
        self._url = api_url
        self._token = token
        self._secrets = secrets

    async def get(
        self, path: str, find: Callable[[Response], Found | None], asked: bytes = b""
    ) -> Found:
        """Give what `find` finds in the answer; None is no answer.

        `asked`, as JSON, is what an error must not repeat of the question.
        """
        return await self._ask(protocol.get(self._url, self._token(), path), find, asked)

    async def delete(self, path: str, find: Callable[[Response], Found | None]) -> Found:
        """Delete one record, likewise."""
        return await self._ask(protocol.delete(self._url, self._token(), path), find)

    async def pages(self, what: str, size: int, model: type[Model]) -> list[Model]:
        """Read page after page of `size` rows, at most fifty."""
        found: list[Model] = []
        offset = 0
        for _ in range(_MOST_PAGES):
            rows = await self.get(f"{what}?limit={size}&offset={offset}", protocol.rows)
            found += read_rows(rows, model)
            offset += len(rows)
            if is_last(rows):
                break
        return found

    async def _ask(
        self, request: Request, find: Callable[[Response], Found | None], asked: bytes = b""
    ) -> Found:
        response = await self._wire.send(request)
        found = find(response)
        if found is None:
            token = request.headers["Authorization"].removeprefix("Bearer ")
            echo = Echo((token, *self._secrets), asked, of_people=bool(asked))
            raise _error(protocol.read(response, time.time(), echo.cleaned))
        return found


def is_last(rows: Sequence[Any]) -> bool:
    """Tell whether no page follows; one of a round number may be all that a server gives."""
    return not rows or len(rows) % _ROUND > 0


def read_rows(rows: Sequence[Any], model: type[Model]) -> list[Model]:
    """The rows that can be read; one that can't costs only itself."""
    found = []
    for row in rows:
        try:
            found.append(model.model_validate(row))
        except ValidationError:
            continue
    return found


def _error(answer: Answer) -> PlanhatError:
    match answer:
        case Delivered() | Partial():
            return PlanhatUnavailable("the answer is no list")
        case Halt():
            return PlanhatUnauthorized(answer.reason, answer.status)
        case Reject():
            return PlanhatRejected(answer.reason)
        case Retry(status=429):
            return PlanhatThrottled(answer.reason, answer.retry_after)
        case Retry():
            return PlanhatUnavailable(answer.reason, answer.retry_after)
