"""The way back to a caller: what no answer of ours is, and tells too much, does not go it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

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


class Way(asyncio.Transport):
    """The way back. What is no answer of ours (`is_ours`) is replaced by one that tells less."""

    def __init__(
        self,
        transport: asyncio.Transport,
        note: Callable[[str], None],
        wrote: Callable[[], None],
    ) -> None:
        """Nothing is written yet; `wrote` is told whenever something was."""
        super().__init__()
        self.is_ours = False
        self._transport = transport
        self._note = note
        self._wrote = wrote

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write to the other side."""
        if self.is_ours or bytes(data[:12]).endswith(b" 100"):
            self._transport.write(data)
            self._wrote()
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
        """Whether it is about to be closed."""
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def get_write_buffer_size(self) -> int:
        """Bytes that the other side did not take yet."""
        return self._transport.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - likewise
        """Tell of the socket."""
        return self._transport.get_extra_info(name, default)


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
