"""The forms in which people write the addresses of brokers. Pure."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Final

from pydantic_core import PydanticCustomError

from schemas.shown import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")

_SCHEME: Final = re.compile(r"([A-Za-z][\w+.-]*)://")
_ADDRESS: Final = re.compile(
    r"""(?: \[ (?P<literal> [0-9A-Fa-f:.]+ (?:%[\w.-]+)? ) \] | (?P<host> [\w.-]+ ) )
        (?: : (?P<port> \d+ ) )?""",
    re.VERBOSE,
)
_LAST_PORT: Final = 65_535


def protocols(text: str) -> Iterator[str]:
    """The protocols that are written before addresses, as `SASL_SSL://` is."""
    for part in _parts(text):
        found = _SCHEME.match(part)
        if found is not None:
            yield found[1].upper()


def addresses(value: object) -> object:
    """Return `host:port`, comma separated, without what people add to it; refuse the rest."""
    if not isinstance(value, str):
        return value
    if "@" in value:
        raise PydanticCustomError(
            "brokers",
            "must hold no user and no password: they go into KAFKA_SASL_USERNAME and"
            " KAFKA_SASL_PASSWORD_FILE",
        )
    found = [_address(part) for part in _parts(value)]
    if not found:
        raise PydanticCustomError("too_short", "must name at least one")
    return ",".join(found)


def _parts(text: str) -> Iterator[str]:
    """Quotes stay when Docker reads a file of settings: around all of it, or around each part."""
    for part in text.split(","):
        plain = part.strip().strip("\"'").strip()
        if plain:
            yield plain


def _address(part: str) -> str:
    scheme = _SCHEME.match(part)
    if scheme is not None and scheme[1].upper() not in PROTOCOLS:
        raise PydanticCustomError(
            "brokers",
            "{scheme} is no protocol of Kafka: write host:port, comma separated",
            {"scheme": shown(scheme[1])},
        )
    text = part[scheme.end() if scheme else 0 :].rstrip("/")
    if _is_ipv6(text) and "%" not in text:
        return text
    found = _ADDRESS.fullmatch(text)
    if found is None or not (_is_ipv6(found["literal"]) or is_host(found["host"])):
        raise PydanticCustomError(
            "brokers",
            "{part} is no address: write host:port, comma separated",
            {"part": shown(part)},
        )
    if found["port"] is not None and not 1 <= int(found["port"]) <= _LAST_PORT:
        raise PydanticCustomError(
            "brokers", "the port of {part} must be 1 to 65535", {"part": shown(part)}
        )
    return text


def _is_ipv6(text: str | None) -> bool:
    try:
        return IPv6Address(text or "").version > 0
    except ValueError:
        return False


def is_host(text: str | None) -> bool:
    """Tell whether a name can be looked up: with an empty part, or a part too long, it can't."""
    try:
        return bool((text or "").encode("idna"))
    except UnicodeError:
        return False
