"""All contacts gone through once, for many who wait to be looked up. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from consumer.engine.merge.choice import Ask
    from consumer.lanes.part import Part
    from schemas.planhat import Enduser


class Listing:
    """Who wants which contacts, and which were found; addresses are the same in any case."""

    def __init__(self, wanted: Mapping[Part, Sequence[Ask]]) -> None:
        """Nothing is gone through yet."""
        self._found: dict[Part, dict[str, Enduser]] = {part: {} for part in wanted}
        self._parts: dict[Ask, list[Part]] = {}
        for part, asks in wanted.items():
            for key, value in asks:
                name = (key, value.lower() if key == "email" else value)
                self._parts.setdefault(name, []).append(part)

    def page(self, rows: Iterable[Enduser]) -> None:
        """Look at some of the contacts."""
        for row in rows:
            self._note(row, ("_id", row.id))
            if row.external_id is not None:
                self._note(row, ("externalId", row.external_id))
            if row.email is not None:
                self._note(row, ("email", row.email.lower()))

    def rows_of(self, part: Part) -> list[Enduser]:
        """The contacts that were found for one of them, each once."""
        return list(self._found[part].values())

    def _note(self, row: Enduser, name: Ask) -> None:
        for part in self._parts.get(name, ()):
            self._found[part][row.id] = row
