"""Callers that never end what they begin.

    python -m tests.integration.hostile_callers PORT SILENT SLOW LENGTH FIRST

So many SILENT ones, and so many SLOW ones that send FIRST bytes of LENGTH and then drip.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import sys
from contextlib import suppress

HEAD = (
    b"POST /api/explain HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n"
)


async def silent(port: int, count: int) -> None:
    """Hold so many open that say nothing; whoever is ended comes again, 500 a second."""
    held: list[socket.socket] = []
    try:
        for _ in range(count // 100):
            held += [_connecting(port) for _ in range(100)]
            await asyncio.sleep(0.03)
        while True:
            held = [one for one in held if _is_open(one)]
            held += [_connecting(port) for _ in range(min(count - len(held), 250))]
            await asyncio.sleep(0.5)
    finally:
        for one in held:
            one.close()


def _connecting(port: int) -> socket.socket:
    one = socket.socket()
    one.setblocking(False)
    one.connect_ex(("127.0.0.1", port))
    return one


def _is_open(one: socket.socket) -> bool:
    try:
        is_open = bool(one.recv(1))
    except BlockingIOError:
        return True
    except OSError:
        is_open = False
    if not is_open:
        one.close()
    return is_open


async def drip(port: int, length: int, first: int = 1) -> None:
    """Begin to send a body, and go on a byte at a time; again and again."""
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(HEAD % length + b" " * first)
                while not reader.at_eof():
                    writer.write(b" ")
                    with suppress(TimeoutError):
                        async with asyncio.timeout(0.5):
                            await reader.read(1000)
            finally:
                writer.transport.abort()
        await asyncio.sleep(2)


async def main(port: int, silent_ones: int, slow_ones: int, length: int, first: int) -> None:
    print("begun", flush=True)  # noqa: T201 - for whoever waits for it
    slow = [drip(port, length, first) for _ in range(slow_ones)]
    await asyncio.gather(silent(port, silent_ones), *slow)


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(main(*map(int, sys.argv[1:])))
