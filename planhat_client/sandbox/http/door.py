"""The way of a request through quota, token, faults and latency, and of its answer back."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from base64 import b64decode
from binascii import Error as NotBase64
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from random import Random
from typing import TYPE_CHECKING, Final

from aiohttp import web

from planhat_client.sandbox.answers import Reply, json_reply
from planhat_client.sandbox.faults import Switch, faulty
from planhat_client.sandbox.witness import ACTIVITIES

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from planhat_client.sandbox.sandbox import Sandbox
    from planhat_client.sandbox.work import Work

    Operation: TypeAlias = Callable[[web.Request, bytes], Work]

_LOOK_SECONDS: Final = 0.02
_TRICKLE_PIECES: Final = 10
_RESET_AT_CLOSE: Final = struct.pack("ii", 1, 0)
_DROPPED: Final = frozenset({"reset", "reset_after_write", "timeout"})


@dataclass(slots=True)
class _Call:
    """What is logged of a request; status 0 means that no answer was sent."""

    resource: str
    started: float
    hit: Switch | None = None
    items: int = 0
    status: int = 0


class Door:
    """Lets requests in. `in_flight` counts those that are not answered yet."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.in_flight = 0
        self.closing = asyncio.Event()
        self._dice = Random(sandbox.options.latency.seed)

    async def answer(
        self, resource: str, operate: Operation, request: web.Request
    ) -> web.StreamResponse:
        """Answer a request."""
        sandbox, call = self.sandbox, _Call(resource, time.monotonic())
        # The analytics host has no quota and wants no token.
        quota, counted = sandbox.quota, resource != ACTIVITIES
        self.in_flight += 1
        quota.parallel += counted
        sandbox.witness.max_in_flight = max(sandbox.witness.max_in_flight, self.in_flight)
        try:
            is_throttled = counted and not quota.arrive(call.started)
            if is_throttled:
                reply = json_reply("Too many requests", 429)
            elif counted and not _is_authorized(request, sandbox.tokens):
                reply = json_reply("Unauthorized", 401)
            else:
                reply = await self._worked(request, operate, call)
            headers = quota.headers(call.started, is_throttled=is_throttled) if counted else {}
            return await self._sent(request, reply, call, headers)
        finally:
            self.in_flight -= 1
            quota.parallel -= counted
            sandbox.witness.request(
                {
                    "sequence": 0,
                    "at": time.time(),
                    "resource": resource,
                    "method": request.method,
                    "path": request.raw_path,
                    "status": call.status,
                    "items": call.items,
                    "seconds": time.monotonic() - call.started,
                    "fault": call.hit.fault.kind if call.hit else None,
                }
            )

    async def _worked(self, request: web.Request, operate: Operation, call: _Call) -> Reply:
        body = await request.read()
        hit = call.hit = self.sandbox.faults.choose(
            call.resource, request.method, call.started, body
        )
        if hit is not None and not hit.fault.takes_effect:
            if hit.fault.kind == "timeout":
                await self._until_left(request)
            return faulty(hit.fault, None)
        work = operate(request, body)
        call.items = work.size
        try:
            # Without latency nothing comes between the two steps.
            if seconds := self._latency(work.size, hit):
                await asyncio.sleep(seconds)
            reply = work.finish(hit)
        finally:
            work.release()
        if hit is not None and hit.fault.kind == "timeout":
            await self._until_left(request)
        return faulty(hit.fault, reply) if hit else reply

    def _latency(self, size: int, hit: Switch | None) -> float:
        latency, slower = self.sandbox.options.latency, 0.0
        if hit is not None and hit.fault.kind == "slow":
            slower = hit.fault.delay_seconds
        jitter = latency.jitter_seconds * self._dice.random()
        return latency.fixed_seconds + latency.per_item_seconds * size + jitter + slower

    async def _until_left(self, request: web.Request) -> None:
        """Wait until the client gives up; aiohttp tells no event of it."""
        while not has_left(request) and not self.closing.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self.closing.wait()

    async def _sent(
        self, request: web.Request, reply: Reply, call: _Call, headers: dict[str, str]
    ) -> web.StreamResponse:
        fault = call.hit.fault if call.hit else None
        if fault and fault.kind in _DROPPED:
            _reset(request)
            return web.Response()
        call.status = reply.status
        headers = (headers if "Retry-After" not in reply.headers else {}) | reply.headers
        if skew := self.sandbox.options.clock_skew_seconds:
            headers["Date"] = formatdate(time.time() + skew, usegmt=True)
        if fault and fault.kind == "trickle":
            return await _trickled(request, reply, headers, fault.delay_seconds)
        return web.Response(
            body=reply.body, status=reply.status, content_type=reply.content_type, headers=headers
        )


def has_left(request: web.Request) -> bool:
    """Tell whether the client has closed its connection."""
    transport = request.transport
    return transport is None or transport.is_closing()


def _is_authorized(request: web.Request, tokens: frozenset[str]) -> bool:
    scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Basic":
        try:
            credential = b64decode(credential, validate=True).decode()
        except (NotBase64, UnicodeDecodeError):
            return False
        credential, colon, _ = credential.partition(":")
        credential = credential if colon else ""
    elif scheme != "Bearer":
        return False
    return credential in tokens if tokens else bool(credential)


def _reset(request: web.Request) -> None:
    """Drop the connection so that the client sees a reset, not an end."""
    transport = request.transport
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
    transport.abort()


async def _trickled(
    request: web.Request, reply: Reply, headers: dict[str, str], seconds: float
) -> web.StreamResponse:
    """Send an answer in small pieces, all of it within about `seconds`."""
    response = web.StreamResponse(status=reply.status, headers=headers)
    response.content_type = reply.content_type
    response.content_length = len(reply.body)
    await response.prepare(request)
    size = max(1, -(-len(reply.body) // _TRICKLE_PIECES))
    for start in range(0, len(reply.body), size):
        with suppress(ConnectionError):
            await response.write(reply.body[start : start + size])
        await asyncio.sleep(seconds / _TRICKLE_PIECES)
    return response
