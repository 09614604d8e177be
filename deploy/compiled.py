"""Compile the core to machine code: the same sources, the same rules, in two thirds of the time.

    python deploy/compiled.py TARGET [PYTHON]

mypyc compiles the modules of `CORE`; what comes of it is laid into TARGET, beside the packages that
lie there already. PYTHON is the one of the environment that will run it (by default this one): the
types of its libraries count. It needs a C compiler, and takes half a minute.

A module belongs to the core if something in it is done for each message. What waits for the
network, and what is not typed strictly, gains nothing by this and stays as it is.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = ("consumer", "planhat_client", "schemas")
ROOMS: Final = (
    "consumer/decide",
    "consumer/decide/custom",
    "consumer/decide/forms",
    "consumer/decide/life",
    "consumer/engine",
    "consumer/engine/merge",
    "consumer/lanes",
    "consumer/offsets",
    "consumer/watch/outcomes",
)
"""Rooms of which every module is of the core."""

SINGLE: Final = (
    "consumer/outbox/letter_queue.py",
    "consumer/outbox/stale.py",
    "consumer/watch/counting.py",
    "consumer/watch/metrics.py",
    "consumer/watch/reason_label.py",
    "consumer/watch/report.py",
    "planhat_client/answers/verdict.py",
    "planhat_client/keys.py",
    "planhat_client/limiter.py",
    "planhat_client/sparing.py",
    "schemas/attribute.py",
)
CORE: Final = (
    *sorted(
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in ROOT.joinpath(room).glob("*.py")
        if path.stem != "__init__"
    ),
    *SINGLE,
)


def main(target: Path, python: str) -> None:
    """Compile in a copy, so that nothing is left in the sources, and lay the result into place."""
    with tempfile.TemporaryDirectory(prefix="hull-planhat-compiled-") as folder:
        for package in PACKAGES:
            shutil.copytree(ROOT / package, Path(folder, package), ignore=_no_byte_code)
        os.chdir(folder)
        _compile(python)
        for made in Path().rglob("*.so"):
            if made.parts[0] != "build":
                shutil.copy2(made, target / made)


_no_byte_code: Final = shutil.ignore_patterns("__pycache__")


def _compile(python: str) -> None:
    try:
        from mypyc.build import mypycify  # noqa: PLC0415 - only who compiles needs it
        from setuptools import setup  # noqa: PLC0415 - likewise
    except ImportError as error:
        sys.exit(f"{error.name} is missing: install deploy/compiled.lock")
    # Whether the types are right, `make check` finds out: here only the core's own are looked at.
    options = [
        "--follow-imports=silent",
        "--ignore-missing-imports",
        f"--python-executable={python}",
    ]
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            modules = mypycify([*options, *CORE], opt_level="3", group_name="hull_planhat")
    except SystemExit:
        sys.stderr.write(said.getvalue())
        raise
    setup(
        name="hull-planhat-core",
        packages=[],
        ext_modules=modules,
        script_args=["--quiet", "build_ext", "--inplace"],
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2] if sys.argv[2:] else sys.executable)
