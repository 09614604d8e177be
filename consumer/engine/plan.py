"""From a decision to parts in lanes: what must wait for what, before it may be sent. Pure.

A user waits for its company, a licence for its company, an activity for its enduser. Whoever waits
does so in front of its lane, in its place, and holds no permit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from consumer.decide import reasons
from consumer.decide.decision import Payload, Skip
from consumer.engine.gone import GoneCompanies
from consumer.engine.identity import (
    await_contact,
    claims_of,
    drop_stale_id,
    is_contact,
    lacks_contact,
    lead,
)
from consumer.engine.lookups import Lookups, OwnerCheck
from consumer.engine.merge.barrier import Barrier
from consumer.engine.merge.merges import Merges
from consumer.engine.waits import CompanyWaits, coming_company, known_company
from consumer.lanes.memory import REMEMBERED_NAMES, Generations
from consumer.lanes.part import Closing, Part
from consumer.offsets.ticket import UNATTRIBUTED
from schemas.models import COMPANIES, ENDUSERS, MODELS
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from consumer.decide.decision import AccountDecision, Link, UserDecision
    from consumer.engine.directory import CompanyDirectory, Owners
    from consumer.lanes.lane import Lane
    from consumer.lanes.part import Ended
    from consumer.offsets.ticket import Receipt
    from schemas.connector import OnMerged

_COMPANY_KEYS = frozenset(COMPANIES.keys)
_ANYWHERE = frozenset(ENDUSERS.keys) - {"email"}
_LINKS = {name: model.link for name, model in MODELS.items()}


class Planner:
    """Puts parts into lanes and tells them when what they wait for has come.

    A company that a user needs is created with what identifies it and no more. The account lies in
    a partition of its own, so what its own messages say may be newer or older than what the user's
    message repeats: only they write the rest (docs/decisions/0002).
    """

    def __init__(
        self,
        lanes: Mapping[Resource, Lane],
        directory: CompanyDirectory,
        owners: Owners,
        company_wait_seconds: float,
        company_of: Callable[[Receipt], Payload | None],
        on_user_merged: OnMerged = "ignore",
    ) -> None:
        """The lanes and directories stay the caller's; this only puts parts into them.

        `company_of` gives the company that may be made for who is in a message.
        """
        self._lanes, self._companies = lanes, lanes[Resource.COMPANIES]
        self._endusers = lanes[Resource.ENDUSERS]
        self._activities = lanes[Resource.ACTIVITIES]
        self._directory = directory
        self._company_of = company_of
        self.owners = OwnerCheck(owners, self._companies)
        self.waits = CompanyWaits(lanes, directory, company_wait_seconds)
        self.lookups = Lookups(lanes)
        self.gone = GoneCompanies(lanes, directory, self._relink)
        self.barrier = Barrier(is_on=on_user_merged != "ignore")
        self.merges = Merges(self._endusers, self.lookups, on_user_merged, directory)
        self._events = Generations[str, bool](REMEMBERED_NAMES)
        self._planned: set[str] = set()

    def clear(self) -> None:
        """Forget who waits: their partitions were revoked."""
        self.owners.clear()
        self.waits.clear()
        self.lookups.clear()
        self.gone.clear()
        self.barrier.clear()
        self.merges.clear()
        self._planned.clear()

    def user(self, decision: UserDecision, receipt: Receipt, now: float) -> None:
        """Plan a user's message, or hold it at the barrier; the bodies are ours then."""
        if not self.barrier.is_on or not self.barrier.holds(decision, receipt, now):
            self.user_now(decision, receipt, now)

    def user_now(self, decision: UserDecision, receipt: Receipt, now: float) -> None:
        """Plan an enduser, the company it needs, and its activities."""
        if decision.link is not None and decision.link.former_external_id is not None:
            self._directory.former.note(decision.link)
        if isinstance(decision.enduser, Skip):
            receipt.skip(Resource.ENDUSERS, decision.enduser.reason)
        else:
            self._enduser(decision, decision.enduser, receipt, now)
        if not decision.activities:
            return
        # All events of a message name the same contact.
        first = decision.activities[0]
        contact = claims_of(Resource.ENDUSERS, first.key, first.body)
        for payload in decision.activities:
            part = Part(Resource.ACTIVITIES, payload.key, payload.body, contact, receipt, None)
            event_id = part.event_id = payload.event_id
            if event_id is not None:
                if event_id in self._planned or self._events.get(event_id):
                    receipt.skip(Resource.ACTIVITIES, reasons.EVENT_SENT)
                    continue
                self._planned.add(event_id)
            await_contact(part, self._endusers)
            self._activities.add(part, now)
            receipt.open += 1

    def account(self, decision: AccountDecision, receipt: Receipt, now: float) -> None:
        """Plan a company and what lists of its account hold."""
        if decision.link.former_external_id is not None:
            self._directory.former.note(decision.link)
        if isinstance(decision.company, Skip):
            receipt.skip(Resource.COMPANIES, decision.company.reason)
            return
        company = self._company(decision.company, receipt, now)
        for items in decision.lists:
            for reason in items.rejected:
                receipt.reject(reason)
            for payload in items.payloads:
                if company is None:
                    receipt.skip(items.resource, receipt.skips[-1][1])
                    continue
                claims = claims_of(items.resource, payload.key, payload.body)
                part = Part(
                    items.resource, payload.key, payload.body, claims, receipt, decision.link
                )
                self._companies.follow(company, part)
                self._lanes[items.resource].add(part, now)
                receipt.open += 1

    def follow_up(self, end: Ended, now: float) -> None:
        """A part has ended: teach the directory, and let go on what waited for it."""
        part, is_delivered = end.part, end.ending == "delivered"
        self.merges.ended(end)
        if part.resource is Resource.COMPANIES and is_delivered:
            self.waits.delivered(part, end.planhat_id, now)
        elif part.resource is Resource.ACTIVITIES:
            if part.event_id is not None:
                self._planned.discard(part.event_id)
                if is_delivered:
                    self._events.put(part.event_id, True)
            if is_delivered and lacks_contact(part, self._endusers):
                end.change = UNATTRIBUTED
        if part.followers:
            for follower in self._lanes[part.resource].followers_of(part):
                self._let_go(follower, end, now)

    def _enduser(
        self, decision: UserDecision, payload: Payload, receipt: Receipt, now: float
    ) -> None:
        body, memory = payload.body, self._endusers.memory
        replaced = drop_stale_id(body, memory.stale)
        claims = claims_of(Resource.ENDUSERS, payload.key, body)
        part = Part(Resource.ENDUSERS, payload.key, body, claims, receipt, decision.link)
        part.replaced = replaced
        reason = self._to_company(part, decision, now)
        if reason is not None:
            receipt.skip(Resource.ENDUSERS, reason)
            return
        merged = decision.merged
        is_looked_up = bool(merged) and self.merges.survives(part, merged, now)
        if decision.may_have_moved and not is_looked_up and self._is_weak(part):
            self.lookups.add(part, now)
        self._endusers.add(part, now)
        receipt.open += 1
        if self._activities.waiting:
            lead(part, self._activities, self._endusers)

    def _is_weak(self, part: Part) -> bool:
        """Whether Planhat could take who moved for another contact than it has.

        An external id counts within a company only: one of another company is another contact.
        """
        body, link = part.body, part.link
        if "externalId" not in body or "_id" in body or "sourceId" in body:
            return False
        if link is not None and self._directory.former.stays(link, body.get(ENDUSERS.link)):
            return False
        return self._endusers.memory.ids.get(part.key) is None

    def _to_company(self, part: Part, decision: UserDecision, now: float) -> str | None:
        """Name the company of an enduser, or let it wait for one; the reason if neither can be."""
        link = decision.link
        if link is None:
            # It may be anywhere, and by its e-mail address alone Planhat could make another.
            is_anywhere = not part.body.keys().isdisjoint(_ANYWHERE)
            is_found = is_anywhere or self._endusers.memory.ids.get(part.key) is not None
            return None if is_found else reasons.UNLINKED
        company = known_company(link, self._directory, self._companies)
        if company is not None:
            part.body[ENDUSERS.link] = company
            return None
        return None if self._wait_for_company(part, decision, link, now) else reasons.NO_COMPANY_ID

    def _wait_for_company(self, part: Part, decision: UserDecision, link: Link, now: float) -> bool:
        """Let an enduser wait for the company it needs; False if none can be hoped for."""
        if self.gone.waiting and self.gone.joins(part):
            return True
        coming = coming_company(self._companies, link)
        stub = decision.company_stub if coming is None else None
        if stub is not None:
            coming = self._company(stub, part.receipt, now)
        if coming is not None:
            self._companies.follow(coming, part)
            return True
        self._directory.miss()
        if link.external_id is None or link.external_id in self._directory.vain:
            return False
        self.waits.hold(part, link.external_id)
        return True

    def _company(self, payload: Payload, receipt: Receipt, now: float) -> Part | None:
        """Plan a company; None if it is skipped for its owner."""
        body = dict(payload.body)
        memory = self._companies.memory
        replaced = drop_stale_id(body, memory.stale)
        external_id = body.get("externalId")
        if external_id is not None and memory.ids.get(payload.key) is None:
            # By its new external id alone it would be created a second time.
            kept = self._directory.former.company(str(external_id))
            if kept is not None:
                memory.ids.put(payload.key, kept)
        if not body.keys() & _COMPANY_KEYS:
            # Without any key it would be created anew each time: find it by its name.
            known = self._directory.find_name(body.get("name"))
            if known is not None:
                body["_id"] = known
        reason = self.owners.check(body)
        claims = claims_of(Resource.COMPANIES, payload.key, body)
        part = Part(Resource.COMPANIES, payload.key, body, claims, receipt, None)
        part.replaced = replaced
        if reason is not None:
            if self.owners.is_vain(now):
                receipt.skip(Resource.COMPANIES, reason)
                return None
            self.owners.hold(part)
        self._companies.add(part, now)
        receipt.open += 1
        return part

    def _let_go(self, follower: Part, end: Ended, now: float) -> None:
        if follower.ended or follower.profile is None:
            return
        if isinstance(follower, Closing):
            self.merges.let_go(follower, end, now)
            return
        lane = self._lanes[follower.resource]
        if follower.resource is Resource.ACTIVITIES:
            follower.cleared = end.ending == "delivered" and is_contact(end.part, follower)
            await_contact(follower, self._endusers)
            lane.release(follower, now)
        else:
            self._let_go_to_company(follower, lane, end, now)

    def _let_go_to_company(self, follower: Part, lane: Lane, end: Ended, now: float) -> None:
        company = known_company(follower.link, self._directory, self._companies) or end.planhat_id
        is_enduser = follower.resource is Resource.ENDUSERS
        if company is None and is_enduser:
            coming = coming_company(self._companies, follower.link)
            if coming is not None:
                self._companies.follow(coming, follower)
                lane.release(follower, now)
                return
        if company is not None and (is_enduser or end.ending == "delivered"):
            follower.body[_LINKS[follower.resource]] = company
            lane.release(follower, now)
        elif is_enduser:
            lane.drop(follower, reasons.NO_COMPANY_ID, now)
        else:
            reason = end.reason if end.ending == "skipped" else reasons.COMPANY_NOT_DELIVERED
            lane.drop(follower, reason, now)

    def _relink(self, part: Part, now: float) -> bool:
        """Find another company for a part, or let it follow one that comes or is made for it."""
        found = known_company(part.link, self._directory, self._companies)
        if found is not None:
            part.body[_LINKS[part.resource]] = found
            return True
        coming = coming_company(self._companies, part.link)
        if coming is None and (payload := self._company_of(part.receipt)) is not None:
            coming = self._company(payload, part.receipt, now)
        if coming is None:
            return False
        self._companies.follow(coming, part)
        return True
