"""A Kafka record as it was read, where it lies, and what its timestamp tells. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

Header: TypeAlias = tuple[str, bytes | None]
"""Of a record: Kafka lets a value be null, and a name come twice."""

Headers: TypeAlias = tuple[Header, ...]

_HEADER: Final = 160
"""Bytes that a header takes beside its own."""


class Partition(NamedTuple):
    """A partition of a topic."""

    topic: str
    number: int


class Record:
    """One Kafka record as it was read.

    `timestamp` is what it carries, which may be anything; `since` is when Kafka appended it if the
    topic has it say so, else when we read it. Both in seconds since 1970.
    `fault` says why it can't be used as it was read: then the rest of it is there as far as it
    could be had. A whole batch that can't be read is one such record, at its first offset.
    """

    __slots__ = ("fault", "headers", "key", "offset", "partition", "since", "timestamp", "value")

    def __init__(  # noqa: PLR0913, PLR0917 - what Kafka tells of it
        self,
        partition: Partition,
        offset: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        timestamp: float = 0.0,
        since: float | None = None,
        fault: str | None = None,
    ) -> None:
        """`key` and `value` are as they lie in the topic; without `since` the timestamp is it."""
        self.partition = partition
        self.offset = offset
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp = timestamp
        self.since = timestamp if since is None else since
        self.fault = fault

    def __repr__(self) -> str:
        """Where it lies; what is in it may be personal."""
        return f"<Record {self.partition.topic}/{self.partition.number} at {self.offset}>"

    @property
    def size(self) -> int:
        """Bytes it holds in memory while it is unresolved."""
        size = len(self.value or b"") + len(self.key or b"") + 256
        for name, value in self.headers:
            size += len(name) + len(value or b"") + _HEADER
        return size


Positions = dict["Partition", tuple[int, str]]


_LAST: Final = 253_402_300_799_000
"""The last second of the year 9999, in milliseconds: no calendar goes further."""


def seconds(milliseconds: int) -> float:
    """Since 1970, within 1970 to 9999; that there is none (-1) is 1970, too."""
    if 0 <= milliseconds <= _LAST:
        return milliseconds / 1000
    return 0.0 if milliseconds < 0 else _LAST / 1000
