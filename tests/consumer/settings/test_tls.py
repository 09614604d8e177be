"""The context that is made of PEM files, seen by whom it is shown to."""

from __future__ import annotations

import asyncio
import os
import ssl
from typing import TYPE_CHECKING

import pytest

from consumer.settings import Settings
from consumer.settings.secret import TokenSource
from consumer.settings.tls import TlsFiles
from schemas.connector import ConnectorSettings
from schemas.settings_error import InvalidSettings
from tests.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AUTHORITY = Authority()
CLIENT, OTHER = AUTHORITY.issue("client"), AUTHORITY.issue("other")
DER = ssl.PEM_cert_to_DER_cert(CLIENT.certificate.decode())


def of(folder: Path) -> TlsFiles:
    return TlsFiles(folder / "ca.pem", folder / "cert.pem", folder / "key.pem")


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> Path:
    """Files of the client, and of a server that trusts the same authority."""
    (tmp_path / "ca.pem").write_bytes(AUTHORITY.certificate)
    CLIENT.write(tmp_path)
    return tmp_path


async def shown(client: ssl.SSLContext, folder: Path, authority: Authority = AUTHORITY) -> str:
    """The name in the certificate that a server sees."""
    issued = authority.issue("server")
    (folder / "server.pem").write_bytes(issued.certificate + issued.key)
    server = ssl.create_default_context(
        ssl.Purpose.CLIENT_AUTH, cadata=authority.certificate.decode()
    )
    server.load_cert_chain(folder / "server.pem")
    server.verify_mode = ssl.CERT_REQUIRED
    names: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def look(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        subject = writer.get_extra_info("peercert")["subject"]
        names.set_result(subject[0][0][1])
        writer.close()

    async with await asyncio.start_server(look, "127.0.0.1", 0, ssl=server) as listening:
        port = listening.sockets[0].getsockname()[1]
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
        async with asyncio.timeout(10):
            name = await names
        writer.close()
    return name


async def test_a_new_certificate_with_its_key_is_shown_by_new_connections(folder: Path) -> None:
    files = of(folder)
    before = await shown(files(), folder)

    OTHER.write(folder)

    assert (before, await shown(files(), folder)) == ("client", "other")


async def test_a_new_authority_is_the_only_one_that_is_trusted(folder: Path) -> None:
    files = of(folder)
    files()
    successor = Authority("successor")

    (folder / "ca.pem").write_bytes(successor.certificate)
    successor.issue("client of the successor").write(folder)

    assert await shown(files(), folder, successor) == "client of the successor"
    with pytest.raises(ssl.SSLCertVerificationError):
        await shown(files(), folder, AUTHORITY)


async def test_a_swapped_link_is_followed(tmp_path: Path) -> None:
    for name, issued in (("1", CLIENT), ("2", OTHER)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ca.pem").write_bytes(AUTHORITY.certificate)
        issued.write(tmp_path / name)
    (tmp_path / "..data").symlink_to("1")
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    files = of(tmp_path)
    before = await shown(files(), tmp_path)

    (tmp_path / "..new").symlink_to("2")
    (tmp_path / "..new").rename(tmp_path / "..data")

    assert (before, await shown(files(), tmp_path)) == ("client", "other")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


@pytest.mark.parametrize("name", ["ca.pem", "cert.pem", "key.pem"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"junk"),
        lambda path: path.unlink(),
        cut,
    ],
    ids=["empty", "junk", "gone", "cut off"],
)
async def test_a_file_in_the_middle_of_its_replacement_leaves_the_old_ones(
    folder: Path, name: str, damage: Callable[[Path], object]
) -> None:
    files = of(folder)
    told: list[tuple[str, str]] = []
    files.follow(lambda setting, trouble: told.append((setting, trouble)))
    content = (folder / name).read_bytes()

    damage(folder / name)
    during = await shown(files(), folder)
    files()
    (folder / name).write_bytes(content)
    files()

    assert during == "client"
    assert [setting for setting, _ in told] == [f"KAFKA_SSL_{name[:-4].upper()}_FILE"]
    assert told[0][1]


async def test_a_half_swapped_pair_is_told_once_and_taken_when_it_is_whole(folder: Path) -> None:
    files = of(folder)
    told: list[tuple[str, str]] = []
    files.follow(lambda setting, trouble: told.append((setting, trouble)))

    (folder / "cert.pem").write_bytes(OTHER.certificate)
    during = [await shown(files(), folder) for _ in range(2)]
    (folder / "key.pem").write_bytes(OTHER.key)

    assert during == ["client", "client"]
    assert await shown(files(), folder) == "other"
    key = f"{str(folder / 'key.pem')!r}"
    assert told == [
        ("KAFKA_SSL_KEY_FILE", f"{key}: is the key of another certificate"),
        ("KAFKA_SSL_CERT_FILE, KAFKA_SSL_KEY_FILE", ""),
    ]


async def test_an_encrypted_key_and_its_pass_phrase_may_be_rotated_one_after_the_other(
    folder: Path,
) -> None:
    (folder / "key.pem").write_bytes(CLIENT.encrypted_key)
    (folder / "phrase").write_text("pass-phrase\n")
    phrase = TokenSource(path=folder / "phrase")
    files = TlsFiles(folder / "ca.pem", folder / "cert.pem", folder / "key.pem", phrase)
    before = await shown(files(), folder)
    new = AUTHORITY.issue("new", b"another phrase")

    (folder / "cert.pem").write_bytes(new.certificate)
    (folder / "key.pem").write_bytes(new.encrypted_key)
    during = await shown(files(), folder)
    (folder / "phrase").write_text("another phrase\n")

    assert (before, during, await shown(files(), folder)) == ("client", "client", "new")


def test_without_a_change_the_context_stays(folder: Path) -> None:
    files = of(folder)

    assert files() is files()


CA, CERT, KEY = "KAFKA_SSL_CA_FILE", "KAFKA_SSL_CERT_FILE", "KAFKA_SSL_KEY_FILE"
ASKS = "set KAFKA_SSL_KEY_PASSWORD or KAFKA_SSL_KEY_PASSWORD_FILE"

WRONG = {
    "the key of another certificate": (KEY, OTHER.key, "is the key of another certificate"),
    "an encrypted key": (KEY, CLIENT.encrypted_key, f"is encrypted: {ASKS}"),
    "a certificate as key": (KEY, CLIENT.certificate, "holds no private key, but: certificate"),
    "PKCS#12 as key": (KEY, CLIENT.pkcs12, "is PKCS#12: PEM is needed"),
    "junk as key": (KEY, b"junk", "is no PEM: it holds no private key"),
    "an empty key": (KEY, b"\n", "is empty"),
    "half a key": (KEY, CLIENT.key[:80], "holds a private key that is damaged or cut off"),
    "PKCS#12 as certificate": (CERT, CLIENT.pkcs12, "is PKCS#12: PEM is needed"),
    "DER as certificate": (CERT, DER, "is DER: PEM is needed"),
    "a key as certificate": (CERT, CLIENT.key, "holds no certificate, but: private key"),
    "half a certificate": (
        CERT,
        CLIENT.certificate[:200],
        "holds a certificate that is damaged or cut off",
    ),
    "an empty certificate": (CERT, b"", "is empty"),
    "junk as authority": (CA, b"junk", "is no PEM: it holds no certificate"),
    "a key store as authority": (CA, b"\xfe\xed\xfe\xed\x00", "is a Java key store: PEM is needed"),
    "a key as authority": (CA, CLIENT.key, "holds no certificate, but: private key"),
    "an empty authority": (CA, b"", "is empty"),
    "half an authority": (
        CA,
        AUTHORITY.certificate[:200],
        "holds a certificate that is damaged or cut off",
    ),
}
"""Case -> the setting whose file is wrong, what it holds, what is told."""


def environment(folder: Path, **changed: str) -> dict[str, str]:
    return {
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        CA: str(folder / "ca.pem"),
        CERT: str(folder / "cert.pem"),
        KEY: str(folder / "key.pem"),
        **changed,
    }


def line_of(environ: dict[str, str]) -> str:
    with pytest.raises(InvalidSettings) as caught:
        Settings.read(environ)
    (line,) = caught.value.lines
    return line


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_told_by_its_setting_and_what_is_wrong(folder: Path, case: str) -> None:
    setting, content, reason = WRONG[case]
    environ = environment(folder)
    file = folder / f"{setting.split('_')[2].lower()}.pem"
    file.write_bytes(content)

    assert line_of(environ) == f"{setting}: {str(file)!r}: {reason}"


def test_a_wrong_pass_phrase_is_told_and_not_shown(folder: Path) -> None:
    (folder / "key.pem").write_bytes(CLIENT.encrypted_key)

    line = line_of(environment(folder, KAFKA_SSL_KEY_PASSWORD="not-the-phrase"))

    key = f"{str(folder / 'key.pem')!r}"
    assert line == f"{KEY}: {key}: is encrypted, and KAFKA_SSL_KEY_PASSWORD does not open it"


def test_a_certificate_without_its_key_is_told(folder: Path) -> None:
    line = line_of(environment(folder, **{KEY: ""}))

    cert = f"{str(folder / 'cert.pem')!r}"
    assert line == f"{CERT}: {cert}: holds no private key: set {KEY}"


@pytest.mark.parametrize("name", [KEY, "KAFKA_SSL_KEY_PASSWORD"])
def test_a_key_without_its_certificate_is_told(folder: Path, name: str) -> None:
    line = line_of({"KAFKA_SECURITY_PROTOCOL": "SSL", name: str(folder / "key.pem")})

    assert line == f"{name}: set, but {CERT} is not"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_we_may_not_read_is_told(folder: Path) -> None:
    (folder / "key.pem").chmod(0)

    assert line_of(environment(folder)).endswith("Permission denied")


def test_certificate_and_key_may_lie_in_one_file(folder: Path) -> None:
    (folder / "cert.pem").write_bytes(CLIENT.certificate + CLIENT.key)

    assert Settings.read(environment(folder, **{KEY: ""})).kafka.tls is not None


def test_an_encrypted_key_is_opened_by_its_pass_phrase(folder: Path) -> None:
    (folder / "key.pem").write_bytes(CLIENT.encrypted_key)
    environ = environment(folder, KAFKA_SSL_KEY_PASSWORD="pass-phrase")

    assert Settings.read(environ).kafka.tls is not None


def test_the_pass_phrase_is_told_to_who_hides_secrets(folder: Path) -> None:
    (folder / "key.pem").write_bytes(CLIENT.encrypted_key)
    hidden: list[str] = []

    settings = Settings.read(environment(folder, KAFKA_SSL_KEY_PASSWORD="pass-phrase"))
    settings.hide_secrets(ConnectorSettings(), hidden.append)

    assert hidden == ["pass-phrase"]


def test_a_file_with_the_pass_phrase_that_is_unusable_is_told(folder: Path) -> None:
    (folder / "key.pem").write_bytes(CLIENT.encrypted_key)
    phrase = folder / "phrase"
    phrase.write_text("pass-phrase")
    environ = environment(folder, KAFKA_SSL_KEY_PASSWORD_FILE=str(phrase))
    kafka = Settings.read(environ).kafka
    told: list[tuple[str, str]] = []
    kafka.follow_credentials(lambda setting, trouble: told.append((setting, trouble)))
    assert kafka.tls is not None
    phrase.write_text("")

    kafka.tls()
    kafka.tls()

    assert told == [("KAFKA_SSL_KEY_PASSWORD_FILE", f"{str(phrase)!r}: the file is empty")]
