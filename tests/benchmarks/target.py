"""A counting Planhat in a process of its own: as little of HTTP as it takes, bulk answers, latency.

Not the sandbox: that one is true to Planhat in all it refuses, and busier than the service that is
measured. This one takes everything, counts it, and notices when changes of a profile overtake.

`GET /_report` tells what was counted, `DELETE /_report` begins anew.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import selectors
import sys
import time
from collections import Counter, deque
from typing import Any

import orjson

_HEAD_END = b"\r\n\r\n"
_MOST_DELAYS = 500_000
_ON_THE_WAY_SECONDS = 0.5
Item = dict[str, Any]


def bulk_answer(items: list[Item], known: set[str]) -> dict[str, Any]:
    """The documented answer; `known` are the external ids that exist, and is added to."""
    created: list[Item] = []
    updated: list[Item] = []
    for item in items:
        name = str(item.get("externalId") or item.get("email") or item.get("_id"))
        (updated if name in known else created).append({"_id": f"id-{name}", "externalId": name})
        known.add(name)
    return {
        "created": len(created),
        "createdErrors": [],
        "insertsKeys": created,
        "updated": len(updated),
        "updatedErrors": [],
        "updatesKeys": updated,
        "nonupdates": 0,
        "permissionErrors": [],
    }


class Counts:
    """What came in. Times are seconds since 1970, so that processes can compare them."""

    def __init__(self) -> None:
        """Nothing came yet."""
        self.requests: Counter[str] = Counter()
        self.items: Counter[str] = Counter()
        self.refused = 0
        self.overlaps = 0
        self.overtakes = 0
        self.first_at = 0.0
        self.last_at = 0.0
        self.delays: deque[float] = deque(maxlen=_MOST_DELAYS)
        self.versions: dict[str, int] = {}
        self.flying: set[str] = set()
        self.window: deque[float] = deque()
        self.calls: list[float] = []
        """When calls to the main API came."""
        self.told_at = float("inf")
        """When the first 429 was written."""
        self.refused_later = 0
        """Of the refused, those that can't have been on their way by then."""

    def arrived(self, resource: str, items: list[Item]) -> list[str]:
        """Note a request; the names that it holds until it is answered."""
        self.first_at = self.first_at or time.time()
        self.requests[resource] += 1
        self.items[resource] += len(items)
        if resource == "activities":
            return []
        self.calls.append(time.time())
        names = [f"{resource} {item.get('externalId')}" for item in items]
        self.overlaps += len(self.flying.intersection(names))
        self.flying.update(names)
        for name, item in zip(names, items, strict=True):
            version = item.get("custom", {}).get("version", 0)
            self.overtakes += version < self.versions.get(name, 0)
            self.versions[name] = version
        return names

    def answered(self, names: list[str], items: list[Item]) -> None:
        """Note the answer."""
        self.flying.difference_update(names)
        now = self.last_at = time.time()
        for item in items:
            sent = item.get("custom", {}).get("sent", 0)
            if sent:
                self.delays.append(now - sent)

    def report(self) -> dict[str, Any]:
        """All of it as JSON."""
        return {
            "requests": dict(self.requests),
            "items": dict(self.items),
            "refused": self.refused,
            "refused_later": self.refused_later,
            "calls": self.calls,
            "overlaps": self.overlaps,
            "overtakes": self.overtakes,
            "first_at": self.first_at,
            "last_at": self.last_at,
            "delays": list(self.delays),
            "profiles": len(self.versions),
        }


