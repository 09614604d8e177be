"""`check` and `run` with each wrong file for Kafka's TLS: one line, exit code 2. Needs no Kafka."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.certificates import Authority
from tests.integration.command import Command

if TYPE_CHECKING:
    from pathlib import Path

AUTHORITY = Authority()
CLIENT, OTHER = AUTHORITY.issue("client"), AUTHORITY.issue("other")
CA, CERT, KEY = "KAFKA_SSL_CA_FILE", "KAFKA_SSL_CERT_FILE", "KAFKA_SSL_KEY_FILE"

CASES: dict[str, tuple[str, bytes | None, str]] = {
    "an encrypted key": (KEY, CLIENT.encrypted_key, "is encrypted: set KAFKA_SSL_KEY_PASSWORD"),
    "another key": (KEY, OTHER.key, "is the key of another certificate"),
    "PKCS#12": (CERT, CLIENT.pkcs12, "is PKCS#12: PEM is needed"),
    "junk": (CA, b"junk", "is no PEM: it holds no certificate"),
    "empty": (CERT, b"", "is empty"),
    "missing": (CA, None, "no such file"),
}
"""Case -> the setting whose file is wrong, what it holds, how the line goes on."""


@pytest.fixture(name="environ")
def _environ(tmp_path: Path) -> dict[str, str]:
    """Files that are good."""
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.certificate)
    CLIENT.write(tmp_path)
    return {
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        CA: str(tmp_path / "ca.pem"),
        CERT: str(tmp_path / "cert.pem"),
        KEY: str(tmp_path / "key.pem"),
    }


async def line_of(environ: dict[str, str]) -> str:
    """The one line of both commands, which end with 2."""
    command = Command(**environ)
    run, check = await command("run"), await command("check")

    (line,) = run.err.splitlines()
    assert (run.code, run.out) == (2, "")
    assert (check.code, check.out, check.err) == (2, f"{'error':<14} {line}\n", "")
    return line


@pytest.mark.parametrize("case", CASES)
async def test_a_wrong_file_is_one_line(tmp_path: Path, environ: dict[str, str], case: str) -> None:
    setting, content, reason = CASES[case]
    file = tmp_path / "wrong"
    if content is not None:
        file.write_bytes(content)

    line = await line_of({**environ, setting: str(file)})

    assert line.startswith(f"{setting}: {str(file)!r}: {reason}")


async def test_a_directory_is_one_line(tmp_path: Path, environ: dict[str, str]) -> None:
    line = await line_of({**environ, KEY: str(tmp_path)})

    assert line == f"{KEY}: {str(tmp_path)!r}: is a directory, a file is needed"


async def test_what_cannot_be_read_is_one_line(tmp_path: Path, environ: dict[str, str]) -> None:
    file = tmp_path / "round"
    file.symlink_to(file)

    line = await line_of({**environ, KEY: str(file)})

    assert line == f"{KEY}: {str(file)!r}: Too many levels of symbolic links"


async def test_a_wrong_pass_phrase_is_one_line_without_it(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    (tmp_path / "key.pem").write_bytes(CLIENT.encrypted_key)

    line = await line_of({**environ, "KAFKA_SSL_KEY_PASSWORD": "not-the-phrase"})

    assert line.endswith("is encrypted, and KAFKA_SSL_KEY_PASSWORD does not open it")


@pytest.mark.parametrize(
    "brokers", ["kafka:99999", "SASL_SSL://kafka:9092", "me:pass-word@kafka:9092"]
)
async def test_brokers_that_are_none_are_one_line(brokers: str) -> None:
    line = await line_of({"KAFKA_BOOTSTRAP_SERVERS": brokers})

    assert line.startswith("KAFKA_BOOTSTRAP_SERVERS: ")
    assert "pass-word" not in line
