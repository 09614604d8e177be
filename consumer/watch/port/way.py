"""The way back to a caller: what no answer of ours is, and tells too much, does not go it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import asyncio
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


class Way:
    """A transport on which what is no answer of ours (`is_ours`) is replaced: it tells too much."""

    def __init__(
        self,
        transport: asyncio.Transport,
        note: Callable[[str], None],
        wrote: Callable[[], None],
    ) -> None:
        """Nothing is written yet; `wrote` is told whenever something was."""
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

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a transport has
        """All else is done by the transport itself."""
        return getattr(self._transport, name)


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
