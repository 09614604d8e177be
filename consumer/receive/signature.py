"""Whether a notification bears Hull's signature: a JWT by RS256 that names its id. Pure.

RSA is checked here with Python's own integers, by what RFC 8017 says of RSASSA-PKCS1-v1_5: nothing
in it is secret, and the block that must come out is compared whole.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from schemas.json_text import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

_PEM: Final = re.compile(
    r"-----BEGIN (PUBLIC KEY|RSA PUBLIC KEY|CERTIFICATE)-----([A-Za-z0-9+/=\s]+)-----END \1-----"
)
_RSA: Final = bytes.fromhex("2a864886f70d010101")
_SHA_256: Final = bytes.fromhex("3031300d060960864801650304020105000420")
"""What stands before the digest in the block that was signed."""
_BITS: Final = range(2048, 8193)
_LARGEST_EXPONENT: Final = 1 << 32
_LEEWAY_SECONDS: Final = 60.0
_SEQUENCE, _INTEGER, _BIT_STRING, _VERSION = 0x30, 0x02, 0x03, 0xA0
_LONG_FORM: Final = 0x80
_MOST_LENGTH_BYTES: Final = 3


class NoKey(ValueError):
    """The text is no RSA key that we can use; the message says why."""


class Unsigned(Exception):
    """The signature does not prove the notification; the text says why, and holds nothing of it."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public RSA key."""

    modulus: int
    exponent: int


def public_key(text: str) -> Key:
    """Read the key out of PEM: a public key, or a certificate; raises NoKey."""
    found = _PEM.search(text)
    if found is None:
        raise NoKey("is no public key in PEM, and no certificate")
    try:
        der = base64.b64decode("".join(found[2].split()), validate=True)
        key = _rsa(der) if found[1] == "RSA PUBLIC KEY" else _wrapped(der, found[1])
    except (binascii.Error, ValueError, IndexError) as error:
        raise NoKey(f"can't be read: {error}") from None
    if key.modulus.bit_length() not in _BITS or key.modulus % 2 == 0:
        raise NoKey("is no RSA key of 2048 to 8192 bits")
    if not 1 < key.exponent < _LARGEST_EXPONENT or key.exponent % 2 == 0:
        raise NoKey("has an exponent that nobody uses")
    return key


def verify(token: str, key: Key, notification_id: str, now: float) -> None:
    """Raise Unsigned unless `key` signed `token`, for this notification, and it holds at `now`."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - head, claims, signature
        raise Unsigned("is no JWT")
    head, claims = _json(parts[0]), _json(parts[1])
    if head.get("alg") != "RS256":
        raise Unsigned("is not made by RS256")
    if not _is_signed(f"{parts[0]}.{parts[1]}".encode(), _bytes(parts[2]), key):
        raise Unsigned("is not of this key")
    named = claims.get("jti")
    if not notification_id or not isinstance(named, str) or named != notification_id:
        raise Unsigned("is of another notification")
    ends, begins = claims.get("exp", now), claims.get("nbf", now)
    if not isinstance(ends, int | float) or not isinstance(begins, int | float):
        raise Unsigned("has no readable time")
    if ends + _LEEWAY_SECONDS < now or begins - _LEEWAY_SECONDS > now:
        raise Unsigned("has expired, or is not valid yet")


def _is_signed(text: bytes, signature: bytes, key: Key) -> bool:
    length = (key.modulus.bit_length() + 7) // 8
    number = int.from_bytes(signature, "big")
    if len(signature) != length or number >= key.modulus:
        return False
    found = pow(number, key.exponent, key.modulus).to_bytes(length, "big")
    end = _SHA_256 + hashlib.sha256(text).digest()
    filled = b"\xff" * (length - len(end) - 3)
    return hmac.compare_digest(found, b"\x00\x01" + filled + b"\x00" + end)


def _json(part: str) -> dict[str, Any]:
    try:
        found = read_json(_bytes(part))
    except ValueError:
        raise Unsigned("is no JWT") from None
    if not isinstance(found, dict):
        raise Unsigned("is no JWT")
    return found


def _bytes(part: str) -> bytes:
    if not re.fullmatch(r"[\w-]+", part, re.ASCII):
        raise Unsigned("is no JWT")
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        raise Unsigned("is no JWT") from None


def _wrapped(der: bytes, kind: str) -> Key:
    """The key out of a SubjectPublicKeyInfo, or out of that of a certificate (RFC 5280, 4.1)."""
    outer = _only(der, _SEQUENCE)
    if kind == "CERTIFICATE":
        _, signed = next(_elements(outer))
        fields = [one for one in _elements(signed) if one[0] != _VERSION]
        outer = fields[5][1]
    (_, algorithm), (kind_of_key, bits) = list(_elements(outer))[:2]
    if next(_elements(algorithm))[1] != _RSA or kind_of_key != _BIT_STRING or bits[0] != 0:
        raise ValueError("its key is not one of RSA")
    return _rsa(bits[1:])


def _rsa(der: bytes) -> Key:
    (kind, modulus), (other, exponent) = list(_elements(_only(der, _SEQUENCE)))[:2]
    if kind != _INTEGER or other != _INTEGER:
        raise ValueError("no integers where they should be")
    return Key(int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big"))


def _only(der: bytes, wanted: int) -> bytes:
    kind, content = next(_elements(der))
    if kind != wanted:
        raise ValueError("no sequence where one should be")
    return content


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the elements of DER in a row: kind and content; raises ValueError, IndexError."""
    at = 0
    while at < len(data):
        kind, length, at = data[at], data[at + 1], at + 2
        if length >= _LONG_FORM:
            count = length - _LONG_FORM
            if not 0 < count <= _MOST_LENGTH_BYTES:
                raise ValueError("a length that makes no sense")
            length = int.from_bytes(data[at : at + count], "big")
            at += count
        if at + length > len(data):
            raise ValueError("cut off")
        yield kind, data[at : at + length]
        at += length
    if not data:
        raise ValueError("empty")
