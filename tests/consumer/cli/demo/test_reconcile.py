"""How differences are told."""

from __future__ import annotations

from typing import Any

from consumer.cli.demo.expectation import Activity, Company, Enduser, Expectation, Rejected
from consumer.cli.demo.reconcile import bounded, differences, miscounted, misplaced


def expectation() -> Expectation:
    return Expectation(
        companies={"acme": Company({"externalId": "acme", "name": "Acme"})},
        endusers={"u-1": Enduser("acme", {"externalId": "u-1", "custom": {"version": 3}})},
        licences={("acme", "L-1"): {"mrr": 5}},
        activities={"e1": Activity("Signed in", "u-1", 0.0)},
        strays={"e2"},
    )


def state() -> dict[str, list[dict[str, Any]]]:
    return {
        "companies": [{"_id": "c", "externalId": "acme", "name": "Acme"}],
        "endusers": [
            {"_id": "e", "externalId": "u-1", "companyId": "c", "custom": {"version": 3, "x": 1}}
        ],
        "licenses": [{"_id": "l", "externalId": "L-1", "companyId": "c", "mrr": 5}],
        "activities": [activity("e1")],
        "dropped": [],
    }


def activity(event_id: str) -> dict[str, Any]:
    return {
        "action": "Signed in",
        "enduserId": "e",
        "date": "1970-01-01T00:00:00Z",
        "info": {"event_id": event_id},
    }


def test_what_is_as_it_must_be_has_no_differences() -> None:
    assert differences(expectation(), state()) == []


def test_a_stray_event_may_be_there() -> None:
    found = state()
    found["activities"].append(activity("e2"))

    assert differences(expectation(), found) == []


def test_each_difference_is_told_in_a_line() -> None:
    found = state()
    found["companies"][0]["name"] = "Globex"
    found["endusers"][0]["custom"]["version"] = 2
    found["licenses"].clear()
    found["activities"] = [activity("e1"), activity("e1"), activity("e9")]

    assert differences(expectation(), found) == [
        "company acme: name is 'Globex', should be 'Acme'",
        "enduser u-1 custom: version is 2, should be 3",
        "licence acme, L-1: missing",
        "activity e9: should not be there",
        "activity e1: is there 2 times",
    ]


def test_an_enduser_elsewhere_or_twice_is_told() -> None:
    found = state()
    found["companies"].append({"_id": "d", "externalId": "globex"})
    found["endusers"][0]["companyId"] = "d"
    found["endusers"].append(found["endusers"][0])

    assert differences(expectation(), found) == [
        "company globex: should not be there",
        "enduser u-1: is there more than once",
        "enduser u-1: is in globex, should be in acme",
    ]


def test_an_event_that_came_before_its_contact_is_told_even_if_it_came_again() -> None:
    found = state()
    found["dropped"] = [{"reason": "nobody is there", "event": activity("e1")}]

    assert differences(expectation(), found) == ["activity e1: was dropped, as nobody is there"]


def test_activities_may_repeat_after_a_crash() -> None:
    found = state()
    found["activities"].append(activity("e1"))

    assert differences(expectation(), found, may_repeat=True) == []


def test_a_company_that_only_users_told_of_may_lack_fields_but_not_have_others() -> None:
    expected = expectation()
    expected.companies["acme"].fields |= {"phase": "Renewal"}
    expected.companies["acme"].by_user = True
    found = state()

    lacking = differences(expected, found)
    found["companies"][0]["phase"] = "Adoption"

    assert lacking == []
    assert differences(expected, found) == [
        "company acme: phase is 'Adoption', should be 'Renewal'"
    ]


def test_dead_letters_are_compared_one_by_one() -> None:
    expected = expectation()
    expected.rejected.update([Rejected(b"bad", None), Rejected(b"bad", 2)])

    assert misplaced(expected, [Rejected(b"bad", None), Rejected(b"fine", None)]) == [
        "not in the dead letters: position 2 of b'bad'",
        "wrongly in the dead letters: position None of b'fine'",
    ]


def test_counts_are_compared_by_name() -> None:
    assert miscounted("skipped", {("user", "why"): 1}, {("user", "why"): 2, "x": 1}) == [
        "skipped user, why: 2, should be 1",
        "skipped x: 1, should be 0",
    ]


def test_only_the_first_differences_are_listed() -> None:
    assert bounded(["a", "b", "c"], 2) == ["a", "b", "... and 1 more"]
