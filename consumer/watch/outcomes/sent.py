"""What was sent, masked as the console masks it, as JSON. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from consumer.watch.personal import ids_of

if TYPE_CHECKING:
    from consumer.watch.personal import Shown
    from schemas.planhat import Resource


class Sent:
    """Masks objects as they were sent."""

    def __init__(self, shown: Shown) -> None:
        """`shown` knows what is personal."""
        self._shown = shown

    def __call__(self, resource: Resource, sent: bytes, hull_id: str, external_id: str) -> bytes:
        """The object `sent` of a profile with those ids; they stay as they are in it."""
        shown = self._shown.payload(resource, orjson.loads(sent), ids_of((), hull_id, external_id))
        return orjson.dumps(shown)
