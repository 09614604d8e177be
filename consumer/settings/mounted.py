"""Reads small files at paths that people give: in bounded memory and time, whatever lies there."""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK: Final = 1 << 16


def mounted(path: Path, most: int, seconds: float = 0.0) -> bytes:
    """Return the content, or its first `most` bytes; raises OSError.

    A pipe that nobody writes to is empty; for one that is being written, so long is waited.
    """
    until = time.monotonic() + seconds
    found = bytearray()
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        while len(found) < most:
            try:
                piece = os.read(handle, min(_CHUNK, most - len(found)))
            except BlockingIOError:
                left = until - time.monotonic()
                if left > 0 and _is_ready(handle, left):
                    continue
                return bytes(found)
            if not piece:
                break
            found += piece
    finally:
        os.close(handle)
    return bytes(found)


def _is_ready(handle: int, seconds: float) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
