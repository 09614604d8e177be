"""The keys that notifications are signed with: kept for an hour, asked for anew when one fails."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from consumer.clock import loop_time
from consumer.receive.fetch import NotAllowed, NotFetched
from consumer.receive.signature import Key, NoKey, Unsigned, public_key, verify

if TYPE_CHECKING:
    from consumer.receive.fetch import Fetch

_KEPT_SECONDS: Final = 3600.0
_RENEWED_SECONDS: Final = 60.0
"""A key that fails is asked for again, if it is older than this: Hull may have a new one."""
_MOST: Final = 16


class Keys:
    """Proves notifications; one key is fetched at a time."""

    def __init__(self, fetch: Fetch, pinned: str = "") -> None:
        """`pinned` is the one key that counts, as PEM; raises NoKey."""
        self._fetch = fetch
        self._pinned = public_key(pinned) if pinned else None
        self._kept: OrderedDict[str, tuple[Key, float]] = OrderedDict()
        self._lock = asyncio.Lock()

    async def prove(self, signature: str, url: str, notification_id: str) -> None:
        """Raise Unsigned if it is not signed, NotFetched if its key can't be had just now."""
        if not signature:
            raise Unsigned("is missing")
        if self._pinned is not None:
            verify(signature, self._pinned, notification_id, time.time())
            return
        now = time.time()
        key, since = await self._key(url, signature, _KEPT_SECONDS)
        try:
            verify(signature, key, notification_id, now)
        except Unsigned:
            if loop_time() - since < _RENEWED_SECONDS:
                raise
            newer, _ = await self._key(url, signature, _RENEWED_SECONDS)
            if newer == key:
                raise
            verify(signature, newer, notification_id, now)

    async def _key(self, url: str, signature: str, kept_seconds: float) -> tuple[Key, float]:
        """Give the key of an address, and since when it is known."""
        async with self._lock:
            found = self._kept.get(url)
            if found is not None and loop_time() - found[1] < kept_seconds:
                return found
            try:
                key = public_key(await self._fetch.key(url, signature))
            except NotAllowed as error:
                raise Unsigned(f"names a key whose address {error}") from None
            except NoKey as error:
                raise NotFetched(f"what lies there {error}") from None
            found = self._kept[url] = (key, loop_time())
            self._kept.move_to_end(url)
            if len(self._kept) > _MOST:
                self._kept.popitem(last=False)
            return found
