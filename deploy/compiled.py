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
CORE: Final = (
    "schemas/attribute.py",
    "consumer/offsets/assignment.py",
    "consumer/lanes/claims.py",
    "consumer/engine/directory.py",
    "consumer/decide/decide.py",
    "consumer/decide/decision.py",
    "consumer/engine/dispatch.py",
    "consumer/engine/engine.py",
    "consumer/decide/filter.py",
    "consumer/lanes/batch.py",
    "consumer/engine/gone.py",
    "consumer/engine/guard.py",
    "consumer/lanes/halts.py",
    "consumer/watch/counting.py",
    "consumer/engine/identity.py",
    "consumer/engine/intake.py",
    "consumer/lanes/lane.py",
    "consumer/lanes/policy.py",
    "consumer/outbox/letter_queue.py",
    "consumer/engine/lookups.py",
    "consumer/decide/map.py",
    "consumer/lanes/memory.py",
    "consumer/decide/message.py",
    "consumer/watch/metrics.py",
    "consumer/decide/moment.py",
    "consumer/outbox/stale.py",
    "consumer/offsets/offsets.py",
    "consumer/watch/outcomes/block.py",
    "consumer/watch/outcomes/outcomes.py",
    "consumer/decide/parse.py",
    "consumer/lanes/part.py",
    "consumer/decide/plain.py",
    "consumer/engine/plan.py",
    "consumer/lanes/payload.py",
    "consumer/offsets/record.py",
    "consumer/offsets/ticket.py",
    "consumer/watch/reason_label.py",
    "consumer/decide/reasons.py",
    "consumer/watch/report.py",
    "consumer/decide/route.py",
    "consumer/decide/rules.py",
    "consumer/lanes/settle.py",
    "consumer/decide/value.py",
    "consumer/watch/outcomes/waiting.py",
    "planhat_client/keys.py",
    "planhat_client/limiter.py",
    "planhat_client/answers/verdict.py",
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
