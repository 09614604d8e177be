"""The command line as people call it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from consumer.cli import main

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"
CONNECTOR = DATA / "connector.yaml"
START = [sys.executable, "-c", "from consumer.cli import main; main()"]


def environment(**added: str) -> dict[str, str]:
    """Ours without what is set by chance; the settings of the samples unless told otherwise."""
    ours = ("KAFKA_", "PLANHAT_", "HTTP_", "LOG_", "CONNECTOR_", "FORCE_COLOR")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    usual = {"PYTHONPATH": str(ROOT), "COLUMNS": "200", "CONNECTOR_SETTINGS": str(CONNECTOR)}
    return {**kept, **usual, **added}


def call(
    *arguments: str, stdin: bytes | None = None, **added: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    done = subprocess.run(  # noqa: S603 - our own command
        [*START, *arguments],
        env=environment(**added),
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
        cwd=ROOT,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def call_here(
    *arguments: str, stdin: bytes = b"", **added: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, much sooner: for what neither hides a secret nor logs."""
    given = environment(**added)
    streams = {"stdin": _stream(stdin), "stdout": _stream(), "stderr": _stream()}
    with pytest.MonkeyPatch.context() as here:
        for name in os.environ.keys() - given.keys():
            here.delenv(name)
        for name, value in given.items():
            here.setenv(name, value)
        for name, stream in streams.items():
            here.setattr(sys, name, stream)
        here.chdir(ROOT)
        with pytest.raises(SystemExit) as ended:
            main(arguments)
    code = int(str(ended.value.code))
    out, err = _written(streams["stdout"]), _written(streams["stderr"])
    return subprocess.CompletedProcess(list(arguments), code, out, err)


def _stream(content: bytes = b"") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", write_through=True)


def _written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()
