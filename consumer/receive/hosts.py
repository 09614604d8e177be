"""Which addresses that a caller names may be asked: none but those of hosts that are set. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection

_HTTPS: Final = 443
_LONGEST: Final = 8192


def why_not(url: str, allowed: Collection[str]) -> str:
    """Say why an address may not be asked, "" if it may; `allowed` are `host` or `host:port`.

    What counts is the host's name and its certificate: where the name leads is for who set it. So
    no address that a caller chose is ever connected to.
    """
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or "\\" in url:
        return "is no plain URL"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _HTTPS
    except ValueError:
        return "is no URL"
    if parts.scheme != "https":
        return "is not https"
    if parts.username is not None or parts.password is not None:
        return "holds a login"
    place = host.lower() if port == _HTTPS else f"{host.lower()}:{port}"
    return "" if host and place in allowed else "is of a host that RECEIVE_HOSTS does not name"