class Target:
    """Latency is fixed, plus a part for each item, plus a random part; `quota` is by the minute."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Nothing came yet."""
        self.options = options
        self.counts = Counts()
        self.known: set[str] = set()
        self.refuses_since = float("inf")

    def latency(self, items: int) -> float:
        """Seconds until the answer."""
        options = self.options
        spread = random.random() * options.jitter_ms if options.jitter_ms else 0.0
        return float((options.latency_ms + options.item_ms * items + spread) / 1000)

    def is_over_quota(self) -> bool:
        """Count a call by the minute; tell whether it is one too many."""
        if not self.options.quota:
            return False
        now, window = time.monotonic(), self.counts.window
        while window and window[0] <= now - 60:
            window.popleft()
        if len(window) >= self.options.quota:
            self.counts.refused += 1
            return True
        window.append(now)
        return False

    def refuses(self) -> bool:
        """Whether it is one of the seconds in which everything is refused; if so, count it."""
        options, counts = self.options, self.counts
        if not options.refused_seconds or sum(counts.requests.values()) < options.refused_after:
            return False
        now = time.monotonic()
        self.refuses_since = min(self.refuses_since, now)
        if now >= self.refuses_since + options.refused_seconds:
            return False
        counts.refused += 1
        counts.refused_later += now > counts.told_at + _ON_THE_WAY_SECONDS
        return True

    def answer(self, resource: str, items: list[Item]) -> bytes:
        """The body of the answer."""
        if resource == "activities":
            return b'{"processed":%d,"errors":[]}' % len(items)
        return orjson.dumps(bulk_answer(items, self.known))

    def read(self, path: str) -> bytes:
        """What a GET brings."""
        if path == "/_report":
            return orjson.dumps(self.counts.report())
        if path.startswith("/leancompanies"):
            rows = [
                {"_id": f"company-{n}", "externalId": f"a-{n}", "name": f"Customer {n}"}
                for n in range(self.options.companies)
            ]
            return orjson.dumps(rows)
        return b"[]"


class Connection(asyncio.Protocol):
    """One keep-alive connection; requests come one after the other on it."""

    def __init__(self, target: Target) -> None:
        """Nothing was read yet."""
        self._target = target
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take all whole requests."""
        self._buffer += data
        while (end := self._buffer.find(_HEAD_END)) >= 0:
            head = bytes(self._buffer[:end])
            start = end + len(_HEAD_END)
            stop = start + _length(head)
            if len(self._buffer) < stop:
                return
            body = bytes(self._buffer[start:stop])
            del self._buffer[:stop]
            method, path, _ = head[: head.find(b"\r\n")].decode().split(" ", 2)
            self._take(method, path, body)

    def _take(self, method: str, path: str, body: bytes) -> None:
        target = self._target
        if method in {"GET", "DELETE"}:
            if method == "DELETE":
                target.counts = Counts()
            self._write(200, target.read(path))
            return
        resource = path[1:].partition("/")[0].replace("analytics", "activities")
        if resource != "activities" and target.is_over_quota():
            self._write(429, b'{"error":"too many requests"}', b"Retry-After: 1\r\n")
            return
        if target.refuses():
            asyncio.get_running_loop().call_later(target.latency(1), self._refuse)
            return
        found = orjson.loads(body)
        items = found if isinstance(found, list) else [found]
        names = target.counts.arrived(resource, items)
        wait = target.latency(len(items))
        if wait:
            asyncio.get_running_loop().call_later(wait, self._answer, resource, items, names)
        else:
            self._answer(resource, items, names)

    def _refuse(self) -> None:
        counts = self._target.counts
        counts.told_at = min(counts.told_at, time.monotonic())
        self._write(429, b'{"error":"too many requests"}')

    def _answer(self, resource: str, items: list[Item], names: list[str]) -> None:
        answer = self._target.answer(resource, items)
        self._target.counts.answered(names, items)
        self._write(200, answer)

    def _write(self, status: int, body: bytes, headers: bytes = b"") -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            head = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\n" % status
            length = b"Content-Length: %d\r\n\r\n" % len(body)
            self._transport.write(b"".join((head, headers, length, body)))


def _length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    start = at + len(b"\r\ncontent-length:")
    stop = head.find(b"\r\n", start)
    return int(head[start : stop if stop >= 0 else len(head)])


async def _serve(options: argparse.Namespace) -> None:
    target = Target(options)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(target), "127.0.0.1", options.port)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def exact_loop() -> asyncio.AbstractEventLoop:
    """Make a loop whose timers keep to a fraction of a millisecond.

    The usual one waits with epoll, in whole milliseconds rounded up: an answer that should take
    0 to 5 ms would be 0.6 ms late. `select` waits in microseconds; it can't watch more than about
    1,000 connections, and no workload has as many.
    """
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=50.0)
    parser.add_argument("--item-ms", type=float, default=0.0)
    parser.add_argument("--jitter-ms", type=float, default=0.0)
    parser.add_argument("--quota", type=int, default=0)
    parser.add_argument("--refused-after", type=int, default=0, help="so many requests")
    parser.add_argument("--refused-seconds", type=float, default=0.0, help="for so long: 429")
    parser.add_argument("--companies", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=exact_loop) as runner:
        runner.run(_serve(_options()))
