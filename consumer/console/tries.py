"""How often a password may be tried. Pure."""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import Final

MOST_TRIES: Final = 10
"""Wrong ones in a row, from one address."""
SECONDS_A_TRY: Final = 1.0
"""After them, one more for each of so many seconds."""
_MOST_ADDRESSES: Final = 1000
_NETWORK_BITS: Final = 64


class Tries:
    """Remembers who was wrong lately; bounded."""

    def __init__(self) -> None:
        """Nobody was wrong yet."""
        self._wrong: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def may_try(self, address: str, now: float) -> bool:
        """Tell whether a password of theirs is looked at."""
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
