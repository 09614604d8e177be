"""Users that Hull merged with others: which contact is kept, and how the others end. Pure.

The survivor waits in its place until contacts of all concerned were looked up. The others end after
it was delivered, and only then (docs/decisions/0022).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from consumer.decide import reasons
from consumer.engine.directory import EXTERNAL
from consumer.engine.identity import drop_stale_id, identity
from consumer.engine.merge.choice import Keys, Survivor, asks, choose
from consumer.engine.merge.removals import Removals
from consumer.lanes.memory import short
from consumer.lanes.part import Closing
from consumer.lanes.payload import merge
from planhat_client.answers.verdict import IGNORED
from planhat_client.endusers import says_missing
from schemas.models import ENDUSERS
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.decide.life.merge import Losers
    from consumer.engine.directory import CompanyDirectory
    from consumer.engine.lookups import Lookups
    from consumer.engine.merge.choice import Ask
    from consumer.lanes.claims import Claim
    from consumer.lanes.lane import Lane
    from consumer.lanes.part import Change, Ended, Part
    from schemas.connector import OnMerged
    from schemas.planhat import Enduser


GONE: Final = "gone"
"""What was done of a contact that was to be archived, and was deleted meanwhile."""


class _Open:
    """What is looked up for a survivor: losers by their keys, and `named` by their Hull ids.

    `own` is what the last answer told of its contact before the merge.
    """

    __slots__ = ("is_asked", "lost", "named", "own")

    def __init__(self, lost: Keys, named: list[str], own: str | None) -> None:
        self.lost = lost
        self.named = named
        self.own = own
        self.is_asked = False


class Merges:
    """The merges that are planned and not final."""

    def __init__(
        self, endusers: Lane, lookups: Lookups, policy: OnMerged, directory: CompanyDirectory
    ) -> None:
        """No merge is known; `endusers` is where the survivors go."""
        self._endusers = endusers
        self._directory = directory
        self._lookups = lookups
        self._policy = policy
        self.survivors: dict[str, Part] = {}
        """The newest merge that is not final of each survivor, by its Hull id."""
        self._open: dict[Part, _Open] = {}
        self._closing: set[str] = set()
        self.removals = Removals(endusers)

    def clear(self) -> None:
        """Forget all: their partitions were revoked."""
        self.survivors.clear()
        self._open.clear()
        self._closing.clear()
        self.removals.clear()

    def survives(self, part: Part, losers: Losers, now: float) -> bool:
        """Plan a merge, before its part joins the lane; False if it goes without a look-up."""
        memory = self._endusers.memory
        own = memory.ids.get(part.key)
        # What answers taught of the survivor's id may be of before.
        memory.forget_profile(part.key)
        if self._policy == "ignore":
            self.survivors[part.key] = part
            return False
        named = [one.hull_id for one in losers if one.hull_id is not None]
        lost = Keys(
            self._known(named),
            [one.external_id for one in losers if one.external_id is not None],
            [one.email for one in losers if one.email is not None],
        )
        # Behind all older changes of the losers, whoever brings them.
        part.claims = tuple(dict.fromkeys((*part.claims, *_claims(losers, lost))))
        if not self._joins(part, lost, named):
            self.survivors[part.key] = part
            self._open[part] = _Open(lost, named, own)
            self._lookups.add(part, now, goes_last=True)
        return True

    def _joins(self, part: Part, lost: Keys, named: list[str]) -> bool:
        """Let a merge go with the one before it of the same user, if they will fly as one.

        Apart, whoever takes over would send the older one again after the newer one.
        """
        earlier = self.survivors.get(part.key)
        found = None if earlier is None else self._open.get(earlier)
        if earlier is None or found is None or found.is_asked or part.waits:
            return False
        profile, claims = earlier.profile, self._endusers.claims
        if profile is None or claims.last(short(part.key)) is not profile:
            return False
        if not claims.can_extend(profile, part.claims):
            return False
        found.lost.add(lost)
        found.named += named
        return True

    def asks(self, part: Part) -> list[Ask] | None:
        """Which contacts a merge concerns; None: it is none."""
        found = self._open.get(part)
        if found is None:
            return None
        found.is_asked = True
        # Of the losers' changes that were open before answers told the ids meanwhile.
        found.lost.ids |= self._known(found.named)
        return asks(_survivor(_flying(part), self._directory), found.lost)

    def _known(self, named: Sequence[str]) -> frozenset[str]:
        """What answers told of the losers' ids."""
        ids = self._endusers.memory.ids
        known = [ids.get(hull_id) for hull_id in named]
        return frozenset([planhat_id for planhat_id in known if planhat_id is not None])

    def found(self, part: Part, rows: Sequence[Enduser], now: float) -> list[Enduser]:
        """These are they: choose, and let the survivor go. Gives those that may be somebody else's.

        Without rows, as where Planhat could not tell, it goes by its keys.
        """
        one = self._open.pop(part, None)
        if one is None or part.ended:
            return []
        flying = _flying(part)
        choice = choose(rows, _survivor(flying, self._directory, one.own), one.lost)
        keep = choice.keep
        if keep is not None:
            body = merge(flying, len(flying))
            for each in flying:
                each.body.pop("_id", None)
            self._endusers.memory.stale.discard(keep.id)
            is_in_use = not all(row.archived for row in choice.ends)
            if keep.archived and (is_in_use or keep.external_id != body.get("externalId")):
                # Else nobody would be in use any more. Its own messages may say otherwise.
                part.body.setdefault("archived", False)
        for row in choice.ends:
            is_over = row.id in self._closing or (row.archived and self._policy == "archive")
            if not is_over:
                self._close(part, row, now)
        self._lookups.found(part, None if keep is None else keep.id, now)
        return choice.left

    def ended(self, end: Ended) -> None:
        """A change ended: what it taught of a survivor that is still to go is not believed."""
        part = end.part
        if isinstance(part, Closing):
            self._closing.discard(part.key)
            _name_end(end, part)
        if not self.survivors:
            return
        survivor = self.survivors.get(part.key)
        if survivor is part:
            del self.survivors[part.key]
            self._open.pop(part, None)
        elif survivor is not None and part.resource is Resource.ENDUSERS:
            found = self._open.get(survivor)
            if found is not None and end.ending == "delivered":
                found.own = end.planhat_id
            self._endusers.memory.forget_profile(part.key)

    def let_go(self, closing: Closing, end: Ended, now: float) -> None:
        """The survivor ended: so does a contact, if it was delivered."""
        if end.ending != "delivered":
            self._endusers.drop(closing, reasons.SURVIVOR_NOT_SENT, now)
            return
        self._closing.add(closing.key)
        if closing.change == "deleted":
            self.removals.add(closing)
        else:
            self._endusers.release(closing, now)

    def _close(self, survivor: Part, row: Enduser, now: float) -> None:
        """Plan the end of a contact behind its survivor."""
        lane = self._endusers
        claims = [short(row.id), identity("_id", row.id)]
        if row.external_id is not None:
            claims.append(identity("externalId", row.external_id))
        if row.email is not None:
            claims.append(identity("email", row.email))
        change: Change = "deleted" if self._policy == "delete" else "archived"
        closing = Closing(row.id, tuple(claims), survivor.receipt, change)
        # Hull may still name it by this id: from now on other keys decide.
        lane.memory.stale.add(row.id)
        for profile in lane.claims.queue(identity("_id", row.id)):
            for part in profile.parts[profile.flying :]:
                drop_stale_id(part.body, lane.memory.stale)
        lane.follow(survivor, closing)
        lane.add(closing, now)
        survivor.receipt.open += 1


