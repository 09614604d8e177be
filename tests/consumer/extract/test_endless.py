"""Files and pipes that never come to an end do, in bounded memory."""

from __future__ import annotations

import io
import itertools
import tracemalloc
from typing import TYPE_CHECKING, Any, BinaryIO

import pytest

from consumer.extract.csv_rows import csv_rows
from consumer.extract.json_rows import json_rows
from consumer.extract.row import LONGEST, Endless
from tests.consumer.cli.commands import call_here

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOUND = 8 * LONGEST
# A million signs take seconds.
LONG = ("empty lines", "an array of nothing")
ENDLESS = {
    "zeros": (b"", b"\0" * 65536, "line 1: no row ends within 32 MiB"),
    "blanks": (b"", b"\n" + b" " * 65535, "no row ends within 1 MiB"),
    "noise": (b"", b"x\n" * 1024, "line 1000: 1,000 rows in a row are no objects of JSON"),
    "an array of blanks": (b"[", b"," + b" " * 65535, "no row ends within 1 MiB"),
    "an array of one text": (b'["', b"a" * 65536, "line 1: no row ends within 32 MiB"),
    "a document": (b'{\n"a": 1,\n"b": "', b"a" * 65536, "line 1: no row ends within 32 MiB"),
    "empty lines": (b"", b"\n" * 65536, "no row ends within 1 MiB"),
    "an array of nothing": (b"[", b"," * 65536, "no row ends within 1 MiB"),
    "a good row and zeros": (b'{"a": 1}\n', b"\0" * 65536, "line 2: no row ends within 32 MiB"),
}
CSV = {
    "zeros": (b"", b"\0" * 65536, "line 1: no row ends within 32 MiB"),
    "one cell": (b"id\n", b"a" * 65536, "line 2: no row ends within 32 MiB"),
    "blanks": (b"id\n", b"\n" * 65536, "no row ends within 1 MiB"),
    "a quote": (b'id\n"', b"a\n" * 32768, "line 2: no row ends within 32 MiB"),
    "noise": (b"", b"\x01\n" * 1024, "line 1: no header of CSV"),
}


class Pipe(io.RawIOBase):
    """Gives its beginning, and then the same for ever."""

    def __init__(self, head: bytes, rest: bytes) -> None:
        self._pieces = itertools.chain([head] if head else [], itertools.repeat(rest))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - the interface of a file
        piece = next(self._pieces)[: len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)


def pipe(head: bytes, rest: bytes) -> BinaryIO:
    return io.BufferedReader(Pipe(head, rest), 65536)


def ended(rows: Iterator[object]) -> str:
    with pytest.raises(Endless) as caught:
        for _ in rows:
            pass
    return str(caught.value)


@pytest.mark.parametrize("read", [json_rows, csv_rows])
def test_what_has_no_end_takes_bounded_memory(
    read: Callable[[BinaryIO], Iterator[object]],
) -> None:
    endless = pipe(b"", b"\0" * 65536)
    tracemalloc.start()

    ended(read(endless))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < BOUND


@pytest.mark.parametrize(
    "kind", [pytest.param(one, marks=[pytest.mark.slow] * (one in LONG)) for one in ENDLESS]
)
def test_json_without_an_end_ends(kind: str) -> None:
    head, rest, line = ENDLESS[kind]

    assert line in ended(json_rows(pipe(head, rest)))


@pytest.mark.parametrize("kind", CSV)
def test_csv_without_an_end_ends(kind: str) -> None:
    head, rest, line = CSV[kind]

    assert line in ended(csv_rows(pipe(head, rest)))


@pytest.mark.parametrize("command", [["explain"], ["backfill", "--dry-run", "--of", "users"]])
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/urandom"])
def test_a_device_is_one_line_and_exit_code_2(command: list[str], device: str) -> None:
    done = call_here(*command, device)

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("hull-planhat: ")
    assert "Traceback" not in done.stderr


def test_a_row_that_is_too_long_costs_only_itself() -> None:
    long = b"x" * (LONGEST + 1)
    lines = [b"id,a", b"1,2", b"3," + long, b"4,5"]

    found = [(row.line, row.fault) for row in csv_rows(_file(lines))]

    assert found == [(2, ""), (3, "longer than 16 MiB"), (4, "")]


def _file(lines: list[bytes]) -> io.BytesIO:
    return io.BytesIO(b"\n".join(lines) + b"\n")
