"""Who is connected to the service's port: how many, for how long, and with how much to say.

A connection serves one request. So a healthy one is young, and room is made by ending the oldest
of those that say nothing, or of those that say something: neither ever keeps a probe out. Who says
nothing is a bare socket: to take it in costs a tenth of what asyncio's own server would.
"""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from consumer.clock import loop_time
from consumer.watch.port.way import Way

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD_SECONDS: Final = 5.0
WHOLE_SECONDS: Final = 30.0
LONGEST_HEAD: Final = 32 * 1024
MOST_UNSENT: Final = 8 * 1024 * 1024
_KERNEL_TAKES: Final = 64 * 1024
_READ: Final = 16 * 1024
_AT_ONCE: Final = 256
_WAITING: Final = 4096
_SPEAKING_SHARE: Final = 8
_LEAST_SPEAKING: Final = 8
_SWEEP_SECONDS: Final = 0.5
_BREATH_SECONDS: Final = 0.1
_GRACE_SECONDS: Final = 1.0
_TOO_MANY: Final = "too many connections"
_TOO_SLOW: Final = "too slow"
_END_OF_HEAD: Final = b"\r\n\r\n"
_BLANK: Final = b"\r\n"


class Connections:
    """All that are open. The owner of their number."""

    def __init__(
        self,
        protocol: Callable[[], asyncio.Protocol],
        most: int,
        note: Callable[[str], None],
    ) -> None:
        """Let `protocol` speak with them; `note` is told why one was ended, or not understood.

        At most `most` say nothing yet, a socket each, and an eighth as many say something.
        """
        self.protocol = protocol
        self.note = note
        self.buffer = bytearray(_READ)
        self._most_silent = most
        self._most_speaking = max(_LEAST_SPEAKING, most // _SPEAKING_SHARE)
        self._silent: dict[socket.socket, float] = {}  # until when, the oldest first
        self.speaking: dict[Connection, None] = {}  # likewise
        self._listening: list[socket.socket] = []
        self._joining: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    def listen(self, sockets: list[socket.socket]) -> None:
        """Accept connections at bound sockets, which are ours from now on."""
        self._listening = sockets
        for one in sockets:
            one.setblocking(False)
            # What the kernel keeps of an answer counts for the pod's memory, and we do not see it.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_TAKES)
            one.listen(_WAITING)
            asyncio.get_running_loop().add_reader(one, self._accept, one)

    def close(self) -> None:
        """Accept no more."""
        for one in self._listening:
            _close(one)
        self._listening = []

    def abort(self) -> None:
        """End all that are left."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for one in self._silent:
            _close(one)
        self._silent.clear()
        for task in self._joining:
            task.cancel()
        for connection in list(self.speaking):
            connection.end()

    def add(self, connection: Connection) -> None:
        """It says something; the oldest that is slow to ask makes room for it, else the oldest.

        Who came just now had no chance to ask yet: of a burst, each would end the one before.
        """
        if len(self.speaking) >= self._most_speaking:
            now = loop_time()
            since = now + HEAD_SECONDS - _GRACE_SECONDS
            slow = (one for one in self.speaking if not one.has_asked and one.until < since)
            next(slow, next(iter(self.speaking))).end(_TOO_MANY)
        self.speaking[connection] = None

    def bound_unsent(self, newest: Connection) -> None:
        """Who does not read its answer makes room for the next one's, the oldest first."""
        if not newest.way.get_write_buffer_size():
            return
        unsent = {one: one.way.get_write_buffer_size() for one in self.speaking}
        excess = sum(unsent.values()) - MOST_UNSENT
        for one, size in unsent.items():
            if excess <= 0:
                return
            if size and one is not newest:
                excess -= size
                one.end(_TOO_SLOW)

    def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + HEAD_SECONDS
        for _ in range(_AT_ONCE):
            try:
                one, _address = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # no descriptors are left
                self._end_oldest()
                loop.remove_reader(listener)
                loop.call_later(_BREATH_SECONDS, _go_on, listener, self._accept)
                return
            one.setblocking(False)
            if len(self._silent) >= self._most_silent:
                self._end_oldest()
            self._silent[one] = until
            if self._sweeping is None:
                self._sweeping = loop.call_later(_SWEEP_SECONDS, self._sweep)
            loop.add_reader(one, self._spoken, one)

    def _end_oldest(self) -> None:
        if self._silent:
            oldest = next(iter(self._silent))
            del self._silent[oldest]
            _close(oldest)
        self.note(_TOO_MANY)

    def _spoken(self, one: socket.socket) -> None:
        until = self._silent.pop(one)
        if _has_left(one):
            _close(one)
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(one)
        task = loop.create_task(_join(self, one, until))
        self._joining.add(task)
        task.add_done_callback(self._joining.discard)

    def _sweep(self) -> None:
        """End those that said nothing for too long: browsers do so, it is no news."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for one in [one for one, until in self._silent.items() if until <= now]:
            del self._silent[one]
            _close(one)
        self._sweeping = loop.call_later(_SWEEP_SECONDS, self._sweep) if self._silent else None


def _go_on(listener: socket.socket, accept: Callable[[socket.socket], None]) -> None:
    if listener.fileno() >= 0:  # it was not closed meanwhile
        asyncio.get_running_loop().add_reader(listener, accept, listener)


async def _join(connections: Connections, one: socket.socket, until: float) -> None:
    loop = asyncio.get_running_loop()
    try:
        await loop.connect_accepted_socket(lambda: Connection(connections, until), one)
    except OSError:
        one.close()


def _has_left(one: socket.socket) -> bool:
    try:
        return not one.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _close(one: socket.socket) -> None:
    asyncio.get_running_loop().remove_reader(one)
    one.close()


class Connection(asyncio.BufferedProtocol):
    """One, between the socket and the protocol that speaks HTTP; all share one read buffer."""

    way: Way
    _timer: asyncio.TimerHandle

    def __init__(self, connections: Connections, until: float) -> None:
        """The head of its request must be there at `until`."""
        self.until = until
        self.has_asked = False
        self._all = connections
        self._protocol = connections.protocol()
        self._head = 0
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request, but not for long."""
        wrote = partial(self._all.bound_unsent, self)
        self.way = Way(cast("asyncio.Transport", transport), self._all.note, wrote)
        self._timer = asyncio.get_running_loop().call_at(self.until, self.end, _TOO_SLOW)
        self._all.add(self)
        self._protocol.connection_made(cast("asyncio.Transport", self.way))

    def get_buffer(self, _sizehint: int) -> bytearray:
        """What is read is given on before anything else is read."""
        return self._all.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Give on what came, and look for the end of the head of the request."""
        data = bytes(self._all.buffer[:nbytes])
        if not self.has_asked:
            # Blank lines before the head do not count.
            head = data if self._head else data.lstrip(_BLANK)
            self._head += len(head)
            if _END_OF_HEAD in self._tail + head:
                self.has_asked = True
                self._timer.cancel()
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(WHOLE_SECONDS, self.end, _TOO_SLOW)
            elif self._head > LONGEST_HEAD:
                self.end("head too large")
                return
            self._tail = head[1 - len(_END_OF_HEAD) :]
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        """Who has said all may still read."""
        return self._protocol.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._all.speaking.pop(self, None)
        self._timer.cancel()
        self._protocol.connection_lost(exc)

    def pause_writing(self) -> None:
        """The other side does not read."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """The other side reads again."""
        self._protocol.resume_writing()

    def end(self, why: str = "") -> None:
        """End it now, whatever is under way."""
        self._all.speaking.pop(self, None)
        if why:
            self._all.note(why)
        self.way.abort()
