"""What Kafka refuses us until a person acts: told once a minute, and forgotten when it is over."""

from __future__ import annotations

from typing import Final

import structlog

from consumer.log.repeats import Repeats

_log = structlog.get_logger("consumer.kafka")

HOLD_SECONDS: Final = 20.0
"""How long a refusal counts: whatever is refused is tried again sooner than this."""


class Blocked:
    """The refusals of late, by their words: few, as they name a topic or the group."""

    def __init__(self) -> None:
        self._refused: dict[str, float] = {}
        self._repeats = Repeats()

    def note(self, reason: str, now: float) -> None:
        """Kafka has just refused us this."""
        if self._repeats.is_due(reason, now):
            _log.error("kafka.refused", reason=reason)
        self._refused[reason] = now

    def reason(self, now: float) -> str | None:
        """All that is refused now; None if nothing is."""
        over = [one for one, at in self._refused.items() if now - at > HOLD_SECONDS]
        for one in over:
            del self._refused[one]
            self._repeats.forget(one)
            _log.info("kafka.goes_on", reason=one)
        return "; ".join(self._refused) or None
