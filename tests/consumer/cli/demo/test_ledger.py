"""Each difference between what must be and what is gets a line."""

from __future__ import annotations

from typing import Any

from consumer.cli.demo.ledger import Ledger, Rejected, differences
from consumer.cli.demo.profile import Account, User
from consumer.watch.report import Tally

ACME = Account(1, "inside")
ADA = User(1, (ACME, ACME), "external")


def ledger() -> Ledger:
    found = Ledger()
    found.planhat["companies"]["acme"] = {"externalId": "acme", "name": "Acme"}
    found.planhat["endusers"]["u-1"] = {"company": "acme", "custom": {"version": 3}}
    found.planhat["licenses"]["L-1"] = {"company": "acme", "mrr": 5}
    found.happen(ADA, "e1", "Signed in", 0.0)
    return found


def sandbox() -> dict[str, list[dict[str, Any]]]:
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
    assert differences(ledger(), Tally(), sandbox(), []) == []


def test_each_difference_is_told_in_a_line() -> None:
    found = sandbox()
    found["companies"][0]["name"] = "Globex"
    found["endusers"][0]["custom"]["version"] = 2
    found["licenses"].clear()
    found["activities"] = [activity("e1"), activity("e1"), activity("e9")]

    assert differences(ledger(), Tally(), found, []) == [
        "companies acme: name is 'Globex', should be 'Acme'",
        "endusers u-1 custom: version is 2, should be 3",
        "licenses L-1: 0, should be 1",
        "activities e1: 2, should be 1",
        "activities e9: 1, should be 0",
    ]


def test_an_enduser_elsewhere_or_twice_is_told() -> None:
    found = sandbox()
    found["companies"].append({"_id": "d", "externalId": "globex"})
    found["endusers"][0]["companyId"] = "d"
    found["endusers"].append(found["endusers"][0])

    assert differences(ledger(), Tally(), found, []) == [
        "companies globex: 1, should be 0",
        "endusers u-1: 2, should be 1",
        "endusers u-1: company is 'globex', should be 'acme'",
    ]


def test_an_event_that_came_before_its_contact_is_told_even_if_it_came_again() -> None:
    found = sandbox()
    found["dropped"] = [{"reason": "nobody is there", "event": activity("e1")}]

    assert differences(ledger(), Tally(), found, []) == ["activities e1: came before its contact"]


def test_dead_letters_are_compared_one_by_one() -> None:
    wanted = ledger()
    wanted.reject(b"bad")
    wanted.reject(b"bad", 2)
    tally = Tally()
    tally.messages["rejected"] = 2

    assert differences(wanted, tally, sandbox(), [Rejected(b"bad", None), Rejected(b"x", 0)]) == [
        "dead letter b'bad', 2: 0, should be 1",
        "dead letter b'x', 0: 1, should be 0",
    ]


def test_a_message_that_has_no_end_or_two_is_told() -> None:
    wanted = ledger()
    wanted.endings["delivered"] = 2
    wanted.skips["user", "why"] += 1
    tally = Tally()
    tally.messages.update({"delivered": 3, "skipped": 1})

    assert differences(wanted, tally, sandbox(), []) == [
        "messages delivered: 3, should be 2",
        "messages skipped: 1, should be 0",
        "skipped user, why: 0, should be 1",
    ]


def test_a_company_that_only_a_user_told_of_has_its_name_alone() -> None:
    found = Ledger()

    is_sent = found.enter(ADA, "")

    assert is_sent
    assert found.planhat["companies"] == {
        "acme-1": {"externalId": "acme-1", "name": "Acme 1 (0)", "custom": {}}
    }
    assert found.planhat["endusers"]["u-1"]["company"] == "acme-1"


def test_an_account_speaks_for_its_company_before_its_users_do() -> None:
    found = Ledger()
    account = Account(1, "inside", version=5)

    found.enter(account, "")
    found.enter(User(1, (account, account), "external"), "")

    assert found.planhat["companies"]["acme-1"]["custom"] == {"Plan": "Scale", "version": 5}


def test_a_profile_that_is_skipped_must_not_be_in_planhat() -> None:
    found = Ledger()

    is_sent = found.enter(ADA, "why")

    assert not is_sent
    assert not found.planhat
    assert found.skips == {("user", "why"): 1}
