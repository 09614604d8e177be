"""Whether a profile is in Planhat: judged by its messages, the profile before what hangs on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from consumer.decide import reasons
from consumer.offsets.ticket import UNATTRIBUTED
from consumer.watch.outcomes.standing import (
    DROPS_EVENTS,
    Told,
    done,
    events_only,
    says,
    standing,
    told,
)
from schemas.planhat import Resource

if TYPE_CHECKING:
    from consumer.offsets.ticket import Change, Ending

USER = "user:update"
ACCOUNT = "account:update"
CONTACT: Change = (Resource.ENDUSERS, "u", "delivered", "", "created", b"{}")
EVENT: Change = (Resource.ACTIVITIES, "u", "delivered", "", None, b"{}")
BAD_CONTACT: Change = (Resource.ENDUSERS, "u", "rejected", "400 bad", None, b"{}")
BAD_EVENT: Change = (Resource.ACTIVITIES, "u", "rejected", "too old", None, b"{}")
COMPANY: Change = (Resource.COMPANIES, "a", "delivered", "", None, b"{}")
NO_COMPANY = [(Resource.ENDUSERS, reasons.NO_COMPANY_ID)]

SENT = Told("delivered", at=5.0, is_created=True)
SENT_AGAIN = Told("delivered", at=9.0)
FILTERED = Told("skipped", reasons.CONTACT_FILTER, 7.0)
GATED = Told("skipped", reasons.NOTHING_CHANGED, 8.0)
EVENTS_ONLY = Told("skipped", reasons.NO_COMPANY_ID, 6.0, has_sent_events=True)
GATED_EVENT = Told("skipped", reasons.NOTHING_CHANGED, 8.0, has_sent_events=True)
REFUSED = Told("rejected", "400 bad", 9.0)
HELD = Told("waiting", "its company goes first")


@pytest.mark.parametrize(
    ("channel", "ending", "skips", "changes", "expected"),
    [
        (USER, "delivered", [], [CONTACT, EVENT], Told("delivered", "", 1.0, True, True)),
        (USER, "delivered", [], [], Told("delivered", "", 1.0, False, True)),
        (USER, "delivered", NO_COMPANY, [EVENT], EVENTS_ONLY),
        (USER, "delivered", NO_COMPANY, [], EVENTS_ONLY),
        (USER, "delivered", NO_COMPANY, [COMPANY], Told("skipped", reasons.NO_COMPANY_ID, 1.0)),
        (USER, "skipped", NO_COMPANY, [], Told("skipped", reasons.NO_COMPANY_ID, 1.0)),
        (USER, "rejected", [], [BAD_CONTACT], Told("rejected", "400 bad", 1.0)),
        (USER, "rejected", [], [BAD_EVENT], Told("delivered", "", 1.0)),
        (USER, "rejected", [], [], Told(None, "why", 1.0)),
        (ACCOUNT, "delivered", [], [COMPANY], Told("delivered", "", 1.0)),
        ("ship:update", "skipped", [], [], Told(None, "why")),
    ],
    ids=[
        "contact-and-event",
        "contact-whose-changes-are-not-kept",
        "event-only",
        "event-only-whose-changes-are-not-kept",
        "company-only",
        "nothing",
        "refused",
        "contact-whose-event-is-refused",
        "refused-and-nothing-kept",
        "company",
        "no-profile",
    ],
)
def test_a_message_tells_of_its_own_profile(
    channel: str,
    ending: Ending,
    skips: list[tuple[Resource, str]],
    changes: list[Change],
    expected: Told,
) -> None:
    found = told(channel, ending, "why", skips, changes, 1.0)

    if expected is EVENTS_ONLY:
        expected = Told("skipped", reasons.NO_COMPANY_ID, 1.0, has_sent_events=True)
    assert found == expected


@pytest.mark.parametrize(
    ("messages", "is_known", "state", "title", "detail"),
    [
        ([SENT], True, "in_planhat", "In Planhat", ""),
        (
            [SENT, GATED],
            True,
            "not_updated",
            "In Planhat",
            f"Its last change was not sent: {reasons.NOTHING_CHANGED}",
        ),
        (
            [SENT, REFUSED],
            True,
            "not_updated",
            "In Planhat",
            "Its last change was rejected and is in the dead letters: 400 bad",
        ),
        (
            [GATED],
            True,
            "not_updated",
            "In Planhat",
            f"Its last change was not sent: {reasons.NOTHING_CHANGED}",
        ),
        ([FILTERED, SENT], False, "in_planhat", "In Planhat", ""),
        (
            [EVENTS_ONLY],
            False,
            "not_in_planhat",
            "Not in Planhat",
            f"{reasons.NO_COMPANY_ID} Its events were sent. {DROPS_EVENTS}",
        ),
        (
            [FILTERED, GATED],
            False,
            "not_in_planhat",
            "Not in Planhat",
            reasons.CONTACT_FILTER,
        ),
        (
            [REFUSED],
            False,
            "not_in_planhat",
            "Not in Planhat",
            "Rejected, it is in the dead letters: 400 bad",
        ),
        (
            [GATED_EVENT],
            False,
            "unknown",
            "Not known whether it is in Planhat",
            f"{reasons.NOTHING_CHANGED} Its events were sent. {DROPS_EVENTS}",
        ),
        ([], False, "unknown", "Not known whether it is in Planhat", ""),
        ([], True, "in_planhat", "In Planhat", ""),
        (
            [HELD, GATED],
            False,
            "waiting",
            "On its way",
            "Waiting: its company goes first.",
        ),
        (
            [SENT, HELD],
            False,
            "waiting",
            "In Planhat",
            "A change is on its way. Waiting: its company goes first.",
        ),
    ],
    ids=[
        "sent",
        "sent-then-gated",
        "sent-then-refused",
        "gated-and-known-by-its-id",
        "filtered-then-sent",
        "events-only",
        "filtered-then-gated",
        "refused",
        "gated-with-an-event",
        "nothing-remembered",
        "known-by-its-id",
        "waits",
        "sent-and-a-change-waits",
    ],
)
def test_a_profile_is_judged_before_its_events(
    messages: list[Told],
    is_known: bool,  # noqa: FBT001 - a table
    state: str,
    title: str,
    detail: str,
) -> None:
    found = standing(messages, is_known=is_known)

    assert (found.state, found.title, found.detail) == (state, title, detail)


def test_it_is_there_since_the_first_that_is_remembered() -> None:
    found = standing([SENT, SENT_AGAIN, GATED], is_known=True)
    later = standing([SENT_AGAIN], is_known=True)

    assert (found.since, found.is_exact) == (5.0, True)
    assert (later.since, later.is_exact) == (9.0, False)


@pytest.mark.parametrize(
    ("channel", "ending", "one", "said"),
    [
        (USER, "delivered", SENT, "Planhat accepted it."),
        (
            USER,
            "delivered",
            EVENTS_ONLY,
            "Only its events were sent, the contact itself was not: No company id present.",
        ),
        (
            USER,
            "rejected",
            SENT,
            "Planhat accepted the contact, but not everything that belongs to it: too old",
        ),
        (
            ACCOUNT,
            "rejected",
            SENT,
            "Planhat accepted the company, but not everything that belongs to it: too old",
        ),
        (USER, "skipped", FILTERED, "too old"),
        ("", "rejected", Told(None), "too old"),
    ],
)
def test_a_message_is_told_in_a_sentence(
    channel: str, ending: Ending, one: Told, said: str
) -> None:
    assert says(channel, ending, "too old", one) == said


def test_an_event_that_planhat_may_have_dropped_is_told_as_such() -> None:
    assert done(UNATTRIBUTED) == (
        "sent, but Planhat may have dropped it: it may not know the contact"
    )
    assert (done("created"), done(None)) == ("created", "sent")
    assert events_only("Why.").startswith("Only its events are sent, the contact itself is not: ")
