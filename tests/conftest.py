"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

_WHOLE = "ci" if os.environ.get("CI") == "true" else "here"

settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("fast", settings.get_profile(_WHOLE), max_examples=20)
settings.load_profile(_WHOLE)
