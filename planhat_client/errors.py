"""What can go wrong between us and Planhat, one class a remedy.

* PlanhatError
  x PlanhatUnavailable     try again later, after `retry_after` seconds: network, time-out, 5xx
    - PlanhatThrottled     the same, and go slower: 429
  x PlanhatRejected        never try again: this request will not be taken
  x PlanhatUnauthorized    stop until a person acts: the token, its rights, or the host are wrong
"""


class PlanhatError(Exception):
    """Anything between us and Planhat; the text is fit for a log."""


class PlanhatUnavailable(PlanhatError):
    """Not now; the same may work later.

    `retry_after` in seconds, None if Planhat did not say.
    """

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        """`reason` is fit for a log."""
        super().__init__(reason)
        self.retry_after = retry_after


class PlanhatThrottled(PlanhatUnavailable):
    """The quota is used up."""


class PlanhatRejected(PlanhatError):
    """Planhat understood and said no to this request."""


class PlanhatUnauthorized(PlanhatError):
    """The credential is not accepted, or lacks the right, or belongs to another region.

    `status` is what Planhat answered, None if it did not.
    """

    def __init__(self, reason: str, status: int | None = None) -> None:
        """`reason` is fit for a log."""
        super().__init__(reason)
        self.status = status
