"""Which companies and owners Planhat has: one call for all of them instead of a lookup a user.

Pure: both directories are told what a call brought and what our own upserts taught, and say when
they want to be read again. `now` is seconds of a steady clock.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from consumer.lanes.memory import REMEMBERED_NAMES, Generations, StaleIds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumer.decide.decision import Link
    from schemas.planhat import LeanCompany, PlanhatUser

REFRESH_SECONDS = 60.0
"""A miss asks for a refresh, but not more often than this."""

OLD_SECONDS = 900.0
"""A directory of this age is read again without a miss."""


FRESH_SECONDS = 30.0
"""A company that our own upsert brought so short ago is not taken for gone."""

EXTERNAL: Final = "extid-"
"""Before an external id, where Planhat takes an id."""

_MOST_FRESH = 1000
_MOST_DOUBLES = 5


class _Freshness:
    """When a directory was read, and when it wants to be read again."""

    def __init__(self) -> None:
        self.read_at: float | None = None
        self._tried_at = float("-inf")
        self._missed = False

    @property
    def is_loaded(self) -> bool:
        """It was read at least once."""
        return self.read_at is not None

    def miss(self) -> None:
        """Something was looked for and not found."""
        self._missed = True

    def try_now(self, now: float) -> bool:
        """Whether it is time to read it; counts as a try if so."""
        age = now - self._tried_at
        wanted = not self.is_loaded or self._missed or age >= OLD_SECONDS
        if not wanted or (self.is_loaded and age < REFRESH_SECONDS):
            return False
        self._tried_at = now
        return True

    def _note_read(self, now: float) -> None:
        self.read_at = now
        self._missed = False

    def was_read_about(self, since: float) -> bool:
        """It was read at most a refresh's distance before `since`, or after it."""
        return self.read_at is not None and self.read_at >= since - REFRESH_SECONDS


class CompanyDirectory(_Freshness):
    """The Planhat ids of companies by external id, and by name where a name is unique."""

    def __init__(self) -> None:
        """Nothing is known before the first reading."""
        super().__init__()
        self.ids: dict[str, str] = {}
        """External id -> what to write as `companyId`."""
        self._names: dict[str, str | None] = {}
        self.vain: set[str] = set()
        """External ids that were waited for in vain: for none of them again before a reading."""
        self.stale = StaleIds()
        self._learnt: dict[str, str] = {}
        self.former = FormerIds(self)
        self._fresh: OrderedDict[str, float] = OrderedDict()
        self.doubles: list[str] = []

    def __len__(self) -> int:
        """Companies with an external id."""
        return len(self.ids)

    def begin(self) -> None:
        """A reading begins: what is learnt from now on is newer than what it will tell."""
        self._learnt = {}

    def read(self, companies: Iterable[LeanCompany], now: float) -> None:
        """Replace all by what `GET /leancompanies` told, beside what our own upserts taught since.

        Of companies with one external id the one stays that was known. `doubles` names them.
        """
        before, self.ids, self._names = self.ids, {}, {}
        doubles: dict[str, None] = {}
        for company in companies:
            external_id = company.external_id
            if external_id:
                first = self.ids.get(external_id)
                if first is not None and first != company.id:
                    doubles[external_id] = None
                if first is None or before.get(external_id) != first:
                    self.ids[external_id] = company.id
            if company.name:
                known = self._names.get(company.name, company.id)
                self._names[company.name] = company.id if known == company.id else None
            self.stale.discard(company.id)
        self.doubles = list(doubles)[:_MOST_DOUBLES]
        self.ids.update(self._learnt)
        self.vain.clear()
        self._note_read(now)

    def learn(self, external_id: str, planhat_id: str | None, now: float = 0.0) -> None:
        """Our own upsert brought this company; without an id, it is addressed by its external id.

        The form `extid-...` is Planhat's (API reference, "Company", addressing).
        """
        if planhat_id is not None:
            former = self.former.settle(external_id, planhat_id)
            if former is not None:
                del self.ids[former]
                self._learnt.pop(former, None)
            self.ids[external_id] = planhat_id
            self.stale.discard(planhat_id)
        else:
            if self.stale.holds(self.ids.get(external_id)):
                del self.ids[external_id]
            self.ids.setdefault(external_id, f"{EXTERNAL}{external_id}")
        self._learnt[external_id] = self.ids[external_id]
        self.note_fresh(self.ids[external_id], now)
        self.vain.discard(external_id)

    def give_up(self, external_id: str) -> None:
        """A company was waited for in vain."""
        self.vain.add(external_id)

    def note_fresh(self, planhat_id: str, now: float) -> None:
        """Planhat showed that it has this company."""
        self._fresh[planhat_id] = now
        self._fresh.move_to_end(planhat_id)
        if len(self._fresh) > _MOST_FRESH:
            self._fresh.popitem(last=False)

    def forget(self, planhat_id: str) -> None:
        """Planhat does not know this id."""
        self.stale.add(planhat_id)
        self._fresh.pop(planhat_id, None)
        for known in (self.ids, self._learnt):
            for external_id in [name for name, found in known.items() if found == planhat_id]:
                del known[external_id]

    def is_fresh(self, planhat_id: str, now: float) -> bool:
        """Whether it was brought, or seen in an answer, a moment ago: it is not gone then."""
        return now - self._fresh.get(planhat_id, float("-inf")) < FRESH_SECONDS

    def find_name(self, name: object) -> str | None:
        """Planhat's id of the only company of that name."""
        return self._names.get(name) if isinstance(name, str) else None


