"""Certificates for tests: an authority, and what it issues, as PEM."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and its key."""

    certificate: bytes
    key: bytes
    encrypted_key: bytes
    pkcs12: bytes

    def write(self, folder: Path) -> None:
        """Write `cert.pem` and `key.pem`."""
        (folder / "cert.pem").write_bytes(self.certificate)
        (folder / "key.pem").write_bytes(self.key)


class Authority:
    """Signs certificates of `localhost` and 127.0.0.1."""

    def __init__(self, name: str = "authority") -> None:
        self._name = _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        ca = x509.BasicConstraints(ca=True, path_length=None)
        made = _builder(self._name, self._name, self._key.public_key())
        self.certificate = _pem(
            made.add_extension(ca, critical=True).sign(self._key, hashes.SHA256())
        )

    def issue(self, name: str, password: bytes = b"pass-phrase") -> Issued:
        """A certificate for `name`; the encrypted forms are opened by `password`."""
        key = ec.generate_private_key(ec.SECP256R1())
        hosts = x509.SubjectAlternativeName(
            [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        )
        made = _builder(_named(name), self._name, key.public_key())
        signed = made.add_extension(hosts, critical=False).sign(self._key, hashes.SHA256())
        lock = serialization.BestAvailableEncryption(password)
        return Issued(
            _pem(signed),
            _key(key, serialization.NoEncryption()),
            _key(key, lock),
            pkcs12.serialize_key_and_certificates(b"", key, signed, None, lock),
        )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer, subject, key, x509.random_serial_number(), now - _DAY, now + _DAY
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key(key: ec.EllipticCurvePrivateKey, lock: serialization.KeySerializationEncryption) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
