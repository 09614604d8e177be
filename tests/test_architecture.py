"""The rules of the house: who imports whom, which doors lead out, what decides and what acts."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[1]

MAY_IMPORT = {
    "schemas": set[str](),
    "planhat_client": {"schemas"},
    "consumer": {"schemas", "planhat_client"},
    "deploy": set[str](),
}
OURS = {*MAY_IMPORT, "tests"}

DOORS = {
    "aiokafka": ("consumer/kafka/", "deploy/topics.py"),
    "aiohttp": ("planhat_client/transport.py", "consumer/receive/fetch.py"),
    "aiohttp.web": (
        "consumer/watch/port/ops.py",
        "consumer/watch/console",
        "consumer/receive/",
        "planhat_client/sandbox/",
    ),
    "confluent_kafka": ("consumer/cli/demo",),
    "planhat_client.sandbox": ("consumer/cli", "planhat_client/sandbox/"),
}
"""What is imported -> beginnings of the paths that may. The longest name that fits counts."""

ORDER: tuple[frozenset[str], ...] = tuple(
    frozenset(names.split())
    for names in (
        "clock log offsets.record settings.section version wording",
        "errors",
        "offsets settings",
        "decide",
        "extract lanes",
        "outbox",
        "kafka",
        "engine",
        "history",
        "watch",
        "ask commit send",
        "membership",
        "poll",
        "probes",
        "tick",
        "parts",
        "app",
        "forget live receive",
        "cli",
    )
)
"""The rooms of consumer/ from the ground up: each knows those below it, and no other."""

IMPURE_MODULES = {"aiohttp", "aiokafka", "asyncio", "random", "socket", "time"}
HANDED_IN = {"random.Random"}
"""Types of what may be given to pure code."""
IMPURE_CALLS = re.compile(
    r"^(?:open|print|input|datetime\.now|date\.today)$|\.(?:read|write)_(?:text|bytes)$"
)
ASYNCHRONOUS = (ast.Await, ast.AsyncFor, ast.AsyncFunctionDef, ast.AsyncWith)

EMPTY_NAMES = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}
MOST_LINES = 300
MOST_MODULES = 12
"""In a folder, beside its `__init__`."""

FOREIGN = {
    "the host of a registry": re.compile(
        r"pypi\.org|pythonhosted\.org|repo1?\.maven|npmjs\.org|golang\.org|crates\.io|deb\.debian"
    ),
    "an index of packages": re.compile(r"--(?:extra-)?index-url|--find[-]links"),
    "a path of one machine": re.compile(r"(?<![\w./~-])/(?:work|root|Users|opt/wheels)(?![\w-])"),
    "a folder outside the project": re.compile(r"\.\./shared\b"),
}


def _paths() -> list[str]:
    found = (path for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py"))
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


PATHS = _paths()


def _tree(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text("utf-8"), path)


def _imports(tree: ast.Module, path: str) -> Iterator[str]:
    """Full names of all that is imported, for types only too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = path.split("/")[: -node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{source}.{one.name}" for one in node.names)


def _layer_faults(tree: ast.Module, path: str) -> list[str]:
    own = path.split("/", 1)[0]
    roots = {name.split(".")[0] for name in _imports(tree, path)}
    return sorted((roots & OURS) - {own} - MAY_IMPORT[own])


def _door_faults(tree: ast.Module, path: str) -> list[str]:
    faults = []
    for name in _imports(tree, path):
        fitting = [door for door in DOORS if f"{name}.".startswith(f"{door}.")]
        if fitting and not path.startswith(DOORS[max(fitting, key=len)]):
            faults.append(name)
    return faults


def _impurities(tree: ast.Module, path: str) -> list[str]:
    asynchronous = [
        f"line {node.lineno}" for node in ast.walk(tree) if isinstance(node, ASYNCHRONOUS)
    ]
    calls = (ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call))
    outside = [call for call in calls if IMPURE_CALLS.search(call)]
    modules = [
        name
        for name in _imports(tree, path)
        if name.split(".")[0] in IMPURE_MODULES and name not in HANDED_IN
    ]
    return asynchronous + outside + modules


def _says_it_is_pure(path: str) -> bool:
    return re.search(r"\bPure\b", ast.get_docstring(_tree(path)) or "") is not None


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _level(module: str) -> int | None:
    """How high a room lies; None for what is no room of consumer/."""
    steps = module.split(".")
    if steps[0] != "consumer" or len(steps) == 1:
        return None
    names = (".".join(steps[1:3]), steps[1])
    found = (level for name in names for level, rooms in enumerate(ORDER) if name in rooms)
    return next(found, None)


def _arrow_faults(tree: ast.Module, path: str) -> list[str]:
    level = _level(_module(path))
    if level is None:
        return []
    room = _module(path).split(".")[1]
    return sorted(
        name
        for name in _imports(tree, path)
        if (other := _level(name)) is not None and other >= level and name.split(".")[1] != room
    )


def _faults(find: Callable[[ast.Module, str], list[str]], paths: list[str]) -> dict[str, list[str]]:
    """Path -> what `find` says against it, for those it says something against."""
    found = {path: find(_tree(path), path) for path in paths}
    return {path: faults for path, faults in found.items() if faults}


def test_a_module_imports_only_layers_below_its_own() -> None:
    assert _faults(_layer_faults, PATHS) == {}


def test_a_foreign_library_is_imported_at_its_door_only() -> None:
    assert _faults(_door_faults, PATHS) == {}


def test_a_module_that_decides_neither_waits_nor_reads_a_clock() -> None:
    pure = [path for path in PATHS if _says_it_is_pure(path)]

    assert len(pure) > 80
    assert _faults(_impurities, pure) == {}


