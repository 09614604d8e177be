"""What is known of companies and owners, and when it wants to be read again."""

from __future__ import annotations

import pytest

from consumer.engine.directory import OLD_SECONDS, REFRESH_SECONDS, CompanyDirectory, Owners
from schemas.planhat import LeanCompany, PlanhatUser


def company(number: int, **members: object) -> LeanCompany:
    row = {"_id": f"c{number}", "externalId": f"a-{number}", "name": f"Account {number}"}
    return LeanCompany.model_validate({**row, **members})


def loaded(*companies: LeanCompany, now: float = 0.0) -> CompanyDirectory:
    directory = CompanyDirectory()
    assert directory.try_now(now)
    directory.read(companies, now)
    return directory


def test_one_reading_finds_all_companies() -> None:
    directory = loaded(company(1), company(2), company(3, externalId=""))

    assert len(directory) == 2
    assert directory.ids.get("a-2") == "c2"
    assert directory.ids.get("") is None


def test_our_own_upserts_are_known_before_the_next_reading() -> None:
    directory = loaded()
    directory.learn("a-1", "c1")
    directory.learn("a-2", None)

    assert directory.ids.get("a-1") == "c1"
    assert directory.ids.get("a-2") == "extid-a-2"


def test_an_id_that_is_known_is_not_lost_to_an_answer_without_one() -> None:
    directory = loaded(company(1))
    directory.learn("a-1", None)

    assert directory.ids.get("a-1") == "c1"


def test_a_reading_keeps_what_an_upsert_taught_meanwhile() -> None:
    directory = loaded()
    directory.learn("a-1", "c1")

    directory.read([company(2)], 1.0)

    assert directory.ids.get("a-1") == "c1"


def test_a_name_finds_a_company_only_if_no_other_has_it() -> None:
    directory = loaded(company(1), company(2, name="Same"), company(3, name="Same"))

    assert directory.find_name("Account 1") == "c1"
    assert directory.find_name("Same") is None
    assert directory.find_name(None) is None


def test_who_was_waited_for_in_vain_has_another_chance_after_a_reading_or_an_upsert() -> None:
    directory = loaded()
    for external_id in ("a-1", "a-2"):
        directory.vain.add(external_id)
    directory.learn("a-1", "c1")

    assert "a-1" not in directory.vain
    assert "a-2" in directory.vain
    directory.read([], 60.0)
    assert "a-2" not in directory.vain


@pytest.mark.parametrize("kind", [CompanyDirectory, Owners])
def test_nothing_is_read_again_without_a_miss_before_it_is_old(
    kind: type[CompanyDirectory | Owners],
) -> None:
    one = kind()
    assert one.try_now(0.0)
    one.read([], 0.0)

    assert not one.try_now(OLD_SECONDS - 1.0)
    assert one.try_now(OLD_SECONDS)


@pytest.mark.parametrize("kind", [CompanyDirectory, Owners])
def test_however_many_misses_ask_for_one_reading_a_minute(
    kind: type[CompanyDirectory | Owners],
) -> None:
    one = kind()
    one.try_now(0.0)
    one.read([], 0.0)
    readings = 0
    for second in range(600):
        one.miss()
        if one.try_now(float(second)):
            readings += 1
            one.read([], float(second))

    assert readings == 600 // REFRESH_SECONDS - 1


def test_until_the_first_reading_succeeds_each_try_is_one() -> None:
    directory = CompanyDirectory()

    assert directory.try_now(0.0)
    assert directory.try_now(1.0)
    assert not directory.is_loaded


@pytest.mark.parametrize("value", ["u1", "ann@example.com", " Ann@Example.COM "])
def test_an_owner_is_found_by_id_and_by_address(value: str) -> None:
    owners = Owners()
    owners.read([PlanhatUser.model_validate({"_id": "u1", "email": "Ann@example.com"})], 0.0)

    assert owners.find(value) == "u1"


@pytest.mark.parametrize("value", ["", "nobody", None, 5, ["u1"], {}])
def test_anybody_else_is_no_owner(value: object) -> None:
    owners = Owners()
    owners.read([PlanhatUser.model_validate({"_id": "u1"})], 0.0)

    assert owners.find(value) is None


def test_an_owner_who_left_is_forgotten_with_the_next_reading() -> None:
    owners = Owners()
    owners.read([PlanhatUser.model_validate({"_id": "u1"})], 0.0)
    owners.read([PlanhatUser.model_validate({"_id": "u2"})], 60.0)

    assert owners.find("u1") is None


def row(planhat_id: str, external_id: str) -> LeanCompany:
    return LeanCompany.model_validate({"_id": planhat_id, "externalId": external_id})


def test_a_reading_replaces_what_was_known_but_for_what_was_learnt_meanwhile() -> None:
    directory = CompanyDirectory()
    directory.read([row("1", "a"), row("2", "b")], 0.0)
    directory.learn("c", "3", 10.0)
    directory.begin()
    directory.learn("d", "4", 20.0)

    directory.read([row("1", "a")], 30.0)

    assert [directory.ids.get(name) for name in "abcd"] == ["1", None, None, "4"]


def test_of_two_companies_with_one_external_id_the_known_one_stays_and_it_is_told() -> None:
    directory = CompanyDirectory()
    directory.read([row("1", "a")], 0.0)

    directory.read([row("0", "a"), row("1", "a"), row("2", "a")], 60.0)

    assert directory.ids.get("a") == "1"
    assert directory.doubles == ["a"]


def test_an_id_that_failed_is_not_believed_until_a_reading_shows_it() -> None:
    directory = CompanyDirectory()
    directory.read([row("1", "a")], 0.0)

    directory.forget("1")

    assert (directory.ids.get("a"), directory.stale.holds("1")) == (None, True)
    directory.read([row("1", "a")], 60.0)
    assert (directory.ids.get("a"), directory.stale.holds("1")) == ("1", False)
