"""Whatever lies at a path, it is read in bounded memory and time."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import IO, Any

import pytest

from consumer.settings.secret import mounted
from tests.consumer.cli.commands import call, call_here


def test_not_more_than_asked_for_is_read() -> None:
    assert mounted(Path("/dev/zero"), 70_000) == b"\0" * 70_000


def test_a_pipe_that_nobody_writes_is_empty(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert mounted(tmp_path / "pipe", 10, 30.0) == b""


def test_a_pipe_that_is_being_written_is_waited_for() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb", buffering=0) as file, os.fdopen(reading):
        threading.Timer(0.1, _write, (file, b"late")).start()

        assert mounted(Path(f"/dev/fd/{reading}"), 10, 30.0) == b"late"


def _write(file: IO[bytes], content: bytes) -> None:
    file.write(content)
    file.close()


def test_a_pipe_that_stays_silent_is_not_waited_for_long() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb"), os.fdopen(reading):
        assert mounted(Path(f"/dev/fd/{reading}"), 10, 0.05) == b""


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("CONNECTOR_SETTINGS", "/dev/zero", "larger than 1 MiB"),
        ("CONNECTOR_SETTINGS", "/dev/urandom", "not UTF-8"),
        ("CONNECTOR_SETTINGS", "/", "Is a directory"),
        ("CONNECTOR_SETTINGS", "a" * 5000, "File name too long"),
        ("PLANHAT_ACCESS_TOKEN_FILE", "/dev/zero", "must be one line of visible characters"),
        ("PLANHAT_ACCESS_TOKEN_FILE", "a" * 5000, "File name too long"),
        ("KAFKA_SSL_CA_FILE", "a" * 5000, "no such file"),
    ],
)
def test_what_is_no_file_is_one_line_and_exit_code_2(name: str, value: str, reason: str) -> None:
    added: Any = {name: value}

    done = call_here("check", "--offline", **added)

    (line,) = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (2, "")
    assert line.startswith("error ")
    assert reason in line


def test_authorities_without_an_end_are_one_line() -> None:
    done = call("run", KAFKA_SECURITY_PROTOCOL="SSL", KAFKA_SSL_CA_FILE="/dev/zero")

    line = "KAFKA_SSL_CA_FILE: '/dev/zero': is too large to be PEM\n"
    assert (done.returncode, done.stderr) == (2, line)
