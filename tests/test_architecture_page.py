"""docs/architecture.md names rooms, files, classes and functions that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from schemas.models import MODELS, Model
from tests.test_architecture import ORDER

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = (ROOT / "docs" / "architecture.md").read_text("utf-8")
PACKAGES: Final = ("consumer", "planhat_client", "schemas", "deploy")

_QUOTED: Final = re.compile(r"`([^`\s]+)`")
_PATH: Final = re.compile(r"[\w-]+(?:/[\w.-]+)*(?:/|\.(?:py|md))")
_NAME: Final = re.compile(r"_?[A-Za-z]\w*(?:\.\w+)?")


def quoted(text: str) -> list[str]:
    return _QUOTED.findall(text)


def place(path: str) -> Path:
    """Where a path of the page lies: files without a package in front are in consumer/."""
    inside = ROOT / "consumer" / path
    return inside if inside.exists() else ROOT / path


def rows(title: str) -> list[list[str]]:
    section = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0] not in {"Room", "Step", "When", "State"}]


@cache
def names(path: Path) -> frozenset[str]:
    """What a module defines at its top, and what its classes do, as `Class.method`."""
    return frozenset(_defined(ast.parse(path.read_text("utf-8")).body))


def _defined(body: list[ast.stmt], prefix: str = "") -> list[str]:
    found = []
    for node in body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found.append(prefix + name)
            case ast.ClassDef(name=name):
                found += [name, *_defined(node.body, f"{name}.")]
            case ast.Assign(targets=targets):
                found += [prefix + one.id for one in targets if isinstance(one, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.append(prefix + name)
            case _:
                pass
    return found


def everywhere() -> frozenset[str]:
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return frozenset().union(*map(names, paths))


PATHS: Final = sorted({found for found in quoted(PAGE) if _PATH.fullmatch(found)})
STEPS: Final = [(row[1], row[2]) for row in rows("The way of one record")]
OWNERS: Final = [(row[2], row[1]) for row in rows("Who owns which state")]


@pytest.mark.parametrize("path", PATHS)
def test_a_named_file_exists(path: str) -> None:
    assert place(path).exists()


@pytest.mark.parametrize(("files", "functions"), [*STEPS, *OWNERS])
def test_a_named_function_or_class_is_in_its_file(files: str, functions: str) -> None:
    known = frozenset[str]().union(*(names(place(path)) for path in quoted(files)))

    assert quoted(functions)
    assert set(quoted(functions)) <= known


def test_a_name_in_the_prose_is_defined_somewhere() -> None:
    prose = PAGE.split("\n## Glossary\n", maxsplit=1)[0]
    rooms = set().union(*ORDER)
    named = {
        one
        for one in quoted(prose)
        if _NAME.fullmatch(one) and one[0] in "_ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    }

    assert {one for one in named if not _PATH.fullmatch(one)} - rooms - everywhere() == KNOWN


def test_the_table_of_models_is_that_of_their_rows() -> None:
    for model in MODELS.values():
        assert _told(model) in PAGE


def _told(model: Model) -> str:
    needs = [
        " or ".join(f"`{name}`" for name in need.names)
        + (f" if {'' if need.where[1] else 'not '}`{need.where[0]}`" if need.where else "")
        for need in model.required
    ]
    parent = "" if model.parent is None else f"`/{model.parent}`"
    cells = (
        f"`{model.path}`",
        " ".join(f"`{key}`" for key in model.keys),
        f"{parent}, `{model.link}`" if model.link else parent,
        ", ".join(needs),
        str(model.page or ""),
        f"`{model.settings}_`" if model.settings else "",
    )
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"


KNOWN: Final = {"TypeError", "_currency"}
"""Names of Python's own and Planhat's."""


def test_the_rooms_are_there_from_the_ground_up() -> None:
    told = [room for row in rows("The rooms") for room in quoted(row[0])]
    level = {room.split(".")[0]: at for at, rooms in enumerate(ORDER) for room in rooms}

    assert set(told) == level.keys()
    assert [level[room] for room in told] == sorted(level[room] for room in told)


def test_each_file_of_a_room_is_named_with_it() -> None:
    for row in rows("The rooms"):
        if row[2] == "see the folder":
            continue
        told = {place(path) for path in quoted(row[2])}
        found = {path for room in quoted(row[0]) for path in _files(room)}

        assert told == found


def _files(room: str) -> list[Path]:
    module = ROOT / "consumer" / f"{room}.py"
    if module.exists():
        return [module]
    return [path for path in module.with_suffix("").rglob("*.py") if path.stem != "__init__"]
