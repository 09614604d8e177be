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
    "consumer/assignment.py",
    "consumer/claims.py",
    "consumer/company_directory.py",
    "consumer/decide.py",
    "consumer/decision.py",
    "consumer/dispatch.py",
    "consumer/filter.py",
    "consumer/flight.py",
    "consumer/gone.py",
    "consumer/guard.py",
    "consumer/halts.py",
    "consumer/histogram.py",
    "consumer/identity.py",
    "consumer/in_a_row.py",
    "consumer/intake.py",
    "consumer/lane.py",
    "consumer/letter_queue.py",
    "consumer/lookups.py",
    "consumer/map.py",
    "consumer/memory.py",
    "consumer/message.py",
    "consumer/metrics.py",
    "consumer/moment.py",
    "consumer/name_table.py",
    "consumer/newest.py",
    "consumer/offsets.py",
    "consumer/outcome_block.py",
    "consumer/outcomes.py",
    "consumer/owner_check.py",
    "consumer/parse.py",
    "consumer/part.py",
    "consumer/plain.py",
    "consumer/plan.py",
    "consumer/profile.py",
    "consumer/reason_label.py",
    "consumer/reasons.py",
    "consumer/report.py",
    "consumer/route.py",
    "consumer/rules.py",
    "consumer/settle.py",
    "consumer/stale_ids.py",
    "consumer/value.py",
    "consumer/waiting.py",
    "planhat_client/keys.py",
    "planhat_client/limiter.py",
    "planhat_client/verdict.py",
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
