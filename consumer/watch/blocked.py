"""What Kafka refuses us until a person acts: told once a minute, and forgotten when it is over."""

from __future__ import annotations

from typing import Final

import structlog

_log = structlog.get_logger("consumer.kafka")

HOLD_SECONDS: Final = 20.0
"""How long a refusal counts: whatever is refused is tried again sooner than this."""

_SAY_AGAIN_SECONDS: Final = 60.0


class Blocked:
    """The refusals of late, by their words: few, as they name a topic or the group."""

    def __init__(self) -> None:
        """Nothing is refused."""
        self._refused: dict[str, tuple[float, float]] = {}

    def note(self, reason: str, now: float) -> None:
        """Kafka has just refused us this."""
        _, said_at = self._refused.get(reason, (now, float("-inf")))
        if now - said_at >= _SAY_AGAIN_SECONDS:
            said_at = now
            _log.error("kafka.refused", reason=reason)
        self._refused[reason] = now, said_at

    def reason(self, now: float) -> str | None:
        """All that is refused now; None if nothing is."""
        over = [one for one, (at, _) in self._refused.items() if now - at > HOLD_SECONDS]
        for one in over:
            del self._refused[one]
            _log.info("kafka.goes_on", reason=one)
        return "; ".join(self._refused) or None
