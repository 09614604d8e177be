"""When to try again, and when to stop trying for a while. Pure; seconds of a steady clock."""

BASE_SECONDS = 0.5
CAP_SECONDS = 30.0


def backoff(attempt: int, random: float) -> float:
    """Seconds before try `attempt` + 1: exponential with full jitter, `random` in [0, 1).

    Full jitter spreads clients best (AWS architecture blog, "Exponential backoff and jitter").
    A small floor keeps an unlucky draw from hammering.
    """
    ceiling = min(CAP_SECONDS, BASE_SECONDS * 2.0 ** min(attempt - 1, 16))
    return max(0.05, ceiling * random)


class Breaker:
    """Stops calls to something that fails again and again, and probes it now and then."""

    def __init__(self, threshold: int) -> None:
        """Open after `threshold` failures in a row."""
        self._threshold = threshold
        self.failures = 0
        """In a row."""
        self.is_open = False
        """Nothing goes through but a probe: the smallest thing that tells something."""
        self._probe_at = 0.0
        self._pause = BASE_SECONDS

    def wait(self, now: float) -> float:
        """Seconds until something may go; 0.0 means now."""
        return max(0.0, self._probe_at - now) if self.is_open else 0.0

    def failed(self, now: float) -> None:
        """A call failed in a way that speaks against the whole."""
        self.failures += 1
        if self.failures < self._threshold:
            return
        self._pause = min(CAP_SECONDS, self._pause * 2)
        self.is_open, self._probe_at = True, now + self._pause

    def succeeded(self) -> None:
        """A call was answered."""
        self.failures = 0
        self.is_open = False
        self._pause = BASE_SECONDS
