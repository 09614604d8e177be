"""Who flies again after an answer, with whom, and when. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from consumer.lanes.batch import Group
from planhat_client.answers.verdict import IGNORED, Proven, Suspect, Unproven
from planhat_client.protocol import Partial
from planhat_client.retry import backoff
from schemas.models import MODELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.lanes.batch import Batch
    from consumer.lanes.lane import Lane
    from consumer.lanes.part import Profile
    from planhat_client.answers.verdict import Verdict
    from planhat_client.protocol import Delivered, Retry


class Companies(Protocol):
    """Who knows about the companies that profiles name."""

    def is_gone(self, profile: Profile, now: float) -> bool:
        """Planhat took this profile for one without a company; True: it waits for one now."""

    def works(self, company: str, now: float) -> None:
        """Planhat showed that it has this company."""


def pause(batch: Batch, answer: Retry, random: float) -> float:
    """Seconds until a batch that failed is sent again."""
    return max(backoff(batch.failures + 1, random), answer.retry_after or 0.0)


def park_halves(lane: Lane, group: Group, now: float) -> None:
    """Let profiles fly again in two groups: what is bad comes to stand alone."""
    middle = (len(group.profiles) + 1) // 2
    for half in (group.profiles[:middle], group.profiles[middle:]):
        if half:
            lane.park(Group(half, group.failures, group.failed_at, group.refused), now)


def note_companies(
    companies: Companies, batch: Batch, found: Sequence[Verdict], now: float
) -> None:
    """Tell whose company is there, although others may have been ignored for theirs."""
    link = MODELS[batch.resource].link
    for body, verdict in zip(batch.bodies, found, strict=True):
        company = body.get(link)
        if isinstance(verdict, Proven) and isinstance(company, str):
            companies.works(company, now)


def company_of(profile: Profile) -> str:
    """The company that a profile names; empty if it names none."""
    first = profile.parts[0]
    return str(first.body.get(MODELS[first.resource].link, ""))


def is_ignored(answer: Delivered | Partial) -> bool:
    """Whether nothing in the request was taken, and nothing is said against it."""
    result = answer.result
    if result is None or isinstance(answer, Partial) or answer.is_whole:
        return False
    return result.is_counted and not result.succeeded and not result.errors


def worst(own: Sequence[Verdict]) -> Verdict:
    """The first of them that is no proof, if there is one."""
    return next((verdict for verdict in own if not isinstance(verdict, Proven)), own[0])


def misses_company(reason: str) -> bool:
    """Whether Planhat may miss a company: whose company that is, it ignores, or says so."""
    return reason == IGNORED or "company" in reason.lower()


def certain_reason(verdict: Suspect | Unproven, answer: Delivered | Partial) -> str | None:
    """Why a profile of a batch was not taken, if that is as certain as of one that flew alone."""
    if not verdict.is_certain:
        return None
    if isinstance(verdict, Unproven) and answer.result is not None and not answer.result.errors:
        return IGNORED
    return verdict.reason
