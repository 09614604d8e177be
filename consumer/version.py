"""Which version runs."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _installed


def version() -> str:
    """Return the version of the installed package; a bare source tree has none."""
    try:
        return _installed("hull-planhat")
    except PackageNotFoundError:
        return "0+source"
