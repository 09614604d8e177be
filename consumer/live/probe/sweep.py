"""Finds what was made, deletes it, and sees that it is gone."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import quote

from consumer.live.probe.ground import MOST_CONTACTS, NOBODYS_ID, STRAYS, is_ours
from consumer.live.rows import key, objects

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumer.live.calls import Calls
    from consumer.live.probe.ground import Ground
    from planhat_client.answers.heard import Heard

_ROUNDS: Final = 2
_PAUSE_SECONDS: Final = 1.0
_NOT_THERE: Final = 404


class Deletes(Protocol):
    """What is needed of Planhat; `RawPlanhat` offers it. Neither raises."""

    async def get(self, path: str) -> Heard:
        """Read once."""

    async def delete(self, path: str) -> Heard:
        """Delete one record."""


class Unreadable(Exception):
    """The company's contacts can't be listed, so that nothing may be made there; says why."""


async def ours(
    calls: Calls, api: Deletes, ground: Ground, made: Iterable[str] = ()
) -> dict[str, str]:
    """The external ids of what was made up and is there, by `_id`; raises Unreadable.

    `made` are `_id`s that may be of it. What does not have one of our keys is never among it.
    """
    company = quote(ground.company_id, safe="")
    path = f"endusers?companyId={company}&limit={MOST_CONTACTS}&select=_id,externalId,email"
    answer = await calls.ask(partial(api.get, path))
    if answer is None or answer.rows is None:
        raise Unreadable(calls.stopped if answer is None else answer.reason or "no list")
    if len(answer.rows) >= MOST_CONTACTS:
        raise Unreadable(f"{MOST_CONTACTS:,} contacts or more: take a company that has fewer")
    rows = objects(answer)
    known = {key(row.get("_id")) for row in rows}
    by_id = [f"endusers/{quote(one, safe='')}" for one in (NOBODYS_ID, *made) if one not in known]
    for path in (*(ground.by_key(name).path for name in STRAYS), *by_id):
        one = await calls.ask(partial(api.get, path))
        rows += [one.record] if one is not None and one.record else []
    return {
        key(row.get("_id")): key(row.get("externalId")) or key(row.get("email"))
        for row in rows
        if is_ours(row) and key(row.get("_id"))
    }


async def sweep(
    calls: Calls, api: Deletes, ground: Ground, made: Iterable[str] = ()
) -> tuple[int, dict[str, str]]:
    """Delete all that is ours; give how many that were, and what is left. Raises Unreadable."""
    left = await ours(calls, api, ground, made)
    gone: set[str] = set()
    for _ in range(_ROUNDS):
        for record_id in left:
            path = f"endusers/{quote(record_id, safe='')}"
            await calls.ask(partial(api.delete, path))
            seen = await calls.ask(partial(api.get, path))
            if seen is not None and _is_gone(seen):
                gone.add(record_id)
        left = {one: name for one, name in left.items() if one not in gone}
        if gone and not left:
            left = await ours(calls, api, ground, made)  # none may have come meanwhile
        if not left:
            break
        await asyncio.sleep(_PAUSE_SECONDS)
    return len(gone), left


def _is_gone(answer: Heard) -> bool:
    """A read that finds nothing: 404, or a success without a record."""
    return answer.status == _NOT_THERE or (not answer.reason and answer.record is None)