def test_a_room_that_decides_is_pure_as_a_whole() -> None:
    rooms = tuple(f"consumer/{room}/" for room in ("offsets", "decide", "lanes", "engine"))
    modules = [path for path in PATHS if path.startswith(rooms)]

    # The intake logs the faults of our own that cost a record.
    assert [path for path in modules if not _says_it_is_pure(path)] == ["consumer/engine/intake.py"]


def test_a_room_knows_only_those_below_it() -> None:
    modules = [path for path in PATHS if path.startswith("consumer/")]

    assert [path for path in modules if _level(_module(path)) is None] == ["consumer/__init__.py"]
    assert _faults(_arrow_faults, modules) == {}


def test_no_modules_import_each_other_in_a_circle() -> None:
    left = _needs()

    while free := {name for name, needs in left.items() if not needs & left.keys()}:
        left = {name: needs for name, needs in left.items() if name not in free}

    assert left == {}


def _needs() -> dict[str, set[str]]:
    """Module -> the modules of ours that it imports."""
    modules = {_module(path) for path in PATHS}
    needs = {}
    for path in PATHS:
        names = set(_imports(_tree(path), path))
        found = {name if name in modules else name.rpartition(".")[0] for name in names}
        needs[_module(path)] = (found & modules) - {_module(path)}
    return needs


def test_a_folder_can_be_seen_at_a_glance() -> None:
    folders = Counter(str(Path(path).parent) for path in PATHS if Path(path).stem != "__init__")

    assert {folder: count for folder, count in folders.items() if count > MOST_MODULES} == {}


def test_a_module_is_named_for_what_it_holds() -> None:
    assert [path for path in PATHS if EMPTY_NAMES & {*Path(path).with_suffix("").parts}] == []


def test_a_module_fits_in_a_head() -> None:
    lines = {path: len((ROOT / path).read_text("utf-8").splitlines()) for path in PATHS}

    assert {path: count for path, count in lines.items() if count > MOST_LINES} == {}


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    faults = [
        f"{path}:{number}: {kind}"
        for path, text in _tracked_texts()
        for number, line in enumerate(text.splitlines(), 1)
        for kind, pattern in FOREIGN.items()
        if pattern.search(line)
    ]

    assert faults == []


def _tracked_texts() -> Iterator[tuple[str, str]]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout: what is tracked is not known here")
    told = subprocess.run(  # noqa: S603  # the Git of this machine
        [git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for path in filter(None, told.stdout.split("\0")):
        content = (ROOT / path).read_bytes() if (ROOT / path).is_file() else b""
        if b"\0" not in content:
            yield path, content.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("path", "source", "faults"),
    [
        ("schemas/hull.py", "from planhat_client import client", ["planhat_client"]),
        ("schemas/hull.py", "from schemas import attribute", []),
        ("planhat_client/client.py", "import consumer.app", ["consumer"]),
        ("planhat_client/client.py", "from schemas.planhat import Resource", []),
        ("consumer/app.py", "from tests import flow", ["tests"]),
        ("deploy/render.py", "def late():\n  import schemas", ["schemas"]),
    ],
)
def test_an_import_across_layers_is_found(path: str, source: str, faults: list[str]) -> None:
    assert _layer_faults(ast.parse(source), path) == faults


@pytest.mark.parametrize(
    ("path", "source", "faults"),
    [
        (
            "consumer/poll.py",
            "from aiokafka.errors import KafkaError",
            ["aiokafka.errors.KafkaError"],
        ),
        ("consumer/kafka/member.py", "import aiokafka", []),
        ("consumer/watch/port/ops.py", "from aiohttp import web", []),
        ("consumer/watch/port/ops.py", "import aiohttp", ["aiohttp"]),
        (
            "consumer/watch/port/ops.py",
            "from aiohttp import ClientSession",
            ["aiohttp.ClientSession"],
        ),
        ("planhat_client/transport.py", "import aiohttp", []),
        ("planhat_client/transport.py", "from aiohttp import web", ["aiohttp.web"]),
        ("planhat_client/sandbox/http/server.py", "import aiohttp.web", []),
        ("consumer/app.py", "import confluent_kafka", ["confluent_kafka"]),
        ("consumer/app.py", "from planhat_client.sandbox import a", ["planhat_client.sandbox.a"]),
        ("planhat_client/client.py", "from . import sandbox", ["planhat_client.sandbox"]),
    ],
)
def test_a_way_around_a_door_is_found(path: str, source: str, faults: list[str]) -> None:
    assert _door_faults(ast.parse(source), path) == faults


@pytest.mark.parametrize(
    ("source", "faults"),
    [
        ("def due(now: float) -> float:\n  return now", []),
        ("async def due(): pass", ["line 1"]),
        ("from time import monotonic", ["time.monotonic"]),
        ("def due() -> str:\n  return Path('x').read_text()", ["Path('x').read_text"]),
    ],
)
def test_an_impurity_is_found(source: str, faults: list[str]) -> None:
    assert _impurities(ast.parse(source), "consumer/lanes/lane.py") == faults


@pytest.mark.parametrize(
    ("path", "source", "faults"),
    [
        ("consumer/lanes/lane.py", "from consumer.offsets.record import Record", []),
        ("consumer/lanes/lane.py", "from consumer.lanes.part import Part", []),
        ("consumer/lanes/lane.py", "import consumer.engine.plan", ["consumer.engine.plan"]),
        ("consumer/watch/report.py", "from consumer import app", ["consumer.app"]),
    ],
)
def test_an_arrow_upwards_is_found(path: str, source: str, faults: list[str]) -> None:
    assert _arrow_faults(ast.parse(source), path) == faults
