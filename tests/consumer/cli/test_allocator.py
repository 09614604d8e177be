"""Large buffers go back to the system when they are free."""

import platform
import subprocess
import sys

import pytest

# Freed once, a buffer of this size would be put into the heap from then on, below what is kept.
PROGRAM = """
import os
from consumer.cli.allocator import keep_heap_small

def resident():
    with open("/proc/self/statm") as found:
        return int(found.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

assert keep_heap_small()
for _ in range(2):
    buffer = bytearray(b"x") * (16 << 20)
    del buffer
buffer = bytearray(b"x") * (16 << 20)
kept = [bytes(700) for _ in range(10_000)]
before = resident()
del buffer
print(before - resident())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_a_large_buffer_leaves_no_hole_in_the_heap() -> None:
    told = subprocess.run(  # noqa: S603 - this Python
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True
    )

    assert int(told.stdout) > 15 << 20
