"""The timestamp of a record: its producer may write any number of 64 bits. Pure."""

from typing import Final

_LAST: Final = 253_402_300_799_000
"""The last second of the year 9999, in milliseconds: no calendar goes further."""


def seconds(milliseconds: int) -> float:
    """Since 1970, within 1970 to 9999; that there is none (-1) is 1970, too."""
    if 0 <= milliseconds <= _LAST:
        return milliseconds / 1000
    return 0.0 if milliseconds < 0 else _LAST / 1000
