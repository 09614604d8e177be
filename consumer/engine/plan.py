"""From a decision to parts in lanes: what must wait for what, before it may be sent. Pure.

A user waits for its company, a licence for its company, an activity for its enduser. Whoever waits
does so in front of its lane, in its place, and holds no permit.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from consumer.decide import reasons
from consumer.decide.decision import Payload, Skip
from consumer.engine.gone import GoneCompanies
from consumer.engine.identity import claims_of, drop_stale_id, identity, is_contact
from consumer.engine.lookups import Lookups, OwnerCheck
from consumer.lanes.memory import REMEMBERED_NAMES, Generations, short
from consumer.lanes.part import Part
from consumer.offsets.ticket import UNATTRIBUTED
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from consumer.decide.decision import AccountDecision, Link, UserDecision
    from consumer.engine.directory import CompanyDirectory, Owners
    from consumer.lanes.claims import Claim
    from consumer.lanes.lane import Lane
    from consumer.lanes.part import Body, Ended
    from consumer.offsets.ticket import Receipt


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
    ) -> None:
        """The lanes and directories stay the caller's; this only puts parts into them.

        `company_of` gives the company that may be made for who is in a message.
        """
        self._lanes = lanes
        self._directory = directory
        self._owners = OwnerCheck(owners)
        self._company_wait = company_wait_seconds
        self.lookups = Lookups(lanes)
        self.gone = GoneCompanies(lanes, directory, self._relink)
        self._company_of = company_of
        self._by_company: dict[str, list[Part]] = {}
        self._by_deadline: deque[Part] = deque()
        self._events = Generations[str, bool](REMEMBERED_NAMES)
        self._planned: set[str] = set()

    def clear(self) -> None:
        """Forget who waits: their partitions were revoked."""
        self._by_company.clear()
        self._by_deadline.clear()
        self._owners.clear()
        self._planned.clear()
        self.lookups.clear()
        self.gone.clear()

    def user(self, decision: UserDecision, receipt: Receipt, now: float) -> None:
        """Plan an enduser, the company it needs, and its activities; the bodies are ours then."""
        if isinstance(decision.enduser, Skip):
            receipt.skip(Resource.ENDUSERS, decision.enduser.reason)
        else:
            self._enduser(decision, decision.enduser, receipt, now)
        if decision.activities:
            # All events of a message name the same contact.
            first = decision.activities[0]
            contact = claims_of(Resource.ENDUSERS, first.key, first.body)
            for activity in decision.activities:
                self._activity(activity, contact, receipt, now)

    def account(self, decision: AccountDecision, receipt: Receipt, now: float) -> None:
        """Plan a company and its licences."""
        if isinstance(decision.company, Skip):
            receipt.skip(Resource.COMPANIES, decision.company.reason)
            return
        company = self._company(decision.company, receipt, now)
        for _, reason in decision.rejected_licences:
            receipt.reject(reason)
        for licence in decision.licences:
            part = _part(Resource.LICENSES, licence, receipt, decision.link)
            if company is None:
                receipt.skip(Resource.LICENSES, receipt.skips[-1][1])
                continue
            self._follow(company, part)
            self._add(part, now)

    def follow_up(self, end: Ended, now: float) -> None:
        """A part has ended: teach the directory, and let go on what waited for it."""
        part = end.part
        lane = self._lanes[part.resource]
        if part.resource is Resource.COMPANIES and end.ending == "delivered":
            external_id = part.body.get("externalId")
            if isinstance(external_id, str):
                # What was not sent, as nothing had changed, is no news of Planhat.
                if part.attempts or self._directory.find(external_id) is None:
                    self._directory.learn(external_id, end.planhat_id or _id(part.body), now)
                self._company_appeared(external_id, now)
        if part.event_id is not None:
            self._planned.discard(part.event_id)
            if end.ending == "delivered":
                self._events.put(part.event_id, True)
        if part.resource is Resource.ACTIVITIES and end.ending == "delivered":
            end.change = UNATTRIBUTED if self._lacks_contact(part) else end.change
        for follower in lane.followers_of(part):
            self._let_go(follower, end, now)

    def companies_read(self, now: float) -> None:
        """The directory was read: who waited for a company in it may go."""
        for external_id in list(self._by_company):
            if self._directory.find(external_id) is not None:
                self._company_appeared(external_id, now)
        self.gone.companies_read(now)

    def owners_read(self, now: float) -> None:
        """Planhat's users were read: settle the companies whose owner was not known."""
        for part, reason in self._owners.settled():
            if reason is None:
                self._lanes[part.resource].release(part, now)
            else:
                self._lanes[part.resource].drop(part, reason, now)

    def expire(self, now: float) -> float | None:
        """Give up on companies waited for long enough; seconds until the next is due.

        Time alone is no proof: the directory must have been read meanwhile, so that an outage of
        Planhat skips nobody.
        """
        while self._by_deadline:
            part = self._by_deadline[0]
            due = part.since + self._company_wait - now
            if due > 0:
                return due
            if not part.ended and part.waits and not self._hand_over(part):
                if not self._directory.was_read_about(part.since):
                    return 1.0
                self._give_up(part, now)
            self._by_deadline.popleft()
        return None

    def awaited(self, part: Part, now: float) -> str:
        """Say what a part waits for in front of its lane."""
        match part.resource:
            case Resource.COMPANIES:
                return "its owner is unknown so far; Planhat's users are being read"
            case Resource.ACTIVITIES:
                return "its enduser goes first"
            case Resource.LICENSES:
                return "its company goes first"
            case Resource.ENDUSERS:
                external_id = part.link.external_id if part.link else None
                if external_id is None or part not in self._by_company.get(external_id, ()):
                    return "its company goes first"
                left = max(0.0, part.since + self._company_wait - now)
                return (
                    f"its company {external_id!r} is not in Planhat yet; it may take {left:.0f} s"
                    " more to appear"
                )

    def _enduser(
        self, decision: UserDecision, payload: Payload, receipt: Receipt, now: float
    ) -> None:
        drop_stale_id(payload.body, self._lanes[Resource.ENDUSERS].memory.stale)
        part = _part(Resource.ENDUSERS, payload, receipt, decision.link)
        company = self._find(decision.link)
        if company is not None:
            part.body["companyId"] = company
        elif not self.gone.joins(part) and not self._wait_for_company(part, decision, now):
            receipt.skip(Resource.ENDUSERS, reasons.NO_COMPANY_ID)
            return
        if decision.may_have_moved and self._is_named_by_external_id(part):
            self.lookups.add(part)
        self._add(part, now)
        for activity in self._lanes[Resource.ACTIVITIES].idle(part.claims):
            if not activity.cleared:
                self._follow(part, activity)

    def _is_named_by_external_id(self, part: Part) -> bool:
        """Tell whether the key by which Planhat would look counts within a company only."""
        stronger = part.body.keys() & {"_id", "sourceId"} or self.lookups.known_id(part)
        return "externalId" in part.body and not stronger

    def _wait_for_company(self, part: Part, decision: UserDecision, now: float) -> bool:
        """Let an enduser wait for the company it needs; False if none can be hoped for."""
        link = decision.link
        coming = self._coming(link)
        stub = decision.company_stub if coming is None else None
        if stub is not None:
            coming = self._company(stub, part.receipt, now)
        if coming is not None:
            self._follow(coming, part)
            return True
        self._directory.miss()
        if link.external_id is None or self._directory.is_vain(link.external_id):
            return False
        part.hold()
        self._by_company.setdefault(link.external_id, []).append(part)
        self._by_deadline.append(part)
        return True

    def _company(self, payload: Payload, receipt: Receipt, now: float) -> Part | None:
        """Plan a company; None if it is skipped for its owner."""
        body = dict(payload.body)
        drop_stale_id(body, self._lanes[Resource.COMPANIES].memory.stale)
        self._directory.name_keyless(body)
        reason = self._owners.check(body)
        part = _part(Resource.COMPANIES, Payload(payload.key, body), receipt, None)
        if reason is not None:
            if self._owners.is_vain(now):
                receipt.skip(Resource.COMPANIES, reason)
                return None
            self._owners.hold(part)
        self._add(part, now)
        return part

    def _activity(
        self, payload: Payload, contact: tuple[Claim, ...], receipt: Receipt, now: float
    ) -> None:
        part = Part(Resource.ACTIVITIES, payload.key, payload.body, contact, receipt, None)
        if payload.event_id is not None:
            if payload.event_id in self._planned or self._events.get(payload.event_id):
                receipt.skip(Resource.ACTIVITIES, reasons.EVENT_SENT)
                return
            part.event_id = payload.event_id
            self._planned.add(payload.event_id)
        self._await_contact(part)
        self._add(part, now)

    def _await_contact(self, activity: Part) -> None:
        """Let an activity wait for the newest open change of its contact, if there is any.

        Whoever names the contact may bring it into being, also another profile. The older changes
        go before the newest. If the newest comes to nothing, the newest of the rest is awaited, and
        so is one that comes before the activity has gone (`_enduser`). So it goes after a change of
        its contact that was delivered, or while none is open: Planhat would drop it in silence.
        """
        change = self._lanes[Resource.ENDUSERS].newest(activity.claims)
        if change is not None:
            self._follow(change, activity)

    def _lacks_contact(self, activity: Part) -> bool:
        """Tell whether all that is known speaks against a contact: its change came to nothing."""
        receipt = activity.receipt
        has_failed = bool(receipt.rejections) or any(
            resource is Resource.ENDUSERS and reason != reasons.NOTHING_CHANGED
            for resource, reason in receipt.skips
        )
        if activity.cleared or not has_failed:
            return False
        return not self._lanes[Resource.ENDUSERS].memory.knows(activity.key)

    def _coming(self, link: Link) -> Part | None:
        """The newest open change of the company of a link."""
        company: list[Claim] = [short(link.account_id)] if link.account_id else []
        if link.external_id is not None:
            company.append(identity("externalId", link.external_id))
        change = self._lanes[Resource.COMPANIES].newest(company)
        # One that was revoked proves nothing to us: what we need, we send behind it.
        return None if change is None or change.ended else change

    def _add(self, part: Part, now: float) -> None:
        part.receipt.open += 1
        self._lanes[part.resource].add(part, now)

    def _follow(self, leader: Part, part: Part) -> None:
        self._lanes[leader.resource].follow(leader, part)

    def _find(self, link: Link | None) -> str | None:
        if link is None:
            return None
        if link.planhat_id is not None and not self._directory.is_stale(link.planhat_id):
            return link.planhat_id
        if link.external_id is not None:
            return self._directory.find(link.external_id)
        if link.account_id is not None:
            return self._lanes[Resource.COMPANIES].memory.ids.get(link.account_id)
        return None

    def _let_go(self, follower: Part, end: Ended, now: float) -> None:
        if follower.ended or follower.profile is None:
            return
        lane = self._lanes[follower.resource]
        if follower.resource is Resource.ACTIVITIES:
            follower.cleared = end.ending == "delivered" and is_contact(end.part, follower)
            if not follower.cleared:
                self._await_contact(follower)
            lane.release(follower, now)
            return
        company = self._find(follower.link) or end.planhat_id
        coming = self._coming(follower.link) if company is None and follower.link else None
        if coming is not None and follower.resource is Resource.ENDUSERS:
            self._follow(coming, follower)
            lane.release(follower, now)
            return
        if company is not None and (
            end.ending == "delivered" or follower.resource is Resource.ENDUSERS
        ):
            follower.body["companyId"] = company
            lane.release(follower, now)
        else:
            lane.drop(follower, _why_left_behind(follower, end), now)

    def _relink(self, part: Part, now: float) -> bool:
        """Find another company for a part, or let it follow one that comes or is made for it."""
        found = self._find(part.link)
        if found is not None:
            part.body["companyId"] = found
            return True
        coming = self._coming(part.link) if part.link else None
        if coming is None and (payload := self._company_of(part.receipt)) is not None:
            coming = self._company(payload, part.receipt, now)
        if coming is None:
            return False
        self._follow(coming, part)
        return True

    def _company_appeared(self, external_id: str, now: float) -> None:
        company = self._directory.find(external_id)
        for part in self._by_company.pop(external_id, ()):
            if not part.ended:
                part.body["companyId"] = company
                self._lanes[part.resource].release(part, now)

    def _hand_over(self, part: Part) -> bool:
        """Let who waits for a company follow the change that is to bring it, if one is open."""
        external_id = part.link.external_id if part.link else None
        coming = self._coming(part.link) if part.link else None
        if external_id is None or coming is None:
            return False
        for waiting in self._by_company.pop(external_id, ()):
            if not waiting.ended:
                self._follow(coming, waiting)
                waiting.let_go()
        return True

    def _give_up(self, part: Part, now: float) -> None:
        external_id = part.link.external_id if part.link else None
        if external_id is not None:
            self._directory.give_up(external_id)
            for waiting in self._by_company.pop(external_id, ()):
                self._lanes[waiting.resource].drop(waiting, reasons.NO_COMPANY_ID, now)


def _part(resource: Resource, payload: Payload, receipt: Receipt, link: Link | None) -> Part:
    claims = claims_of(resource, payload.key, payload.body)
    return Part(resource, payload.key, payload.body, claims, receipt, link)


def _why_left_behind(follower: Part, company: Ended) -> str:
    if follower.resource is Resource.ENDUSERS:
        return reasons.NO_COMPANY_ID
    return company.reason if company.ending == "skipped" else reasons.COMPANY_NOT_DELIVERED


def _id(body: Body) -> str | None:
    found = body.get("_id")
    return found if isinstance(found, str) else None
