"""Endusers, licences ... whose company is not in Planhat (any more): deleted, or merged away. Pure.

Planhat ignores them, or refuses them for it. Then the id that they named is forgotten and not
believed again, the directory is read anew, and they go by the external id, to a company that is
made for them, or to their end with a reason that names the company (docs/decisions/0017).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from consumer.decide import reasons
from consumer.lanes.part import Closing
from schemas.models import MODELS
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from consumer.engine.directory import CompanyDirectory
    from consumer.lanes.lane import Lane
    from consumer.lanes.part import Part, Profile
    from consumer.offsets.record import Partition

_MOST_ROUNDS: Final = 2
"""Planhat ignores for other reasons, too: then a company found again does not help."""


class GoneCompanies:
    """Who waits for a reading of the directory because Planhat does not know its company."""

    def __init__(
        self,
        lanes: Mapping[Resource, Lane],
        directory: CompanyDirectory,
        relink: Callable[[Part, float], bool],
    ) -> None:
        """`relink` lets a part go with another company, or behind one; False if there is none."""
        self._lanes = lanes
        self._directory = directory
        self._relink = relink
        self.waiting: list[Part] = []
        self._rounds: dict[Part, int] = {}

    def clear(self) -> None:
        """Forget who waits: their partitions were revoked."""
        self.waiting.clear()
        self._rounds.clear()

    def is_gone(self, profile: Profile, now: float) -> bool:
        """Planhat took this profile's first change for one without a company.

        True: it waits now for a company, with all that name the same one; or it was to be archived
        wherever it is, and is nowhere, which ends it. False: the company was brought a moment ago,
        or this was tried before.
        """
        first = profile.parts[0]
        if first.link is None and not isinstance(first, Closing):
            lane = self._lanes[first.resource]
            lane.take_back(profile)
            lane.drop(first, reasons.UNLINKED, now)
            return True
        link = MODELS[first.resource].link
        company = first.body.get(link)
        if not isinstance(company, str) or self._directory.is_fresh(company, now):
            return False
        if self._rounds.get(first, 0) >= _MOST_ROUNDS:
            return False
        self._directory.forget(company)
        lane = self._lanes[first.resource]
        lane.take_back(profile)
        found = lane.pull(lambda one: any(part.body.get(link) == company for part in one.parts))
        for each in dict.fromkeys((profile, *found)):
            for part in each.parts:
                if part.body.get(link) == company:
                    del part.body[link]
                    self._hold(part, company)
            lane.reconsider(each, now)
        self._directory.miss()
        return True

    def works(self, company: str, now: float) -> None:
        """Planhat showed that it has this company."""
        self._directory.note_fresh(company, now)

    def joins(self, part: Part) -> bool:
        """Let a new part wait as well if it names a company that others are waiting about.

        Who ignored them may have had another reason: then the reading brings its company back.
        """
        named = part.link.planhat_id if part.link else None
        if named is None or not self._directory.stale.holds(named):
            return False
        part.waits += 1
        self.waiting.append(part)
        return True

    def companies_read(self, now: float) -> None:
        """The directory was read: all who wait go on, or end."""
        self._rounds = {part: count for part, count in self._rounds.items() if not part.ended}
        # One record after the other: what each says of its companies is read once, for all of it.
        waiting, self.waiting = sorted(self.waiting, key=_record_of), []
        for part in waiting:
            lane = self._lanes[part.resource]
            if part.ended or part.profile is None:
                continue
            if self._relink(part, now):
                lane.release(part, now)
            else:
                lane.drop(part, _reason(part), now)

    def _hold(self, part: Part, company: str) -> None:
        account = part.link.account_id if part.link else None
        memory = self._lanes[Resource.COMPANIES].memory
        if account is not None and memory.ids.get(account) in (None, company):
            memory.forget_profile(account)
        part.waits += 1
        self._rounds[part] = self._rounds.get(part, 0) + 1
        self.waiting.append(part)


def _record_of(part: Part) -> tuple[Partition, int]:
    record = part.receipt.ticket.record
    return record.partition, record.offset


def _reason(part: Part) -> str:
    link = part.link
    name = (link.external_id or link.planhat_id) if link else None
    return f"{reasons.COMPANY_GONE} {name}" if name else reasons.NO_COMPANY_ID
