"""Print what of requirements.lock the service itself needs: the lines of deploy/requirements.lock.

With the argument `compiled`, print what builds the package and its core: deploy/compiled.lock. Run
by `make lock` with a Python that has everything installed; tests keep the files in step.
Development tools and the demo's embedded Kafka stay out of the image.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT: Final = Path(__file__).parents[1]
EXTRAS: Final = ("uvloop",)
"""Extras that the image offers: `UVLOOP=true` must work in it."""

_REMAKE: Final = "Remake with: make lock"
_HEAD: Final = f"# What the image installs, exactly: a part of requirements.lock. {_REMAKE}"
_COMPILED_HEAD: Final = f"# What builds the image, exactly; none of it is in the image. {_REMAKE}"


def lines() -> list[str]:
    """Give the lines of deploy/requirements.lock, the first a comment."""
    project = _read()["project"]
    asked = list(project["dependencies"])
    for extra in EXTRAS:
        asked += project["optional-dependencies"][extra]
    return [_HEAD, *_locked(asked)]


def compiled_lines() -> list[str]:
    """Give the lines of deploy/compiled.lock, the first a comment."""
    return [_COMPILED_HEAD, *_locked(_read()["dependency-groups"]["compiled"])]


def _read() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _locked(asked: Iterable[str]) -> list[str]:
    """Give the lines of requirements.lock that these need: versions, and the hashes under each."""
    needed = _closure(Requirement(text) for text in asked)
    locked = (ROOT / "requirements.lock").read_text("utf-8").replace("\\\n", "\\\0").splitlines()
    return [
        line
        for entry in locked
        if _name(entry) in needed
        for line in entry.replace("\\\0", "\\\n").splitlines()
    ]


def _closure(asked: Iterable[Requirement]) -> set[str]:
    """Names of all distributions that these need, themselves included."""
    waiting, seen = list(asked), set[tuple[str, str]]()
    while waiting:
        one = waiting.pop()
        for extra in ("", *one.extras):
            key = (canonicalize_name(one.name), extra)
            if key not in seen:
                seen.add(key)
                waiting += _needed(one.name, extra)
    return {name for name, _ in seen}


def _needed(name: str, extra: str) -> Iterator[Requirement]:
    for text in requires(name) or ():
        one = Requirement(text)
        if one.marker is None or one.marker.evaluate({"extra": extra}):
            yield one


def _name(line: str) -> str:
    return canonicalize_name(re.split(r"[=\s#]", line, maxsplit=1)[0])


if __name__ == "__main__":
    found = compiled_lines() if sys.argv[1:] == ["compiled"] else lines()
    sys.stdout.write("\n".join(found) + "\n")
