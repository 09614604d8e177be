"""The service as it lies in the image, run as the image runs it, without Docker."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.integration.service_process import ALLOCATOR, ServiceProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
NOBODY = 65532
"""The user of the image."""

_SECONDS = 1500
_TRIES = 3
_READ_ONLY = 'mount -o remount,bind,ro / && exec "$@"'


class NoLayout(Exception):
    """The layout cannot be made or run here; the text is one line with reason and remedy."""


def as_nobody() -> tuple[str, ...]:
    """What to put before a command, so that it has no rights and can write nowhere.

    Who is not root already is a user without rights; then only the tree itself is read-only.
    """
    if os.geteuid() != 0:
        return ()
    drop = (
        *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
        *("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"),
    )
    if shutil.which("setpriv") is None:
        msg = "no setpriv found: install util-linux"
        raise NoLayout(msg)
    alone = ("unshare", "--mount", "sh", "-c", _READ_ONLY, "sh")
    return (*alone, *drop) if _works(*alone, "true") else drop


def python() -> str:
    """A Python that the image's user can run; raises NoLayout. Ours may lie in somebody's home."""
    wanted = "import sys, venv; sys.exit(sys.version_info < (3, 11))"
    for found in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        real = str(Path(found).resolve())
        if _works(*as_nobody(), real, "-c", wanted):
            return real
    msg = "no Python 3.11 that another user can run: install the system's python3"
    raise NoLayout(msg)


@contextmanager
def layout() -> Iterator[Path]:
    """Install into an empty root, as deploy/Dockerfile does, and take away every right to write."""
    found = python()
    folder = Path(tempfile.mkdtemp(prefix="hull-planhat-image-"))
    folder.chmod(0o755)
    root = folder / "opt"
    try:
        _install(_copied(folder / "src"), root, found)
        subprocess.run(["/bin/chmod", "-R", "a-w,a+rX", str(root)], check=True)  # noqa: S603
        yield root
    finally:
        subprocess.run(["/bin/chmod", "-R", "u+w", str(folder)], check=False)  # noqa: S603
        shutil.rmtree(folder)


class ImageProcess(ServiceProcess):
    """The service out of the layout, with nothing in its environment but what it is given."""

    def __init__(self, root: Path, log: Path, **environment: str) -> None:
        """`root` is what `layout` gave."""
        super().__init__(log, **environment)
        self._root = root
        self._environment = {
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": str(self.port),
            "PATH": f"{root}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            **ALLOCATOR,
            **environment,
        }

    async def start(self) -> None:
        """Start it as the image's user."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *as_nobody(),
                *(str(self._root / "bin" / "hull-planhat"), "run"),
                cwd=self._root,
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def status(self) -> dict[str, str]:
        """What the kernel says of the process: its user, its memory."""
        assert self.process is not None
        text = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return {name: value.strip() for name, _, value in map(_split, text.splitlines())}


def _split(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def _copied(folder: Path) -> Path:
    """Copy what the Dockerfile's first stage copies, and so find out that it is enough."""
    folder.mkdir()
    for line in (ROOT / "deploy" / "Dockerfile").read_text("utf-8").splitlines():
        if not line.startswith("COPY ") or "--from" in line:
            continue
        *names, target = line.split()[1:]
        for name in names:
            _copy(ROOT / name, folder / target / (Path(name).name if target.endswith("/") else ""))
    return folder


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _install(source: Path, root: Path, found: str) -> None:
    """Run the image's own script; again if a registry has a bad moment."""
    command = ["/bin/sh", str(source / "deploy" / "install.sh"), str(root), found, sys.executable]
    said = ""
    for _ in range(_TRIES):
        told = subprocess.run(  # noqa: S603  # our own script
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if told.returncode == 0:
            return
        said = " ".join(told.stderr.split())[-300:]
        shutil.rmtree(root, ignore_errors=True)
    msg = f"the image's layout cannot be installed ({said}): try again"
    raise NoLayout(msg)


def _works(*command: str) -> bool:
    told = subprocess.run(  # noqa: S603  # commands of ours
        command, capture_output=True, timeout=_SECONDS, check=False
    )
    return told.returncode == 0
