"""A client of Planhat's API that survives any answer, and never asks for more than the quota."""

from planhat_client.client import Planhat
from planhat_client.errors import (
    PlanhatError,
    PlanhatRejected,
    PlanhatThrottled,
    PlanhatUnauthorized,
    PlanhatUnavailable,
)

__all__ = [
    "Planhat",
    "PlanhatError",
    "PlanhatRejected",
    "PlanhatThrottled",
    "PlanhatUnauthorized",
    "PlanhatUnavailable",
]
