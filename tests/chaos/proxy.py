"""A TCP proxy between the service and what it talks to, that does what networks do."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

_CHUNK = 64 * 1024


@dataclass
class Weather:
    """What happens to bytes now; changed while the proxy runs.

    `delay_seconds` before each chunk is passed on. `swallows`: nothing is passed on, and nobody is
    told (half-open, a cable that was pulled). `refuses`: new connections are reset at once.
    `answer_bytes`: connections are reset after so many bytes of answers (a truncated answer).
    """

    delay_seconds: float = 0.0
    swallows: bool = False
    refuses: bool = False
    answer_bytes: int | None = None


class Proxy:
    """Listens on `at`, or a free port, of the loopback address and passes on to `host`:`port`."""

    def __init__(self, host: str, port: int, at: int = 0) -> None:
        """Fair weather."""
        self.weather = Weather()
        self._at = at
        self.connections = 0
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._at)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.reset_all()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def reset_all(self) -> None:
        """Reset every open connection."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        if self.weather.refuses:
            writer.transport.abort()
            return
        with suppress(OSError, asyncio.CancelledError):
            there, onward = await asyncio.open_connection(*self._target)
            self._writers |= {writer, onward}
            try:
                async with asyncio.TaskGroup() as ways:
                    ways.create_task(self._pass_on(reader, onward, is_answer=False))
                    ways.create_task(self._pass_on(there, writer, is_answer=True))
            finally:
                for one in (writer, onward):
                    self._writers.discard(one)
                    one.transport.abort()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        passed = 0
        with suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                if self.weather.delay_seconds:
                    await asyncio.sleep(self.weather.delay_seconds)
                if self.weather.swallows:
                    continue
                most = self.weather.answer_bytes
                if is_answer and most is not None and passed + len(chunk) > most:
                    writer.write(chunk[: max(0, most - passed)])
                    await writer.drain()
                    self.reset_all()
                    return
                passed += len(chunk)
                writer.write(chunk)
                await writer.drain()
            writer.write_eof()
