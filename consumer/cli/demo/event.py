"""Events of a generated stream."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from consumer.cli.demo.vocabulary import TRACKED, UNTRACKED

if TYPE_CHECKING:
    from random import Random

    from consumer.cli.demo.cast import User
    from consumer.cli.demo.options import Options

_BEGIN: Final = 1_704_067_200


def moment(number: int) -> str:
    """Tell the time of a record, a second after the one before it."""
    return datetime.fromtimestamp(_BEGIN + number, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Events:
    """Makes events up."""

    def __init__(self, options: Options, random: Random) -> None:
        """Draw from `random`."""
        self._options = options
        self._random = random

    def of(self, user: User, message_id: str) -> list[dict[str, Any]]:
        """Make one or two events, with the one before repeated now and then, as Hull may."""
        made = [self._event(user, message_id, position) for position in range(self._count())]
        before, user.last_event = user.last_event, made[-1]
        if before is not None and self._random.random() < self._options.repeat_share:
            return [before, *made]
        return made

    def _count(self) -> int:
        return 2 if self._random.random() < 0.2 else 1  # noqa: PLR2004 - a share

    def _event(self, user: User, message_id: str, position: int) -> dict[str, Any]:
        user.happened += 1
        names = TRACKED if self._random.random() < self._options.tracked_share else UNTRACKED
        event_id = f"{position}-{message_id[-20:]}-{message_id[:8]}"
        return {
            "event": names[user.happened % len(names)],
            "event_id": event_id,
            "created_at": _written(_BEGIN + int(message_id[-16:], 16), user.happened),
            "properties": {
                "event_id": event_id,
                "version": user.happened,
                "beta": False,
                "pages": 0,
                "referrer": None,
            },
            "context": {"ip": "203.0.113.7", "useragent": "Mozilla/5.0"},
        }


def _written(second: int, variant: int) -> str:
    at = datetime.fromtimestamp(second, UTC)
    match variant % 3:
        case 0:
            return at.strftime("%Y-%m-%d %H:%M:%S UTC")
        case 1:
            return at.isoformat()
        case _:
            return str(second)
