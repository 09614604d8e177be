"""docs/security.md names each bound with its number, and where it is; both must be so."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

PAGE: Final = Path(__file__).parent.parent / "docs" / "security.md"
_ROW: Final = re.compile(r"^\| .+ \| (?P<said>[^|]+) \| `(?P<place>[\w.]+)` \|$", re.MULTILINE)
_SAID: Final = re.compile(r"(?P<number>[\d,]+)(?P<unit> KiB| MiB| s| min| h)?")
_UNITS: Final = {None: 1, " KiB": 1 << 10, " MiB": 1 << 20, " s": 1, " min": 60, " h": 3600}


def bounds() -> list[tuple[str, str]]:
    return [(row["place"], row["said"]) for row in _ROW.finditer(PAGE.read_text("utf-8"))]


@pytest.mark.parametrize(("place", "said"), bounds())
def test_a_bound_is_what_the_page_says(place: str, said: str) -> None:
    module, _, name = place.rpartition(".")
    found = _SAID.match(said)
    assert found is not None

    bound = getattr(import_module(module), name)

    assert int(found["number"].replace(",", "")) * _UNITS[found["unit"]] == bound


def test_the_page_has_bounds() -> None:
    assert len(bounds()) >= 15
