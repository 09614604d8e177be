"""The main job, done by what the image holds: another user, a read-only tree, nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, NoReturn

import pytest

from planhat_client.sandbox import QuotaOptions, SandboxOptions, SandboxServer
from tests.integration.hull import Hull
from tests.integration.image_layout import NOBODY, ROOT, ImageProcess, NoLayout, as_nobody, layout
from tests.integration.test_service import check, environment, produce, until_committed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient

COMPOSE = ROOT / "deploy" / "compose"
SAMPLES = (COMPOSE / "records.tsv").read_text("utf-8").splitlines()
FREE = SandboxOptions(quota=QuotaOptions(calls_per_window=100_000, calls_per_second=10_000))


@pytest.fixture(scope="module")
def image() -> Iterator[Path]:
    """The image's layout; skipped with reason and remedy where it can't be had, in CI a failure."""
    try:
        made = layout()
        root = made.__enter__()
    except NoLayout as error:
        _unavailable(str(error))
    yield root
    made.__exit__(None, None, None)


def _unavailable(reason: str) -> NoReturn:
    """Skip; in CI a test that is skipped is a test that failed."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if not file.is_symlink())


async def test_the_image_does_the_main_job(
    image: Path, kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=4)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    hull = Hull(users=500, accounts=50)
    await produce(kafka, name, hull.changes(3000))
    files = image.parent / "etc"
    files.mkdir()
    token = files / "planhat-access-token"
    token.write_text("sandbox-token\n")

    async with SandboxServer(FREE) as planhat:
        given = environment(kafka, planhat, name, files)
        given["PLANHAT_ACCESS_TOKEN_FILE"] = str(token)
        async with ImageProcess(image, tmp_path / "log", **given) as service:
            await until_committed(kafka, name, service)
            found = service.status()
            code = await service.stop()

        check(hull, planhat)
    assert code == 0
    assert found["Uid"].split()[0] == str(NOBODY if os.geteuid() == 0 else os.geteuid())
    print(f"\n{size(image) / 1e6:.0f} MB installed; {found['VmHWM']} at most in memory")  # noqa: T201 - figures for the note


async def test_the_image_does_what_compose_shows(
    image: Path, kafka: KafkaClient, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=4)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    records = [line.encode().partition(b"\t")[::2] for line in SAMPLES]
    await produce(kafka, name, records)

    async with SandboxServer(FREE) as planhat:
        given = environment(kafka, planhat, name, image.parent)
        given["CONNECTOR_SETTINGS"] = str(image.parent / "samples.yaml")
        shutil.copy(COMPOSE / "connector.yaml", given["CONNECTOR_SETTINGS"])
        given["PLANHAT_ACCESS_TOKEN"] = "sandbox-token"
        given["COMPANY_WAIT_SECONDS"] = "1"
        async with ImageProcess(image, tmp_path / "log", **given) as service:
            await until_committed(kafka, name, service)

        found = planhat.contents()
    assert found["companies"]
    assert found["endusers"]
    assert found["activities"]
    assert await kafka.read(f"{name}-dead")


