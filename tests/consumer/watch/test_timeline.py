"""What the history says of a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.cli.history.words import lines
from consumer.history.gather import Gathered
from consumer.log import cleaner
from consumer.watch.personal import Shown
from consumer.watch.timeline import timeline
from schemas.outcome.message import Change, Outcome, Skip
from tests.consumer.history_told import NOON, value

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def told(*some: msgspec.Struct | bytes, most: int = 50, keeps: bool = False) -> dict[str, Any]:
    gathered = Gathered(["u1"])
    gathered.read(value(*some))
    shown = Shown(cleaner(keeps_emails=keeps).text, keeps_personal=keeps)
    return timeline("u1", gathered.items, shown, most)


def user(at: int = 0, **facts: Any) -> Outcome:  # noqa: ANN401 - any of its fields
    usual: dict[str, Any] = {
        "ending": "delivered",
        "channel": "user:update",
        "topic": "hull.events",
        "partition": 3,
        "offset": at,
    }
    return Outcome(at=NOON + at * 1000, hull_id="u1", **{**usual, **facts})


CONTACT = Change(
    resource="endusers",
    ending="delivered",
    change="created",
    planhat_id="5f1b",
    sent_at=NOON - 400,
    answered_at=NOON - 100,
    status=200,
    payload=msgspec.Raw(b'{"email":"jane@acme.com","firstName":"Jane","externalId":"e1"}'),
)


def test_a_profile_that_planhat_took_is_there_since_then() -> None:
    (profile,) = told(user(1, changes=(CONTACT,)))["profiles"]

    assert (profile["state"], profile["title"], profile["is_exact"]) == (
        "in_planhat",
        "In Planhat",
        True,
    )
    assert profile["since"] == "2024-10-04T12:00:01.000Z"


def test_a_profile_whose_last_change_was_skipped_says_why() -> None:
    skipped = user(
        2, ending="skipped", reason="No segment.", skips=(Skip("endusers", "No segment."),)
    )
    (profile,) = told(user(1, changes=(CONTACT,)), skipped)["profiles"]

    assert profile["state"] == "not_updated"
    assert profile["reason"] == "No segment."


def test_a_change_tells_what_planhat_answered() -> None:
    refused = Change(
        resource="endusers", ending="rejected", reason="bad", status=400, answer="it is bad"
    )
    (one,) = told(user(ending="rejected", reason="bad", changes=(refused,)))["outcomes"]

    (change,) = one["changes"]
    assert (change["status"], change["answer"], change["reason"]) == (400, "it is bad", "bad")


def test_personal_data_that_the_topic_has_in_full_is_masked_unless_it_is_wanted() -> None:
    one = user(email="jane@acme.com", changes=(CONTACT,))

    masked, full = orjson.dumps(told(one)), orjson.dumps(told(one, keeps=True))

    assert (b"jane@acme" in masked, b'"Jane"' in masked) == (False, False)
    assert (b"jane@acme" in full, b'"Jane"' in full) == (True, True)


def test_only_so_many_are_told_of_but_all_are_judged() -> None:
    some = [user(1, changes=(CONTACT,)), *(user(at, ending="skipped", reason="x") for at in (2, 3))]

    answer = told(*some, most=1)

    assert [one["offset"] for one in answer["outcomes"]] == [3]
    assert answer["profiles"][0]["title"] == "In Planhat"


@pytest.mark.parametrize(
    "facts",
    [
        {"ending": "vanished"},
        {"changes": (Change(resource="deals", ending="delivered"),)},
        {"changes": (Change(resource="endusers", ending="vanished"),)},
        {"skips": (Skip("deals", "x"),)},
        {"channel": "ship:update"},
        {"appended_at": 1 << 62, "read_at": 1 << 80},
        {"partition": 1 << 80},
        {"changes": (Change("endusers", "delivered", payload=msgspec.Raw(b"[1]")),)},
    ],
)
def test_what_a_later_version_may_tell_is_survived(facts: dict[str, Any]) -> None:
    assert list(lines(_whole(told(user(**facts), user(1, changes=(CONTACT,))))))


def test_a_line_that_lacks_its_ending_is_left_out() -> None:
    line = b'{"kind":"outcome","at":1,"hull_id":"u1","topic":"t","partition":0,"offset":0}'

    assert told(line)["outcomes"] == []


def _whole(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        **answer,
        "messages": len(answer["outcomes"]),
        "since": "2024-10-04T12:00:00.000Z",
        "gaps": [],
    }


def _texts() -> SearchStrategy[str]:
    return st.sampled_from(["", "delivered", "endusers", "user:update", "eve@evil.com"]) | st.text()


CHANGES = st.builds(
    Change,
    resource=_texts(),
    ending=_texts(),
    key=_texts(),
    reason=_texts(),
    change=_texts(),
    planhat_id=_texts(),
    sent_at=st.integers(),
    status=st.integers(),
    answer=_texts(),
    payload=st.sampled_from([b"{}", b"[", b'{"email":"eve@evil.com","a":{"b":[1e999]}}']).map(
        msgspec.Raw
    ),
)


@given(
    st.lists(
        st.builds(
            user,
            st.integers(0, 1 << 20),
            ending=_texts(),
            reason=_texts(),
            external_id=_texts(),
            email=_texts(),
            channel=_texts(),
            topic=_texts(),
            offset=st.integers(-5, 1 << 70),
            changes=st.lists(CHANGES, max_size=2).map(tuple),
        ),
        max_size=4,
    )
)
def test_whatever_the_topic_tells_there_are_lines_without_an_address(some: list[Outcome]) -> None:
    answer = told(*some)

    assert "eve@evil.com" not in "\n".join(lines(_whole(answer)))