def _flying(part: Part) -> list[Part]:
    """A merge, and the later changes of its profile that fly with it."""
    profile = part.profile
    found = [part]
    if profile is None:
        return found
    for each in profile.parts[profile.parts.index(part) + 1 :]:
        if each.waits:
            break
        found.append(each)
    return found


def _survivor(flying: list[Part], directory: CompanyDirectory, own: str | None = None) -> Survivor:
    get = merge(flying, len(flying)).get
    company = get(ENDUSERS.link)
    if isinstance(company, str) and company.startswith(EXTERNAL):
        # By it a company is addressed whose id was not told; rows have the id.
        told = directory.ids.get(company.removeprefix(EXTERNAL), company)
        company = None if told.startswith(EXTERNAL) else told
    return Survivor(get("_id"), get("externalId"), get("email"), company, own)


def _claims(losers: Losers, lost: Keys) -> list[Claim]:
    found: list[Claim] = [short(one.hull_id) for one in losers if one.hull_id is not None]
    found += [identity("_id", planhat_id) for planhat_id in sorted(lost.ids)]
    found += [identity("externalId", external_id) for external_id in sorted(lost.external_ids)]
    found += [identity("email", email) for email in sorted(lost.emails)]
    return found


def _name_end(end: Ended, closing: Closing) -> None:
    """Say what was done to a contact; one that is not there any more is as it should be."""
    if end.ending == "delivered":
        end.change = closing.change
    elif end.reason != reasons.SURVIVOR_NOT_SENT and (
        end.ending == "skipped" or end.reason == IGNORED or says_missing(end.reason)
    ):
        end.ending, end.reason, end.change = "delivered", "", GONE
