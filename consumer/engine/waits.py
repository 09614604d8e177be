"""Endusers whose company is not in Planhat yet, but may still appear. Pure.

They wait until our own upsert brings it, a reading of the directory shows it, or their time is up.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from consumer.decide import reasons
from consumer.engine.identity import identity
from consumer.lanes.memory import short
from schemas.models import ENDUSERS, MODELS
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consumer.decide.decision import Link
    from consumer.engine.directory import CompanyDirectory
    from consumer.lanes.claims import Claim
    from consumer.lanes.lane import Lane
    from consumer.lanes.part import Part


class CompanyWaits:
    """Who waits, by the external id of the company; each for `seconds` at least."""

    def __init__(
        self, lanes: Mapping[Resource, Lane], directory: CompanyDirectory, seconds: float
    ) -> None:
        """Nobody waits."""
        self._companies = lanes[Resource.COMPANIES]
        self._endusers = lanes[Resource.ENDUSERS]
        self._directory = directory
        self._seconds = seconds
        self._parts: dict[str, list[Part]] = {}
        self._by_deadline: deque[Part] = deque()

    def clear(self) -> None:
        """Forget who waits: their partitions were revoked."""
        self._parts.clear()
        self._by_deadline.clear()

    def hold(self, part: Part, external_id: str) -> None:
        """Let an enduser wait."""
        part.waits += 1
        self._parts.setdefault(external_id, []).append(part)
        self._by_deadline.append(part)

    def delivered(self, part: Part, planhat_id: str | None, now: float) -> None:
        """Our own upsert brought a company, or found it there: who waited for it may go."""
        external_id = part.body.get("externalId")
        if not isinstance(external_id, str):
            return
        # What was not sent, as nothing had changed, is no news of Planhat.
        if part.attempts or external_id not in self._directory.ids:
            told = planhat_id or part.body.get("_id")
            self._directory.learn(external_id, told if isinstance(told, str) else None, now)
        if external_id in self._parts:
            self._appeared(external_id, now)

    def _appeared(self, external_id: str, now: float) -> None:
        """The directory has this company: who waited for it may go."""
        company = self._directory.ids[external_id]
        for part in self._parts.pop(external_id):
            if not part.ended:
                part.body[ENDUSERS.link] = company
                self._endusers.release(part, now)

    def companies_read(self, now: float) -> None:
        """The directory was read."""
        for external_id in list(self._parts):
            if external_id in self._directory.ids:
                self._appeared(external_id, now)

    def expire(self, now: float) -> None:
        """Give up on companies waited for long enough.

        Time alone is no proof: the directory must have been read meanwhile, so that an outage of
        Planhat skips nobody.
        """
        while self._by_deadline:
            part = self._by_deadline[0]
            if part.since + self._seconds > now:
                return
            if part.waits and not part.ended and not self._give_up(part, now):
                return
            self._by_deadline.popleft()

    def _give_up(self, part: Part, now: float) -> bool:
        """Let all who wait for its company follow a change of it, or end; False: it is too soon."""
        external_id = part.link.external_id if part.link else None
        coming = coming_company(self._companies, part.link)
        if coming is None and not self._directory.was_read_about(part.since):
            return False
        if external_id is None:
            return True
        if coming is None:
            self._directory.give_up(external_id)
        for waiting in self._parts.pop(external_id, ()):
            if coming is None:
                self._endusers.drop(waiting, reasons.NO_COMPANY_ID, now)
            elif not waiting.ended:
                self._companies.follow(coming, waiting)
                waiting.waits -= 1
        return True

    def reason(self, part: Part, now: float) -> str:
        """Say what a part waits for in front of its lane."""
        parent = MODELS[part.resource].parent
        if parent is None:
            return "its owner is unknown so far; Planhat's users are being read"
        external_id = part.link.external_id if part.link else None
        if external_id is None or part not in self._parts.get(external_id, ()):
            return f"its {MODELS[parent].singular} goes first"
        left = max(0.0, part.since + self._seconds - now)
        what = f"its company {external_id!r} is not in Planhat yet"
        return f"{what}; it may take {left:.0f} s more to appear"


def known_company(link: Link | None, directory: CompanyDirectory, companies: Lane) -> str | None:
    """Planhat's id of the company of a link, if it is known."""
    if link is None:
        return None
    if link.planhat_id is not None and not directory.stale.holds(link.planhat_id):
        return link.planhat_id
    external_id, account_id = link.external_id, link.account_id
    found = None if external_id is None else directory.ids.get(external_id)
    if found is not None:
        return found
    # An account keeps its company, whatever its external id was or is.
    found = None if account_id is None else companies.memory.ids.get(account_id)
    if found is not None and not directory.stale.holds(found):
        return found
    return None if external_id is None else directory.former.company(external_id)


def coming_company(companies: Lane, link: Link | None) -> Part | None:
    """The newest open change of the company of a link."""
    if link is None:
        return None
    claims: list[Claim] = [short(link.account_id)] if link.account_id else []
    if link.external_id is not None:
        claims.append(identity("externalId", link.external_id))
    change = companies.newest(claims)
    # One that was revoked proves nothing to us: what we need, we send behind it.
    return None if change is None or change.ended else change
