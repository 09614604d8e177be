"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_WHOLE = "ci" if os.environ.get("CI") == "true" else "here"

# A busy machine is no fault of a test: nothing is judged by the clock.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("here"), derandomize=True, print_blob=True)
settings.register_profile("fast", settings.get_profile(_WHOLE), max_examples=20)
settings.load_profile(_WHOLE)
