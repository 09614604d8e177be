"""Why a post is not taken, as its caller and as the metrics are told. Pure."""

from __future__ import annotations

from typing import Final, Literal

Code = Literal[
    "INVALID_TOKEN",
    "INVALID_SIGNATURE",
    "INVALID_NOTIFICATION",
    "INVALID_EXTRACT",
    "ENTITY_TOO_LARGE",
    "TOO_SLOW",
    "BUSY",
    "KAFKA_UNAVAILABLE",
    "KEY_UNAVAILABLE",
    "EXTRACT_UNAVAILABLE",
    "STOPPING",
]

STATUS: Final[dict[Code, int]] = {
    "INVALID_TOKEN": 401,
    "INVALID_SIGNATURE": 401,
    "INVALID_NOTIFICATION": 400,
    "INVALID_EXTRACT": 400,
    "ENTITY_TOO_LARGE": 413,
    "TOO_SLOW": 408,
    "BUSY": 503,
    "KAFKA_UNAVAILABLE": 503,
    "KEY_UNAVAILABLE": 503,
    "EXTRACT_UNAVAILABLE": 503,
    "STOPPING": 503,
}


class Refused(Exception):
    """Nothing is promised for this post; the text says why, and holds nothing of it."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code = code

    @property
    def status(self) -> int:
        """The status of the answer."""
        return STATUS[self.code]
