"""The plain reading by itself, and whoever judges by it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.lives.hull import Hull
from tests.lives.judging import judge
from tests.lives.people import Account, Person
from tests.lives.reading import Reading, Settings
from tests.lives.test_hull import SEEDS, lived

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY = st.builds(
    Settings,
    st.sampled_from(["ignore", "archive", "delete"]),
    st.sampled_from(["keep", "archive"]),
    st.sampled_from(["ignore", "archive"]),
)
ENDING = Settings(on_user_merged="archive", on_user_unlinked="archive", on_segment_left="archive")


def two() -> Hull:
    """Two users of one account: user-0 known by both keys, user-1 by its address."""
    hull = Hull(Random(0))
    account = Account(0, "a-0", "a0.example")
    hull.accounts.append(account)
    hull._tell_account(account, {"version": [None, 1]}, is_new=True)
    for number, key in enumerate(("u-0", None)):
        person = Person(number, key, f"u{number}@example.com", account)
        account.people.add(person)
        hull.living.append(person)
        hull._tell(person, user={"id": [None, person.hull_id]}, is_new=True)
    return hull


def read(hull: Hull, rules: Settings = ENDING) -> Reading:
    reading = Reading(rules)
    reading.read(hull.messages)
    return reading


def held(reading: Reading) -> dict[str, Any]:
    """What Planhat would hold if all went as it was read."""
    companies = [
        {
            "_id": f"c-{account}",
            "externalId": keys[-1][1],
            "custom": {"version": reading.companies.get(account)},
        }
        for account, keys in reading.keys.items()
    ]
    endusers = []
    for hull_id, one in reading.contacts.items():
        row = {
            "_id": f"e-{hull_id}",
            "companyId": f"c-{one.account}",
            "externalId": one.external_id,
            "email": one.email,
            "archived": one.is_archived,
            "custom": {"hull": hull_id, "version": one.version},
        }
        # An account that was merged keeps its company.
        if companies and one.account not in reading.keys:
            continue
        endusers.append({name: value for name, value in row.items() if value is not None})
    there = {row["_id"] for row in endusers}
    activities = []
    for number, hull_id in reading.events.items():
        holders = [hull_id, *reading.survivors(hull_id)]
        at = next((f"e-{one}" for one in holders if f"e-{one}" in there), "e-gone")
        activities.append({"enduserId": at, "info": {"id": number}})
    return {"companies": companies, "endusers": endusers, "activities": activities}


def test_who_was_merged_is_ended_by_who_survives() -> None:
    hull = two()
    hull.join(*hull.living)

    assert read(hull).ended == {"user-1": "user-0"}
    assert read(hull).contacts.keys() == {"user-0"}
    assert read(hull, Settings()).contacts.keys() == {"user-0", "user-1"}


@pytest.mark.parametrize("goes", [Hull.leave, Hull.unlink])
def test_who_leaves_is_archived_if_the_settings_say_so(goes: Callable[[Hull], None]) -> None:
    hull = two()
    hull.living = hull.living[:1]
    goes(hull)

    assert read(hull).contacts["user-0"].is_archived
    assert not read(hull, Settings()).contacts["user-0"].is_archived


@pytest.mark.parametrize(
    ("goes", "comes"), [(Hull.leave, Hull.back), (Hull.unlink, Hull.link)], ids=["filter", "link"]
)
def test_who_comes_again_is_there_as_it_is_now(
    goes: Callable[[Hull], None], comes: Callable[[Hull], None]
) -> None:
    hull = two()
    hull.living = hull.living[:1]
    goes(hull)
    comes(hull)

    contact = read(hull).contacts["user-0"]
    assert (contact.is_archived, contact.version) == (False, hull.living[0].version)


def test_what_nobody_maps_changes_nothing() -> None:
    hull = two()
    before = read(hull).contacts
    hull.touch()

    assert read(hull).contacts == before


def test_a_user_may_be_at_a_company_under_each_key_that_it_had_since() -> None:
    hull = two()
    hull.rekey()
    reading = read(hull)
    since = reading.contacts["user-0"].since

    assert reading.keys_since("account-0", 1) == {"a-0", "a-0-1"}
    assert reading.keys_since("account-0", since) == {"a-0-1"}


def test_of_the_forgotten_nothing_is_read() -> None:
    reading = read(two())
    reading.forget(["user-0"])

    assert reading.contacts.keys() == {"user-1"}
    assert reading.forgotten == {"user-0"}


@settings(max_examples=examples(50))
@given(SEEDS, EVERY)
def test_nothing_is_found_where_all_went_as_it_was_read(seed: int, rules: Settings) -> None:
    reading = read(lived(seed), rules)

    assert judge(held(reading), reading).wrong == []


@settings(max_examples=examples(100))
@given(SEEDS, st.data())
def test_whatever_is_spoilt_is_found(seed: int, data: st.DataObject) -> None:
    reading = read(lived(seed), ENDING)
    state = held(reading)
    # Whoever was merged and not ended may be there or not.
    live = [
        row
        for row in state["endusers"]
        if not row["archived"] and row["custom"]["hull"] not in reading.merged_into
    ]
    row = data.draw(st.sampled_from(live))
    spoil = data.draw(st.sampled_from(["lost", "twice", "archived", "old", "elsewhere", "event"]))
    if spoil == "lost":
        state["endusers"].remove(row)
    elif spoil == "twice":
        state["endusers"].append(row | {"_id": "second"})
    elif spoil == "archived":
        row["archived"] = True
    elif spoil == "old":
        row["custom"] = row["custom"] | {"version": 0}
    elif spoil == "elsewhere":
        row["companyId"] = "another"
    else:
        state["activities"].append({"enduserId": row["_id"], "info": {"id": "event-0"}})

    assert judge(state, reading).wrong != []
