"""The file of a receipt: for its owner alone, each line safe on the disk before we go on."""

from __future__ import annotations

import fcntl
import os
import secrets
import stat
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from consumer.forget.receipt import HOW, NoReceipt, Past, digest, line, past

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.forget.names import Name

STDOUT: Final = "-"
_SALT_BYTES: Final = 16
_LARGEST: Final = 64 << 20


class Receipt:
    """Written as it goes. Without a file its lines are printed, or (a dry run) only read."""

    def __init__(self, handle: int | None, before: Past) -> None:
        """`handle` of an open file; None writes nothing."""
        self._handle = handle
        self._digests: dict[Name, str] = {}
        self.past = before

    def begin(self, **told: Any) -> None:  # noqa: ANN401 - any JSON
        """Say who asked, when, and how digests are made."""
        self.note("begun", receipt=1, **told, salt=self.past.salt.hex(), digests=HOW)

    def note(self, event: str, **told: Any) -> None:  # noqa: ANN401 - any JSON
        """Write a line; raises OSError if it is not safe."""
        if self._handle is None:
            return
        text = line(event, time.time(), **told).encode("utf-8", "replace")
        while text:
            text = text[os.write(self._handle, text) :]
        if self._handle != sys.__stdout__.fileno():  # type: ignore[union-attr]
            os.fsync(self._handle)

    def digest(self, name: Name) -> str:
        """What stands for a name here; each is reckoned once."""
        if name not in self._digests:
            self._digests[name] = digest(name, self.past.salt)
        return self._digests[name]


@contextmanager
def opened(path: str | None, *, reads_only: bool) -> Iterator[Receipt]:
    """Open it, go on with what is there; raises NoReceipt and OSError."""
    salt = secrets.token_bytes(_SALT_BYTES)
    if path is None or (path == STDOUT and reads_only):
        yield Receipt(None, Past(salt))
        return
    if path == STDOUT:
        yield Receipt(sys.stdout.fileno(), Past(salt))
        return
    if reads_only and not os.path.lexists(path):
        yield Receipt(None, Past(salt))
        return
    flags = os.O_RDONLY if reads_only else os.O_RDWR | os.O_CREAT | os.O_APPEND
    handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    try:
        text = _content(handle)
        if text and not text.endswith("\n") and not reads_only:
            os.write(handle, b"\n")  # what a crash tore stays a line of its own
        yield Receipt(None if reads_only else handle, past(text, salt))
    finally:
        os.close(handle)


def _content(handle: int) -> str:
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        raise NoReceipt("is no file")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise NoReceipt("is in use by another run") from None
    with os.fdopen(os.dup(handle), "rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise NoReceipt(f"is larger than {_LARGEST >> 20} MiB: begin another")
    return content.decode("utf-8", "replace")