class FormerIds:
    """External ids that accounts had before: by these Planhat knows their companies for a while."""

    def __init__(self, directory: CompanyDirectory) -> None:
        """No account has another id than before."""
        self._directory = directory
        self._former = Generations[str, str](REMEMBERED_NAMES)

    def note(self, link: Link) -> None:
        """An account has another external id: its company is known by the old one so far."""
        former, external_id = link.former_external_id, link.external_id
        if former is None or external_id is None or external_id in self._directory.ids:
            return
        # By which of them Planhat knows it: the last rename may be told already, or still to come.
        is_known = former in self._directory.ids
        self._former.put(external_id, former if is_known else self._former.get(former) or former)

    def company(self, external_id: str) -> str | None:
        """Planhat's id of the company, if it is known by the id before and not by this one."""
        former, ids = self._former.get(external_id), self._directory.ids
        if former is None or external_id in ids:
            return None
        found = ids.get(former)
        return None if found is None or found.startswith(EXTERNAL) else found

    def stays(self, link: Link, company: object) -> bool:
        """Whether a company is the one that the account had under the external id before."""
        former, external_id = link.former_external_id, link.external_id
        if former is None or external_id is None or self._former.get(external_id) != former:
            return False
        return self._directory.ids.get(former, company) == company

    def settle(self, external_id: str, planhat_id: str) -> str | None:
        """A company has this external id; the one that it has no more."""
        former = self._former.get(external_id)
        known = None if former is None else self._directory.ids.get(former)
        if known is None or known == planhat_id:
            return None if known is None else former
        self._former.pop(external_id)
        return None


class Owners(_Freshness):
    """Planhat's users, by id and by e-mail address."""

    def __init__(self) -> None:
        """Nobody is known before the first reading."""
        super().__init__()
        self.ids: dict[str, str] = {}
        """An id, or an e-mail address in small letters -> the id."""

    def read(self, users: Iterable[PlanhatUser], now: float) -> None:
        """Take over what `GET /users` told."""
        self.ids = {}
        for user in users:
            self.ids[user.id] = user.id
            if user.email:
                self.ids.setdefault(user.email.lower(), user.id)
        self._note_read(now)

    def find(self, value: object) -> str | None:
        """Planhat's id of the user with that id or e-mail address."""
        if not isinstance(value, str):
            return None
        return self.ids.get(value) or self.ids.get(value.strip().lower())
