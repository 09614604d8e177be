"""`python -m tests.soak`: the demo again and again while all cores are busy, to show flakes."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DEMO: Final = (sys.executable, "-P", "-c", "from consumer.cli import main; main(['demo'])")
_BUSY: Final = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"
"""Ends with whoever started it, however that one ends."""
_LONGEST_SECONDS: Final = 600


def soak(command: Sequence[str], rounds: int, busy: int, folder: Path) -> int:
    """Run the command so often beside so many busy processes; return how often it failed.

    What a failed run printed is kept in the folder.
    """
    failed = 0
    with ExitStack() as stack:
        for _ in range(busy):
            stack.enter_context(_busy())
        for number in range(1, rounds + 1):
            file = folder / f"run-{number}.txt"
            begun = time.monotonic()
            code = _run(command, file)
            took = f"{time.monotonic() - begun:.0f} s"
            if code == 0:
                file.unlink()
                _say(f"run {number} of {rounds}: adds up, {took}")
            else:
                failed += 1
                _say(f"run {number} of {rounds}: FAILED ({code}), {took}; its output: {file}")
    _say(f"{rounds - failed} of {rounds}")
    return failed


def _run(command: Sequence[str], file: Path) -> int | str:
    with file.open("wb") as output:
        try:
            return subprocess.run(  # noqa: S603 - our own command
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_LONGEST_SECONDS,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            return f"no end within {_LONGEST_SECONDS} s"


@contextmanager
def _busy() -> Iterator[None]:
    with subprocess.Popen((sys.executable, "-c", _BUSY)) as process:  # noqa: S603 - our own
        try:
            yield
        finally:
            process.kill()


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - this is a command line


def main() -> int:
    """Soak; return 0 if all runs were good, else 1."""
    cores = os.cpu_count() or 1
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--busy", type=int, default=cores, help="busy processes; one for each core")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hull-planhat-soak-"))
    try:
        return 1 if soak(DEMO, given.rounds, given.busy, folder) else 0
    except KeyboardInterrupt:
        return 130
    finally:
        if not any(folder.iterdir()):
            folder.rmdir()


if __name__ == "__main__":
    sys.exit(main())
