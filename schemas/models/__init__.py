"""Planhat's models that we write, one row each: a new one is a file here (docs/architecture.md)."""

from typing import Final

from schemas.models.activities import ACTIVITIES
from schemas.models.companies import COMPANIES
from schemas.models.endusers import ENDUSERS
from schemas.models.licenses import LICENSES
from schemas.models.model import Model, Profile, Required

__all__ = [
    "ACTIVITIES",
    "COMPANIES",
    "ENDUSERS",
    "LICENSES",
    "MODELS",
    "PROFILES",
    "Model",
    "Profile",
    "Required",
]

MODELS: Final = {row.resource: row for row in (COMPANIES, ENDUSERS, LICENSES, ACTIVITIES)}
"""The rows; each parent before what hangs on it."""

PROFILES: Final = {row.resource: row.profile for row in MODELS.values() if row.profile}
"""What each of those is in Hull that are profiles there."""
