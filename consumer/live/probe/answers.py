"""What an answer to a write, or to a read of what was written, tells. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from consumer.live.calls import SERVERS_FAULT, TOO_MANY
from consumer.live.rows import key
from schemas.planhat import BulkResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.live.probe.ground import Item
    from planhat_client.answers.heard import Heard

BAD_REQUEST: Final = 400


class Unsure(Exception):
    """An answer that says nothing about the question; the text says why."""


def sure(answer: Heard) -> Heard:
    """An answer that says something; raises Unsure for one that says nothing of the question."""
    status = answer.status
    if status is None or status >= SERVERS_FAULT or status == TOO_MANY:
        raise Unsure(answer.reason)
    return answer


def inserted(answer: Heard) -> set[str]:
    """The `_id`s of what an upsert made."""
    document = answer.document if isinstance(answer.document, dict) else {}
    entries = document.get("insertsKeys")
    ids = (
        (one.get("_id") for one in entries if isinstance(one, dict))
        if isinstance(entries, list)
        else ()
    )
    return {one for one in map(key, ids) if one}


def errors_of(answer: Heard) -> Sequence[Any]:
    """The entries that say what failed; for a refusal without any, its reason."""
    document = answer.document
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        try:
            found = BulkResult.model_validate(document).errors
        except ValidationError:
            found = ()
        if found:
            return found
    return [answer.reason] if answer.reason else []


def entry_form(answer: Heard, item: Item) -> str | None:
    """The form of an error entry, in the words of the dialect."""
    if answer.status == BAD_REQUEST and isinstance(answer.document, list):
        return "bare_list"
    errors = errors_of(answer)
    entry = errors[0] if errors and isinstance(answer.document, dict) else None
    keys = (key(item["externalId"]), key(item["email"]))
    if isinstance(entry, str):
        return "text_with_key" if any(one in entry for one in keys) else "text"
    if not isinstance(entry, dict):
        return None
    for member in ("el", "item", "index"):
        if member in entry:
            return member
    return "object" if any(key(value) in keys for value in entry.values()) else None
