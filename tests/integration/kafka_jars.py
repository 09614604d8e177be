"""Apache Kafka's own jars: fetched once by Maven, kept outside the tree."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent / "kafka"
POM = FOLDER / "pom.xml"
OLDEST_JAVA = 17
_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_MAVEN_SECONDS = 900
_JAVA_SECONDS = 60


class NoKafka(Exception):  # named for what happened, as everywhere here
    """No broker can be had this way; the text is one line with reason and remedy."""


@dataclass(frozen=True, slots=True)
class Jars:
    """A Java to run, and the class path of a broker."""

    java: str
    class_path: str


def jars() -> Jars:
    """Find Java and the jars, fetching these if the cache has none; raises NoKafka."""
    java = _java()
    return Jars(java, f"{_cached()}{os.sep}*")


def version() -> str:
    """The version of Apache Kafka that the pom names."""
    found = re.search(r"<kafka\.version>(.+?)</kafka\.version>", POM.read_text("utf-8"))
    if found is None:
        msg = f"{POM.name} names no kafka.version"
        raise NoKafka(msg)
    return found[1]


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=f"{home}/bin" if home else None)
    if java is None:
        msg = f"no Java found: install a JDK {OLDEST_JAVA} or newer"
        raise NoKafka(msg)
    told = subprocess.run(  # noqa: S603  # the Java of this machine
        [java, "-version"], capture_output=True, text=True, timeout=_JAVA_SECONDS, check=False
    )
    found = re.search(r'version "(\d+)', told.stderr)
    if found is None or int(found[1]) < OLDEST_JAVA:
        msg = f"{java} is older than {OLDEST_JAVA}: install a JDK {OLDEST_JAVA} or newer"
        raise NoKafka(msg)
    return java


def _cached() -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hull-planhat"
    content = hashlib.sha256(POM.read_bytes()).hexdigest()[:8]
    folder = root / f"kafka-{version()}-{content}"
    if not folder.exists():
        root.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(root / "kafka.lock"):
            if not folder.exists():
                _fetch(folder)
    return folder


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetch(folder: Path) -> None:
    """Fill `folder` whole or not at all: a fetch that breaks off leaves nothing to be used."""
    maven = shutil.which("mvn")
    if maven is None:
        msg = "no Maven found: install it, so that the broker's jars can be fetched"
        raise NoKafka(msg)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as temporary:
        target = Path(temporary) / "jars"
        _run_maven(maven, Path(temporary), target)
        target.rename(folder)


def _run_maven(maven: str, work: Path, target: Path) -> None:
    shutil.copy(POM, work)
    command = [maven, "-q", "-B", "-Dstyle.color=never", _GOAL, f"-DoutputDirectory={target}"]
    try:
        told = subprocess.run(  # noqa: S603  # the Maven of this machine
            command, cwd=work, capture_output=True, text=True, timeout=_MAVEN_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        msg = f"Maven did not fetch the broker's jars in {_MAVEN_SECONDS} s: try again"
        raise NoKafka(msg) from error
    if told.returncode != 0 or not target.is_dir():
        reason = told.stdout.partition("[ERROR] ")[2].partition("\n")[0][:300]
        msg = f"Maven cannot fetch the broker's jars ({reason or 'it gave no reason'})"
        raise NoKafka(msg)
