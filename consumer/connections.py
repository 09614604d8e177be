"""Who is connected to the service's port: how many, for how long, and with how much to say.

A connection serves one request. So a healthy one is young, and room is made by ending the oldest:
whoever says nothing, or drips, never keeps a probe out.
"""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD_SECONDS: Final = 5.0
WHOLE_SECONDS: Final = 30.0
LONGEST_HEAD: Final = 32 * 1024
_READ: Final = 16 * 1024
_ATTEMPTS: Final = 64
_WAITING: Final = 4096
_END_OF_HEAD: Final = b"\r\n\r\n"
SECURITY: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers that keep pages from being stored, framed into code, or guessed at."""


class Connections:
    """All that are open. The owner of their number."""

    def __init__(
        self,
        protocol: Callable[[], asyncio.Protocol],
        most: int,
        note: Callable[[str], None],
    ) -> None:
        """Let `protocol` speak; `note` is told why one was ended, or a request not understood."""
        self.protocol = protocol
        self.note = note
        self.buffer = bytearray(_READ)
        self._most = most
        self._open: dict[Connection, None] = {}  # the oldest first
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that is listened at; 0 while none is."""
        sockets = self._server.sockets if self._server is not None else ()
        return int(sockets[0].getsockname()[1]) if sockets else 0

    async def listen(self, **where: Any) -> None:  # noqa: ANN401 - of asyncio's create_server
        """Accept connections; raises OSError."""
        loop = asyncio.get_running_loop()
        # So few at once that who sends its request with them is read before they are too many.
        self._server = await loop.create_server(
            lambda: Connection(self), backlog=_ATTEMPTS, **where
        )
        for one in self._server.sockets:
            _let_wait(one.fileno())

    def close(self) -> None:
        """Accept no more."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def abort(self) -> None:
        """End all that are left."""
        for one in list(self._open):
            one.end()

    def add(self, connection: Connection) -> None:
        """Take one in; the oldest that has not asked yet makes room for it, else the oldest."""
        if len(self._open) >= self._most:
            silent = (one for one in self._open if not one.has_asked)
            next(silent, next(iter(self._open))).end("too many connections")
        self._open[connection] = None

    def remove(self, connection: Connection) -> None:
        """It is over."""
        self._open.pop(connection, None)


class Connection(asyncio.BufferedProtocol):
    """One of them, between the socket and the protocol that speaks HTTP.

    Whatever is read goes through one small buffer of all, so that a silent or slow one holds next
    to nothing; the protocol is not even made before there is something to read.
    """

    def __init__(self, all_of_them: Connections) -> None:
        """Nothing is connected yet."""
        self.has_asked = False
        self._all = all_of_them
        self._protocol: asyncio.Protocol | None = None
        self._way: Way | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._head = 0
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request, but not for long."""
        self._way = Way(cast("asyncio.Transport", transport), self._all.note)
        self._timer = self._later(HEAD_SECONDS)
        self._all.add(self)

    def get_buffer(self, _sizehint: int) -> bytearray:
        """What is read is given on before anything else is read."""
        return self._all.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Give on what came."""
        data = bytes(self._all.buffer[:nbytes])
        if not self.has_asked and not self._is_head_well(data):
            return
        self._spoken_to().data_received(data)

    def eof_received(self) -> bool | None:
        """Who has said all may still read."""
        return self._protocol.eof_received() if self._protocol is not None else None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._all.remove(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._protocol is not None:
            self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """The other side does not read."""
        if self._protocol is not None:
            self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """The other side reads again."""
        if self._protocol is not None:
            self._protocol.resume_writing()

    def end(self, why: str = "") -> None:
        """End it now, whatever is under way."""
        self._all.remove(self)
        if why:
            self._all.note(why)
        if self._way is not None:
            self._way.abort()

    def _spoken_to(self) -> asyncio.Protocol:
        if self._protocol is None:
            assert self._way is not None  # noqa: S101 - nothing is read before it is connected
            self._protocol = self._all.protocol()
            self._protocol.connection_made(self._way)
        return self._protocol

    def _is_head_well(self, data: bytes) -> bool:
        """Look for the end of the head of the request."""
        self._head += len(data)
        if _END_OF_HEAD in self._tail + data:
            self.has_asked = True
            assert self._timer is not None  # noqa: S101 - set when it was connected
            self._timer.cancel()
            self._timer = self._later(WHOLE_SECONDS)
        elif self._head > LONGEST_HEAD:
            self.end("head too large")
            return False
        self._tail = data[1 - len(_END_OF_HEAD) :]
        return True

    def _later(self, seconds: float) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, self._expire)

    def _expire(self) -> None:
        # Browsers connect ahead of what they may ask for: that is no news.
        self.end("too slow" if self._head else "")


class Way(asyncio.Transport):
    """The way back. What is no answer of ours (`is_ours`) is replaced by one that tells less."""

    def __init__(self, transport: asyncio.Transport, note: Callable[[str], None]) -> None:
        """Nothing is written yet."""
        super().__init__()
        self.is_ours = False
        self._transport = transport
        self._note = note

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write to the other side."""
        if self.is_ours or bytes(data[:12]).endswith(b" 100"):
            self._transport.write(data)
        elif not self._transport.is_closing():
            self._note("not understood")
            self._transport.write(_NOT_UNDERSTOOD)
            self._transport.close()

    def writelines(self, list_of_data: Any) -> None:  # noqa: ANN401 - asyncio's interface
        """Write several pieces."""
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        """Close it when all is written."""
        self._transport.close()

    def abort(self) -> None:
        """Close it at once."""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Tell whether it is about to be closed."""
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def is_reading(self) -> bool:
        """Tell whether what comes is read."""
        return self._transport.is_reading()

    def get_write_buffer_size(self) -> int:
        """Bytes that the other side did not take yet."""
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - likewise
        """Tell of the socket."""
        return self._transport.get_extra_info(name, default)


def _let_wait(number: int) -> None:
    """Let more wait at a socket than are accepted at once: a refused one tries again in 1 s."""
    with socket.socket(fileno=os.dup(number)) as same:
        same.listen(_WAITING)


def _whole(status: str, text: str) -> bytes:
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(text)),
        "Connection": "close",
        **SECURITY,
    }
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", text]).encode()


_NOT_UNDERSTOOD: Final = _whole("400 Bad Request", "That is no HTTP request.\n")
