"""The programs that check deploy/: found, or fetched once and kept outside the tree."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HELM = "v3.22.0"
COMPOSE = "v2.9.0"
_TRIES = 3
_PAUSE_SECONDS = 5.0
_BUILD_SECONDS = 1500
_FETCH_SECONDS = 300


class NoTool(Exception):  # named for what happened, as everywhere here
    """A program cannot be had here; the text is one line with reason and remedy."""


def helm() -> str:
    """Helm 3, built by Go where it is not installed; raises NoTool."""
    return shutil.which("helm") or _kept(f"helm-{HELM}", "helm", _build_helm)


def promtool() -> str:
    """Prometheus' promtool, out of Debian's package where it is not installed; raises NoTool."""
    return shutil.which("promtool") or _kept("promtool-debian", "promtool", _fetch_promtool)


def compose() -> str:
    """The reader of compose files that Docker Compose is built on, built by Go; raises NoTool."""
    return _kept(f"compose-go-{COMPOSE}", "compose", _build_compose)


def hadolint() -> str:
    """The Dockerfile linter that the development dependencies bring."""
    found = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which(
        "hadolint"
    )
    if found is None:
        msg = "no hadolint found: its package has none for this machine; install hadolint"
        raise NoTool(msg)
    return found


def run(
    *command: str, cwd: Path | None = None, environ: Mapping[str, str] | None = None, seconds: int
) -> subprocess.CompletedProcess[str]:
    """Run to the end within `seconds`; the caller judges by the exit code."""
    return subprocess.run(  # noqa: S603  # commands of ours
        command,
        cwd=cwd,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def _kept(folder: str, name: str, fetch: Callable[[Path], None]) -> str:
    """Path of a program in the user's cache; a fetch that breaks off leaves nothing there."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hull-planhat"
    program = root / folder / name
    if not program.exists():
        root.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(root / f"{name}.lock"):
            if not program.exists():
                with tempfile.TemporaryDirectory(dir=root, prefix=".fetching-") as work:
                    fetch(Path(work))
                    program.parent.mkdir(exist_ok=True)
                    (Path(work) / name).rename(program)
    return str(program)


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build_helm(work: Path) -> None:
    _build(work, f"helm.sh/helm/v3/cmd/helm@{HELM}", "install helm 3 or Go")


def _build_compose(work: Path) -> None:
    _build(work, f"github.com/compose-spec/compose-go/v2/cmd@{COMPOSE}", "install Go")
    (work / "cmd").rename(work / "compose")


def _build(work: Path, program: str, remedy: str) -> None:
    go = shutil.which("go")
    if go is None:
        msg = f"no Go found to build {program} with: {remedy}"
        raise NoTool(msg)
    _insist(
        f"{program} cannot be built by Go: {remedy}, or try again",
        *(go, "install", "-ldflags", "-s -w", program),
        cwd=work,
        environ={"GOBIN": str(work), "CGO_ENABLED": "0", "GOFLAGS": ""},
        seconds=_BUILD_SECONDS,
    )


def _fetch_promtool(work: Path) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        msg = "no promtool found, and no apt-get to fetch it with: install Prometheus' promtool"
        raise NoTool(msg)
    failed = "promtool cannot be fetched: install Debian's package prometheus, or try again"
    # Downloaded and unpacked, not installed: the package would start a server.
    download = ("apt-get", "download", "-q", "prometheus")
    if run(*download, cwd=work, seconds=_FETCH_SECONDS).returncode != 0:
        _insist(failed, "apt-get", "update", "-q", cwd=work, seconds=_FETCH_SECONDS)
        _insist(failed, *download, cwd=work, seconds=_FETCH_SECONDS)
    package = next(work.glob("prometheus_*.deb"))
    _insist(failed, "dpkg-deb", "-x", str(package), "out", cwd=work, seconds=_FETCH_SECONDS)
    (work / "out" / "usr" / "bin" / "promtool").rename(work / "promtool")


def _insist(
    failed: str,
    *command: str,
    cwd: Path,
    environ: Mapping[str, str] | None = None,
    seconds: int,
) -> None:
    """Run until it succeeds, three times at most: registries have bad moments."""
    said = ""
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE_SECONDS * attempt)
        try:
            told = run(*command, cwd=cwd, environ=environ, seconds=seconds)
        except subprocess.TimeoutExpired:
            said = f"no end within {seconds} s"
            continue
        if told.returncode == 0:
            return
        said = " ".join((told.stderr or told.stdout).split())[-300:]
    msg = f"{failed} ({said})"
    raise NoTool(msg)
