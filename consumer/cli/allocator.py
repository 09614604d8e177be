"""How the C library keeps memory that Python has given back."""

from __future__ import annotations

from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
"""Numbers of `mallopt` (malloc.h)."""

_LARGE_BYTES: Final = 24 << 10


def keep_heap_small() -> bool:
    """Let large buffers go back to the system as soon as they are free; False if nobody can.

    A fetch of Kafka is one buffer of some MiB. When the first of them is freed, glibc takes this
    for a habit: from then on it puts buffers of that size in the middle of its heap, where small
    things that live on settle between them. While a backlog was worked off, half of a heap of
    110 MB was such holes. The console's blocks of outcomes, of some 30 KB, leave holes as
    well, and so count as large. Other C libraries have no such habit, and no `mallopt`.
    """
    try:
        import ctypes  # noqa: PLC0415 - a Python may have been built without

        mallopt = ctypes.CDLL(None).mallopt
    except (ImportError, OSError, AttributeError):
        return False
    return all(mallopt(name, _LARGE_BYTES) == 1 for name in (_MMAP_THRESHOLD, _TRIM_THRESHOLD))
