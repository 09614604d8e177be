"""Prints what each line of a file is decided to be, exactly: as `repr`, with the JSON of payloads.

Run as a process of its own, so that it can be the compiled core or the plain one.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from consumer.decide.decide import decide
from consumer.decide.decision import Payload, UserDecision
from consumer.decide.message import AccountMessage, Messages, UserMessage
from consumer.decide.parse import parse
from consumer.decide.rules import Rules
from consumer.lanes.payload import is_named, to_json
from consumer.version import is_compiled
from schemas.connector import ConnectorSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.decide.decision import Decision

DATA = Path(__file__).parents[1] / "data"


def told(value: bytes, rules: Rules) -> Iterator[str]:
    """One line for each thing that a record says."""
    parsed = parse(value)
    if not isinstance(parsed, Messages):
        yield repr(parsed)
        return
    for message in parsed.messages:
        yield repr(message)
        if isinstance(message, UserMessage | AccountMessage):
            yield from _decided(decide(message, rules))


def _decided(decision: Decision) -> Iterator[str]:
    if isinstance(decision, UserDecision):
        activities, skipped = decision.activities, decision.skipped_events
        yield repr((decision.hull_id, decision.external_id, decision.email, decision.link))
        yield repr((decision.enduser, decision.company, decision.company_stub, activities, skipped))
        yield repr(decision.may_have_moved)
        found = [decision.enduser, decision.company, *activities]
    else:
        yield repr(decision)
        yield repr([(items.resource, items.rejected) for items in decision.lists])
        found = [decision.company, *[one for items in decision.lists for one in items.payloads]]
    for payload in found:
        if isinstance(payload, Payload):
            yield f"{is_named(payload.body)!r} {to_json(payload.body)!r}"


if __name__ == "__main__":
    settings = ConnectorSettings.from_text((DATA / "connector.yaml").read_text("utf-8"), "settings")
    compiled = Rules.compile(settings)
    sys.stdout.write("compiled\n" if is_compiled() else "plain\n")
    for line in Path(sys.argv[1]).read_bytes().splitlines():
        sys.stdout.write("\n".join(told(line, compiled)) + "\n")
