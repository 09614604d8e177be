"""Asks what only writing answers, and leaves nothing behind.

Contacts are made in one company, under keys that begin alike (see ground.py). They are deleted
however the questions end; a signal ends them after the call that is on its way. Who is killed
leaves them: the next run finds and deletes them first.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import quote

import orjson

from consumer.live.calls import Calls
from consumer.live.codes import Code
from consumer.live.probe.answers import Unsure, inserted
from consumer.live.probe.ground import Get, Ground, Pause, Put, Track, writable
from consumer.live.probe.questions import QUESTIONS, Refused, base
from consumer.live.probe.sweep import Deletes, Unreadable, sweep
from consumer.live.questions import PREFIX
from consumer.live.rows import key, some
from consumer.settings.findings import Finding, error, warning
from consumer.wording import plural
from planhat_client.answers.heard import Heard
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from consumer.live.probe.ground import Found, Step, Steps
    from planhat_client.limiter import Limiter
    from schemas.custom_field import CustomField

_REMEDY: Final = (
    "run `check --live --write` with the same --company again, or delete in Planhat the contacts"
    f" whose external id begins with {PREFIX}"
)
_FOR_QUESTIONS: Final = 60
_FOR_A_SWEEP: Final = 45
MOST_CALLS: Final = _FOR_QUESTIONS + 2 * _FOR_A_SWEEP
"""Calls of the quota: of the questions, and of looking and deleting before and after them."""


class Writes(Deletes, Protocol):
    """What is needed of Planhat; `RawPlanhat` offers it. None raises."""

    async def put(self, resource: Resource, items: Sequence[bytes]) -> Heard:
        """Upsert in bulk."""

    async def track(self, items: Sequence[bytes]) -> Heard:
        """Store activities in bulk."""


class Probing:
    """One run of the questions; what was `learnt`, and of what is not, `why_not`, by its member."""

    def __init__(
        self,
        api: Writes,
        limiter: Limiter,
        stop: asyncio.Event,
        pause_seconds: float = 2.0,
    ) -> None:
        """`stop` ends the questions, not the deleting."""
        self._pause_seconds = pause_seconds
        self._limiter = limiter
        self._calls = Calls(self._limiter, _FOR_QUESTIONS)
        self._api = api
        self._stop = stop
        self._made: set[str] = set()
        self.learnt: Found = {}
        self.why_not: dict[str, str] = {}

    async def run(self, company: str, fields: Iterable[CustomField]) -> list[Finding]:
        """Ask all; `company` is an external id, `fields` are the custom ones of contacts."""
        answer = await self._calls.ask(
            partial(self._api.get, f"companies/extid-{quote(company, safe='')}")
        )
        record = answer.record if answer else None
        if record is None or key(record.get("externalId")) != company:
            why = (answer.reason if answer else self._calls.stopped) or "it is not there"
            return [
                error(
                    f"Planhat: company {company!r}: {why}: nothing was written; give --company the"
                    " external id of a company made for this",
                    Code.WRITE_COMPANY,
                )
            ]
        ground = Ground(key(record.get("_id")), writable(fields), self._pause_seconds)
        before, is_swept = await self._swept(ground, Code.WRITE_EARLIER)
        if not is_swept:
            return before
        after: list[Finding] = []
        try:
            asked = await self._asked(ground)
        finally:
            after, _ = await self._swept(ground, Code.WRITE_CLEAN)
        return [*before, *asked, *after]

    async def _asked(self, ground: Ground) -> list[Finding]:
        try:
            await self._answered(base(ground))
        except (Refused, Unsure) as why:
            return [
                error(
                    f"Planhat: contacts can't be made: {why}; see that the token may write them,"
                    " and that no custom field of theirs is mandatory",
                    Code.WRITE_REFUSED,
                )
            ]
        for question, members in QUESTIONS.items():
            try:
                self.learnt |= await self._answered(question(ground))
            except Unsure as why:
                self.why_not |= dict.fromkeys(members, str(why))
        if self._stop.is_set():
            return [warning("Planhat: interrupted: not all was asked", Code.STOPPED)]
        return []

    async def _answered(self, steps: Steps) -> Found:
        """Go through the steps of a question; raises Unsure, Refused."""
        step = next(steps)
        while True:
            if self._stop.is_set():
                raise Unsure("interrupted")
            try:
                step = steps.send(await self._done(step))
            except StopIteration as end:
                found: Found = end.value
                return found

    async def _done(self, step: Step) -> Heard:
        if isinstance(step, Pause):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), step.seconds)
            return Heard(None)
        answer = await self._calls.ask(partial(self._sent, step))
        if answer is None:
            raise Unsure(self._calls.stopped)
        if isinstance(step, Put):
            self._made |= inserted(answer)
        return answer

    async def _sent(self, step: Get | Put | Track) -> Heard:
        match step:
            case Get(path):
                return await self._api.get(path)
            case Put(items):
                return await self._api.put(Resource.ENDUSERS, [*map(orjson.dumps, items)])
            case Track(items):
                return await self._api.track([*map(orjson.dumps, items)])

    async def _swept(self, ground: Ground, code: Code) -> tuple[list[Finding], bool]:
        """Delete what is ours; whether nothing is left."""
        try:
            calls = Calls(self._limiter, _FOR_A_SWEEP)
            deleted, left = await sweep(calls, self._api, ground, sorted(self._made))
        except Unreadable as why:
            return [error(f"Planhat: {why}: {_REMEDY}", Code.WRITE_LEFTOVERS)], False
        contacts = f"{deleted} {plural(deleted, 'contact')}"
        found = []
        if deleted and code is Code.WRITE_EARLIER:
            told = f"Planhat: {contacts} of a check that was killed: deleted now, and gone"
            found = [warning(told, code)]
        elif code is Code.WRITE_CLEAN:
            found = [Finding("ok", f"Planhat: {contacts} made here: deleted, and gone", code)]
        if not left:
            return found, True
        told = f"Planhat: {len(left)} {plural(len(left), 'contact')} could not be deleted"
        told += f", {some([*left.values()])}: {_REMEDY}"
        return [error(told, Code.WRITE_LEFTOVERS)], False
