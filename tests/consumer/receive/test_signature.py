"""Hull's signature, made by another library than the one that checks it."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from consumer.receive.signature import NoKey, Unsigned, public_key, verify

SECRET = rsa.generate_private_key(65_537, 2048)
OTHER = rsa.generate_private_key(65_537, 2048)
NOW = 1_700_000_000.0
ID = "4ce19364-13a4-4479-82d8-5eb59fec7aaf"


def pem(key: rsa.RSAPrivateKey, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    return key.public_key().public_bytes(Encoding.PEM, form).decode()


def certificate(key: rsa.RSAPrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hull.example")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def part(document: Any) -> str:  # noqa: ANN401 - any JSON
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def jwt(
    claims: dict[str, Any], key: rsa.RSAPrivateKey = SECRET, head: dict[str, Any] | None = None
) -> str:
    text = f"{part(head or {'alg': 'RS256', 'typ': 'JWT'})}.{part(claims)}"
    signed = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{base64.urlsafe_b64encode(signed).rstrip(b'=').decode()}"


KEY = public_key(pem(SECRET))


@pytest.mark.parametrize(
    "text", [pem(SECRET), pem(SECRET, PublicFormat.PKCS1), certificate(SECRET)]
)
def test_a_key_is_read_in_each_form_that_has_one(text: str) -> None:
    assert public_key(f"some text\n{text}") == KEY


def test_a_signature_that_names_the_notification_proves_it() -> None:
    verify(jwt({"jti": ID, "exp": NOW + 1, "nbf": NOW - 1}), KEY, ID, NOW)
    verify(jwt({"jti": ID}), KEY, ID, NOW)


HALVES = jwt({"jti": ID}).split(".")


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (jwt({"jti": ID}, OTHER), "is not of this key"),
        (jwt({"jti": "another"}), "is of another notification"),
        (jwt({}), "is of another notification"),
        (jwt({"jti": ID, "exp": NOW - 61}), "has expired, or is not valid yet"),
        (jwt({"jti": ID, "nbf": NOW + 61}), "has expired, or is not valid yet"),
        (jwt({"jti": ID, "exp": "soon"}), "has no readable time"),
        (jwt({"jti": ID}, head={"alg": "none"}), "is not made by RS256"),
        (jwt({"jti": ID}, head={"alg": "HS256"}), "is not made by RS256"),
        (f"{HALVES[0]}.{part({'jti': ID, 'x': 1})}.{HALVES[2]}", "is not of this key"),
        (f"{HALVES[0]}.{HALVES[1]}.AAAA", "is not of this key"),
        (f"{HALVES[0]}.{HALVES[1]}.", "is no JWT"),
        ("", "is no JWT"),
        ("a.b.c", "is no JWT"),
        (f"{part([])}.{HALVES[1]}.{HALVES[2]}", "is no JWT"),
        (f"{HALVES[0]}+.{HALVES[1]}.{HALVES[2]}", "is no JWT"),
    ],
)
def test_any_other_proves_nothing(token: str, why: str) -> None:
    with pytest.raises(Unsigned, match=f"^{why}$"):
        verify(token, KEY, ID, NOW)


def test_a_notification_without_an_id_is_never_proven() -> None:
    with pytest.raises(Unsigned):
        verify(jwt({"jti": ""}), KEY, "", NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----",
        pem(SECRET).replace("PUBLIC KEY", "RSA PUBLIC KEY"),
        certificate(SECRET).replace("CERTIFICATE", "PUBLIC KEY"),
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode(),
        pem(rsa.generate_private_key(65_537, 1024)),  # noqa: S505 - that is the point
    ],
)
def test_what_is_no_key_of_rsa_is_refused(text: str) -> None:
    with pytest.raises(NoKey):
        public_key(text)


@given(st.binary(max_size=400), st.sampled_from(["PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE"]))
def test_noise_is_no_key_and_no_fault(noise: bytes, kind: str) -> None:
    text = base64.b64encode(noise).decode()

    with pytest.raises(NoKey):
        public_key(f"-----BEGIN {kind}-----\n{text}\n-----END {kind}-----")


@given(st.text(max_size=200))
def test_noise_is_no_signature_and_no_fault(noise: str) -> None:
    with pytest.raises(Unsigned):
        verify(noise, KEY, ID, NOW)
