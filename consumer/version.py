"""Which version runs."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _installed
from importlib.util import find_spec


def version() -> str:
    """Return the version of the installed package; a bare source tree has none."""
    try:
        return _installed("hull-planhat")
    except PackageNotFoundError:
        return "0+source"


def is_compiled() -> bool:
    """Tell whether the core is machine code: an image's is, a source tree's is not."""
    found = find_spec("consumer.lanes.lane")
    return found is not None and not (found.origin or "").endswith(".py")
