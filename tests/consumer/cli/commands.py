"""The command line as people call it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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
