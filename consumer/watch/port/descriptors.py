"""How many files and sockets the process may have open, and how many of them are for callers."""

from __future__ import annotations

import resource
from contextlib import suppress
from typing import Final

_ENOUGH: Final = 65_536
_MOST_CONNECTIONS: Final = 4096
_SHARE: Final = 4
_LEAST_CONNECTIONS: Final = 8


def raise_limit() -> None:
    """Take as many as we are allowed to, up to what is enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # then it is as it was
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def most_connections() -> int:
    """Connections of callers: a quarter at most, so that Kafka and Planhat always have theirs."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return share(soft)


def share(limit: int) -> int:
    """Of so many descriptors; a negative number is no limit."""
    if limit < 0:
        return _MOST_CONNECTIONS
    return max(_LEAST_CONNECTIONS, min(_MOST_CONNECTIONS, limit // _SHARE))
