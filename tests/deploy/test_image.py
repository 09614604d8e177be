"""The image's description: what it installs, and rules that a linter does not know."""

from __future__ import annotations

import platform
import re
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from deploy.compiled import CORE
from tests.deploy.chart import DEPLOY
from tests.deploy.tools import run
from tests.integration.service_process import ALLOCATOR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

ROOT = DEPLOY.parent
LOCKS = ["requirements.lock", "requirements-bench.lock"]
LOCKS += ["deploy/requirements.lock", "deploy/compiled.lock", "deploy/demo.lock"]
HASHED = re.compile(r"[a-z0-9-]+==[^ ]+( ; [^\\]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*")
DOCKERFILE = DEPLOY / "Dockerfile"
LOCK = DEPLOY / "requirements.lock"


def instructions() -> Iterator[tuple[int, str, str]]:
    """Stage (from 1; 0 before the first), word and argument of each instruction."""
    text = re.sub(r"\\\n", " ", DOCKERFILE.read_text("utf-8"))
    stage = 0
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            word, _, argument = line.partition(" ")
            stage += word == "FROM"
            yield stage, word, argument.strip()


def of_last_stage(word: str) -> list[str]:
    found = list(instructions())
    return [text for stage, one, text in found if stage == found[-1][0] and one == word]


def entries(lock: Path) -> dict[str, tuple[str, list[str]]]:
    """Version and hashes of each package of a lock."""
    text = re.sub(r"^#.*\n", "", lock.read_text("utf-8"), flags=re.MULTILINE)
    found = re.findall(r"^([a-z0-9-]+)==(\S+)((?:.*\\\n)+.*)$", text, re.MULTILINE)
    return {name: (version, re.findall(r"sha256:\w+", hashes)) for name, version, hashes in found}


def names(asked: Iterable[str]) -> set[str]:
    return {re.split(r"[\[>=<]", one, maxsplit=1)[0] for one in asked}


def test_the_linter_is_content(hadolint: str) -> None:
    told = run(hadolint, "--failure-threshold", "info", str(DOCKERFILE), seconds=60)

    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("name", ["requirements.lock", "compiled.lock", "demo.lock"])
def test_what_is_installed_elsewhere_is_what_is_tested_here(name: str) -> None:
    tested = entries(ROOT / "requirements.lock")

    for package, locked in entries(DEPLOY / name).items():
        assert locked == tested[package]


def test_each_lock_holds_all_that_is_asked_for() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project, groups = asked["project"], asked["dependency-groups"]
    extras = project["optional-dependencies"]

    assert entries(LOCK).keys() > names([*project["dependencies"], *extras["uvloop"]])
    assert entries(DEPLOY / "compiled.lock").keys() > names(groups["compiled"][1:])
    assert entries(DEPLOY / "compiled.lock").keys() > names(groups["build"])
    needed = [*project["dependencies"], *extras["demo"], *groups["build"]]
    assert entries(DEPLOY / "demo.lock").keys() > names(needed)


@pytest.mark.parametrize("name", LOCKS)
def test_every_file_that_is_installed_is_known_by_its_hash(name: str) -> None:
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    found = [line for line in text.splitlines() if not line.startswith("#")]

    assert found
    assert [line for line in found if not HASHED.fullmatch(line)] == []


@pytest.mark.parametrize("name", ["Makefile", "deploy/install.sh"])
def test_nothing_is_installed_from_a_lock_without_its_hashes(name: str) -> None:
    text = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    text = text.replace("$(LOCKED_ONLY)", "--only-binary=:all: --require-hashes")
    found = [line for line in text.splitlines() if "--requirement" in line]

    assert found
    for line in found:
        assert "--require-hashes" in line
        assert "--only-binary=:all:" in line


def test_the_build_backend_is_exact_and_the_one_that_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    locked = (ROOT / "deploy" / "compiled.lock").read_text("utf-8")

    for asked in project["build-system"]["requires"]:
        assert f"\n{asked} \\\n" in locked


def test_what_is_compiled_exists() -> None:
    assert [name for name in CORE if not (DEPLOY.parent / name).is_file()] == []


def test_no_tool_and_no_demo_is_in_the_image() -> None:
    names = {
        line.partition("==")[0].lower()
        for line in LOCK.read_text("utf-8").splitlines()
        if "==" in line
    }

    assert {"aiohttp", "aiokafka", "pydantic", "uvloop"} <= names
    assert not names & {"confluent-kafka", "pytest", "mypy", "hypothesis", "docker", "ruff"}


def test_the_base_is_slim_and_of_one_version() -> None:
    bases = [text for _, word, text in instructions() if word == "ARG" and "PYTHON" in text]

    assert len(bases) == 1
    assert re.fullmatch(r"PYTHON=python:3\.\d+\.\d+-slim-[a-z]+@sha256:[0-9a-f]{64}", bases[0])
    froms = [text.split()[0] for _, word, text in instructions() if word == "FROM"]
    assert froms == ["${PYTHON}", "scratch"]


def test_nothing_is_built_in_the_last_stage() -> None:
    assert of_last_stage("RUN") == []
    assert all(text.startswith("--from=build ") for text in of_last_stage("COPY"))


def test_it_runs_as_a_number_that_is_not_root_under_an_init() -> None:
    assert of_last_stage("USER") == ["65532:65532"]
    assert of_last_stage("STOPSIGNAL") == ["SIGTERM"]
    assert of_last_stage("ENTRYPOINT") == ['["/usr/bin/tini", "--", "hull-planhat"]']
    assert of_last_stage("HEALTHCHECK") == []


def test_what_is_copied_exists_and_is_not_ignored() -> None:
    ignored = (DEPLOY.parent / ".dockerignore").read_text("utf-8").splitlines()
    copied = [
        name
        for stage, word, text in instructions()
        if stage == 1 and word == "COPY"
        for name in text.split()[:-1]
    ]

    assert copied
    for name in copied:
        assert (DEPLOY.parent / name).exists()
        assert f"!{name}" in ignored


PROGRAM = """
import os

def resident():
    with open("/proc/self/statm") as found:
        return int(found.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

for _ in range(2):
    buffer = bytearray(b"x") * (16 << 20)
    del buffer
buffer = bytearray(b"x") * (16 << 20)
kept = [bytes(700) for _ in range(10_000)]
before = resident()
del buffer
print(before - resident())
"""
"""Freed once, such a buffer would be put into the heap from then on, below what is kept."""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_a_large_buffer_leaves_no_hole_in_the_heap() -> None:
    (said,) = of_last_stage("ENV")
    told = dict(one.split("=") for one in said.split())

    freed = run(sys.executable, "-c", PROGRAM, environ=ALLOCATOR, seconds=60)

    assert ALLOCATOR.items() < told.items()
    assert int(freed.stdout) > 15 << 20


def test_labels_are_those_of_the_open_container_initiative() -> None:
    (labels,) = of_last_stage("LABEL")

    for name in ("title", "description", "version", "revision", "licenses"):
        assert f"org.opencontainers.image.{name}=" in labels
