"""Who is connected to the service's port: how many, for how long, and with how much to say.

A connection serves one request. So a healthy one is young, and room is made by ending the oldest
of those that say nothing, or of those that say something: neither ever keeps a probe out. Who says
nothing is a bare socket: to take it in costs a tenth of what asyncio's own server would.
"""

from __future__ import annotations

import asyncio
import socket
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
        """Let `protocol` speak with them.

        At most `most` say nothing yet, which costs a socket each, and an eighth as many say
        something. `note` is told why one was ended, or that a request was not understood.
        """
        self.protocol = protocol
        self.note = note
        self.buffer = bytearray(_READ)
        self._most_silent = most
        self._most_speaking = max(_LEAST_SPEAKING, most // _SPEAKING_SHARE)
        self._silent: dict[socket.socket, float] = {}  # until when, the oldest first
        self._speaking: dict[Connection, None] = {}  # likewise
        self._listening: list[socket.socket] = []
        self._joining: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.TimerHandle | None = None

    @property
    def port(self) -> int:
        """The port that is listened at; 0 while none is."""
        return int(self._listening[0].getsockname()[1]) if self._listening else 0

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
        for connection in list(self._speaking):
            connection.end()

    def add(self, connection: Connection) -> None:
        """It says something; the oldest that is slow to ask makes room for it, else the oldest.

        Who came just now had no chance to ask yet: of a burst, each would end the one before.
        """
        if len(self._speaking) >= self._most_speaking:
            now = loop_time()
            slow = (one for one in self._speaking if one.is_slow(now))
            next(slow, next(iter(self._speaking))).end(_TOO_MANY)
        self._speaking[connection] = None

    def remove(self, connection: Connection) -> None:
        """It is over."""
        self._speaking.pop(connection, None)

    def bound_unsent(self, newest: Connection) -> None:
        """Who does not read its answer makes room for the next one's, the oldest first."""
        if not newest.unsent:
            return
        excess = sum(one.unsent for one in self._speaking) - MOST_UNSENT
        for one in [one for one in self._speaking if one.unsent and one is not newest]:
            if excess <= 0:
                return
            excess -= one.unsent
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
                loop.call_later(_BREATH_SECONDS, self._go_on, listener)
                return
            one.setblocking(False)
            if len(self._silent) >= self._most_silent:
                self._end_oldest()
            self._silent[one] = until
            if self._sweeping is None:
                self._sweeping = loop.call_later(_SWEEP_SECONDS, self._sweep)
            loop.add_reader(one, self._spoken, one)

    def _go_on(self, listener: socket.socket) -> None:
        if listener in self._listening:
            asyncio.get_running_loop().add_reader(listener, self._accept, listener)

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
        task = loop.create_task(self._join(one, until))
        self._joining.add(task)
        task.add_done_callback(self._joining.discard)

    async def _join(self, one: socket.socket, until: float) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: Connection(self, until), one
            )
        except OSError:
            one.close()

    def _sweep(self) -> None:
        """End those that said nothing for too long: browsers do so, it is no news.

        It rests while nobody is silent.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        for one in [one for one, until in self._silent.items() if until <= now]:
            del self._silent[one]
            _close(one)
        self._sweeping = loop.call_later(_SWEEP_SECONDS, self._sweep) if self._silent else None


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
    """One of them, between the socket and the protocol that speaks HTTP.

    Whatever is read goes through one small buffer of all, so that a slow one holds next to nothing.
    """

    def __init__(self, all_of_them: Connections, until: float) -> None:
        """The head of its request is to be there at `until`."""
        self._until = until
        self._has_asked = False
        self._all = all_of_them
        self._protocol: asyncio.Protocol | None = None
        self._way: Way | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._head = 0
        self._tail = b""

    def is_slow(self, now: float) -> bool:
        """Whether it could have asked by now, and has not."""
        return not self._has_asked and now > self._until - HEAD_SECONDS + _GRACE_SECONDS

    @property
    def unsent(self) -> int:
        """Bytes of its answer that the other side did not take yet."""
        return self._way.get_write_buffer_size() if self._way is not None else 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request, but not for long."""
        self._way = Way(cast("asyncio.Transport", transport), self._all.note, self._wrote)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(self._until, self.end, _TOO_SLOW)
        self._all.add(self)

    def get_buffer(self, _sizehint: int) -> bytearray:
        """What is read is given on before anything else is read."""
        return self._all.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Give on what came."""
        data = bytes(self._all.buffer[:nbytes])
        if not self._has_asked and not self._is_head_well(data):
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

    def _wrote(self) -> None:
        self._all.bound_unsent(self)

    def _spoken_to(self) -> asyncio.Protocol:
        if self._protocol is None:
            assert self._way is not None  # noqa: S101 - nothing is read before it is connected
            self._protocol = self._all.protocol()
            self._protocol.connection_made(self._way)
        return self._protocol

    def _is_head_well(self, data: bytes) -> bool:
        """Look for the end of the head of the request; blank lines before it are none."""
        if self._head == 0:
            data = data.lstrip(_BLANK)
        self._head += len(data)
        if _END_OF_HEAD in self._tail + data:
            self._has_asked = True
            assert self._timer is not None  # noqa: S101 - set when it was connected
            self._timer.cancel()
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(WHOLE_SECONDS, self.end, _TOO_SLOW)
        elif self._head > LONGEST_HEAD:
            self.end("head too large")
            return False
        self._tail = data[1 - len(_END_OF_HEAD) :]
        return True
