"""Which requests the console answers: by who says where they come from, and how often. Pure.

A page of anybody's may make a browser ask us. Two things give it away: the browser names the page's
origin, and the name by which it found us, which is none of ours if its owner lets it point here.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from contextlib import suppress
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

_HOST: Final = re.compile(r"(?P<name>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]*))?")
_PORTS: Final = {"http": "80", "https": "443"}
_LOCAL: Final = "localhost"
_LONGEST: Final = 100
_OWN: Final = frozenset({"", "same-origin", "none"})


class Caller(NamedTuple):
    """What a request says of itself; empty where it says nothing."""

    host: str
    origin: str = ""
    site: str = ""
    mode: str = ""


def refusal(caller: Caller, names: Collection[str], *, is_page: bool) -> str | None:
    """Say why a request is not answered; None if it is. `names` are ours, in lower case."""
    name, _ = _parts(caller.host)
    if not _is_ours(name, names):
        shown = "".join(one if one.isprintable() else "?" for one in caller.host[:_LONGEST])
        return f"Host {shown!r} is no name of this console; if it is, add it to HTTP_ALLOWED_HOSTS"
    if caller.origin and not _is_same(caller.origin, caller.host):
        return "The page that asks is not this console: its Origin is not the Host"
    # A link from elsewhere may lead to the page, not to what is behind it.
    if caller.site not in _OWN and not (is_page and caller.mode == "navigate"):
        return "The page that asks is not this console: Sec-Fetch-Site says so"
    return None


def _is_ours(name: str, names: Collection[str]) -> bool:
    with suppress(ValueError):
        address = name.removeprefix("[").removesuffix("]")
        return name == _LOCAL or name in names or bool(ip_address(address))
    return False


def _is_same(origin: str, host: str) -> bool:
    scheme, _, rest = origin.lower().partition("://")
    default = _PORTS.get(scheme)
    if default is None:
        return False
    name, port = _parts(rest)
    own_name, own_port = _parts(host)
    return bool(name) and (name, port or default) == (own_name, own_port or default)


def _parts(host: str) -> tuple[str, str]:
    found = _HOST.fullmatch(host.strip().lower())
    if found is None:
        return "", ""
    return found["name"].removesuffix("."), found["port"] or ""


MOST_TRIES: Final = 10
"""Wrong ones in a row, from one address."""
SECONDS_A_TRY: Final = 1.0
"""After them, one more for each of so many seconds."""
_MOST_ADDRESSES: Final = 1000
_NETWORK_BITS: Final = 64


class Tries:
    """Remembers who was wrong lately; bounded."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def may_try(self, address: str, now: float) -> bool:
        """Whether a password of theirs is looked at."""
        return self._left(_network(address), now) >= 1

    def note_wrong(self, address: str, now: float) -> None:
        """It was looked at, and wrong."""
        who = _network(address)
        self._wrong[who] = (self._left(who, now) - 1, now)
        self._wrong.move_to_end(who)
        if len(self._wrong) > _MOST_ADDRESSES:
            self._wrong.popitem(last=False)

    def _left(self, who: str, now: float) -> float:
        left, since = self._wrong.get(who, (float(MOST_TRIES), now))
        return min(float(MOST_TRIES), left + (now - since) / SECONDS_A_TRY)


def _network(address: str) -> str:
    """An address, or of IPv6 its network: who has one address of that has them all."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(int(found) >> _NETWORK_BITS)