def test_its_core_is_compiled(image: Path) -> None:
    if shutil.which("cc") is None and os.environ.get("CI") != "true":
        pytest.skip("no C compiler found: install gcc")
    told = subprocess.run(  # noqa: S603  # the layout's own command
        [*as_nobody(), str(image / "bin" / "hull-planhat"), "--version"],
        cwd=image,
        env={},
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.strip().endswith(", compiled")


@pytest.mark.parametrize(
    "module", ["confluent_kafka", "mypy", "pip", "pytest", "hypothesis", "tests"]
)
def test_what_the_service_does_not_need_is_not_there(image: Path, module: str) -> None:
    told = subprocess.run(  # noqa: S603  # the layout's own Python
        [*as_nobody(), str(image / "bin" / "python"), "-c", f"import {module}"],
        cwd=image,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "ModuleNotFoundError" in told.stderr


def test_nothing_can_be_written_to_the_image(image: Path) -> None:
    told = subprocess.run(  # noqa: S603  # the layout's own Python
        [*as_nobody(), str(image / "bin" / "python"), "-c", "open('x', 'w')"],
        cwd=image,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "Read-only file system" in told.stderr or "Permission denied" in told.stderr


def test_the_image_can_tell_what_is_wrong_with_its_settings(image: Path) -> None:
    told = subprocess.run(  # noqa: S603  # the layout's own command
        [*as_nobody(), str(image / "bin" / "hull-planhat"), "run"],
        cwd=image,
        env={"KAFKA_SECURITY_PROTOCOL": "TLS"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 2
    assert "KAFKA_SECURITY_PROTOCOL" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.fixture(scope="module")
def rootfs(image: Path) -> Path:
    """All that the image holds, as deploy/rootfs.sh puts it together."""
    if os.geteuid() != 0:
        _unavailable("only root can make another root directory: run as root")
    made = image.parent / "rootfs"
    script = ["/bin/sh", str(ROOT / "deploy" / "rootfs.sh"), str(made), str(image)]
    subprocess.run(script, check=True)  # noqa: S603  # our own script
    return made


def inside(rootfs: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run something with that root directory, as the image's user."""
    return subprocess.run(  # noqa: S603  # the layout's own commands
        ["/usr/sbin/chroot", f"--userspec={NOBODY}:{NOBODY}", str(rootfs), *command],
        env={"LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_image_needs_nothing_of_its_base(image: Path, rootfs: Path) -> None:
    imports = "import aiohttp, aiokafka, cramjam, lzma, orjson, pydantic, uvloop, sqlite3, yaml"
    trust = "import ssl; print(len(ssl.create_default_context().get_ca_certs()))"
    version = inside(rootfs, str(image / "bin" / "hull-planhat"), "--version")
    loaded = inside(rootfs, str(image / "bin" / "python"), "-c", f"{imports}; {trust}")
    wrong = inside(rootfs, str(image / "bin" / "hull-planhat"), "run")

    assert version.stdout.startswith("hull-planhat ")
    assert (loaded.returncode, loaded.stderr) == (0, "")
    assert int(loaded.stdout) > 50
    assert (wrong.returncode, wrong.stderr) == (
        2,
        "CONNECTOR_SETTINGS: 'connector.yaml': No such file or directory\n",
    )


def test_there_is_no_shell_and_no_installer_in_the_image(rootfs: Path) -> None:
    programs = {
        file.name
        for file in rootfs.rglob("*")
        if not file.is_symlink() and file.is_file() and os.access(file, os.X_OK)
        if file.parent.name in {"bin", "sbin"}
    }
    modules = {file.name for file in rootfs.rglob("*") if file.is_dir()}

    assert "hull-planhat" in programs
    assert not programs & {"sh", "bash", "dash", "busybox", "apt", "dpkg", "pip", "pip3", "perl"}
    assert not modules & {"pip", "ensurepip", "setuptools", "hatchling", "mypy"}
    assert inside(rootfs, "/bin/sh", "-c", "true").returncode == 127


def test_the_service_starts_with_nothing_but_the_image(image: Path, rootfs: Path) -> None:
    settings = rootfs / "connector.yaml"
    shutil.copy(COMPOSE / "connector.yaml", settings)
    settings.chmod(0o644)

    told = subprocess.run(  # noqa: S603  # the layout's own command
        [
            *("/usr/sbin/chroot", f"--userspec={NOBODY}:{NOBODY}", str(rootfs)),
            *(str(image / "bin" / "hull-planhat"), "check"),
        ],
        env={
            "CONNECTOR_SETTINGS": "/connector.yaml",
            "PLANHAT_ACCESS_TOKEN": "sandbox-token",
            "PLANHAT_API_URL": "http://127.0.0.1:9",
            "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert (told.returncode, told.stderr) == (1, "")
    assert "127.0.0.1:9" in told.stdout
