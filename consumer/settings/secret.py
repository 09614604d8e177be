"""Secrets that may be rotated while the service runs, and how mounted files are read."""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import CoreSchema, core_schema

from schemas.shown import shown_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CHUNK: Final = 1 << 16


def mounted(path: Path, most: int, seconds: float = 0.0) -> bytes:
    """Return the content, or its first `most` bytes, whatever lies there; raises OSError.

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
                if left > 0 and select.select([handle], [], [], left)[0]:
                    continue
                return bytes(found)
            if not piece:
                break
            found += piece
    finally:
        os.close(handle)
    return bytes(found)


_LONGEST: Final = 64 * 1024


class Unusable(ValueError):
    """The text can't be a secret; the message says why and holds nothing of it."""


class TokenSource:
    """Give the secret as it is now: `source()`.

    A file is read at each call. It is small and calls are few, and so every way of replacing it is
    noticed, the swapped `..data` link of Kubernetes too. What can't be read or used while the
    service runs (a file in the middle of its replacement) leaves the last good value.
    """

    __slots__ = ("_last", "_news", "_path", "_told", "_trouble")

    def __init__(self, text: str = "", path: Path | None = None) -> None:
        """Raise Unusable or OSError if there is no usable secret at the start."""
        self._path = path
        self._told: list[Callable[[str], None]] = []
        self._news: list[Callable[[str], None]] = []
        self._trouble = ""
        self._last = usable(text if path is None else _text(path))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: type[Any], _handler: object) -> CoreSchema:
        """Let a settings model hold one, made of a plain text."""
        return core_schema.no_info_plain_validator_function(cls._validated)

    @classmethod
    def _validated(cls, value: object) -> TokenSource:
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls(value)
        raise Unusable("must be a text")

    def __call__(self) -> str:
        """Return the newest usable value."""
        if self._path is not None:
            self._look(self._path)
        return self._last

    def __repr__(self) -> str:
        """Tell where it comes from, never what it is."""
        return f"<TokenSource {self._path or '***'}>"

    def watch(self, told: Callable[[str], None]) -> None:
        """Call `told` with the value, now and with each new one: so that logs can hide it."""
        self._told.append(told)
        told(self._last)

    def follow(self, news: Callable[[str], None]) -> None:
        """Call `news` with "" at each new value; with why it can't be used, once a reason."""
        self._news.append(news)

    def _look(self, path: Path) -> None:
        try:
            found = usable(_text(path))
        except OSError as error:
            self._log_throttled(f"{shown_path(path)}: {error.strerror}")
            return
        except Unusable as error:
            self._log_throttled(f"{shown_path(path)}: the file {error}")
            return
        self._trouble = ""
        if found == self._last:
            return
        self._last = found
        for told in self._told:
            told(found)
        for news in self._news:
            news("")

    def _log_throttled(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            for news in self._news:
                news(trouble)


def usable(text: str) -> str:
    """Return the text stripped; raises Unusable if no HTTP header or SASL message takes it."""
    found = text.strip()
    if not found:
        raise Unusable("is empty")
    if not found.isprintable():
        raise Unusable("must be one line of visible characters")
    return found


def _text(path: Path) -> str:
    try:
        return mounted(path, _LONGEST).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unusable("is no text in UTF-8") from None
