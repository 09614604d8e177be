"""A local Planhat that behaves as its documentation says, for the demo and for tests.

It shares no code with the client, so that the two can't share a mistake, and it keeps count of
what a client must not do: see docs/sandbox.md.
"""

from planhat_client.sandbox.faults import Fault, Refusal
from planhat_client.sandbox.http.server import SandboxServer, serve
from planhat_client.sandbox.options import (
    LatencyOptions,
    QuotaOptions,
    SandboxOptions,
    WitnessOptions,
    read_dialect,
)
from planhat_client.sandbox.sandbox import Sandbox

__all__ = [
    "Fault",
    "LatencyOptions",
    "QuotaOptions",
    "Refusal",
    "Sandbox",
    "SandboxOptions",
    "SandboxServer",
    "WitnessOptions",
    "read_dialect",
    "serve",
]
