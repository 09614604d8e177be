"""The generated stream."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest

from consumer.cli.demo import reading, vocabulary, workload
from consumer.cli.demo.options import Options
from consumer.cli.demo.reading import Foreign, Told
from schemas.connector import ConnectorSettings

if TYPE_CHECKING:
    from consumer.cli.demo.message import Produced

OPTIONS = Options(users=300, accounts=60, records=3_000, seed=4)


@pytest.fixture(scope="module")
def records() -> list[Produced]:
    return list(workload.generate(OPTIONS))


def told(records: list[Produced]) -> list[tuple[Produced, Told]]:
    return [
        (record, message)
        for record in records
        for _, message in reading.messages(record)
        if isinstance(message, Told)
    ]


def test_the_same_seed_gives_the_same_stream(records: list[Produced]) -> None:
    assert list(workload.generate(OPTIONS)) == records
    assert list(workload.generate(replace(OPTIONS, seed=5))) != records


def test_as_many_records_come_as_are_asked_for(records: list[Produced]) -> None:
    assert len(records) == 3_000


def test_versions_never_fall_in_the_order_of_a_profile(records: list[Produced]) -> None:
    seen: dict[str, list[int]] = defaultdict(list)
    for _, message in told(records):
        entity = message.user or message.account
        seen[entity["id"]].append(entity["stream/version"])

    assert len(seen) > 300
    assert all(versions == sorted(versions) for versions in seen.values())


def test_the_version_rises_whenever_something_mapped_changes(records: list[Produced]) -> None:
    last: dict[str, int] = {}
    for _, message in told(records):
        changes = (message.changes or {}).get("user", {})
        hull_id = message.user.get("id", "")
        if "product/logins_30d" in changes:
            assert message.user["stream/version"] > last.get(hull_id, 0)
        if message.user:
            last[hull_id] = message.user["stream/version"]


def test_records_have_the_hull_id_of_their_profile_as_key(records: list[Produced]) -> None:
    for record, message in told(records):
        hull_id = (message.user or message.account)["id"]
        is_guest = hull_id.startswith("5d25f6ce0f6b1168e1")
        assert is_guest or record.key == hull_id.encode()


def test_what_users_say_of_an_account_is_never_newer_than_its_own_messages_before(
    records: list[Produced],
) -> None:
    seats: dict[str, int] = {}
    for _, message in told(records):
        account = message.account
        if message.user and account.get("id") in seats:
            assert account["billing/seats"] == seats[account["id"]]
        elif not message.user:
            seats[account["id"]] = account["billing/seats"]


def test_all_three_spellings_occur(records: list[Produced]) -> None:
    users = [orjson.loads(record.value or b"{}") for record in records if good(record)]

    assert any("traits_stream/version" in user.get("user", {}) for user in users)
    assert any("stream/version" in user.get("user", {}) for user in users)
    assert any("stream" in user.get("user", {}) for user in users)


def good(record: Produced) -> bool:
    return any(isinstance(message, Told) for _, message in reading.messages(record))


def test_bad_input_of_every_kind_occurs(records: list[Produced]) -> None:
    read = [message for record in records for _, message in reading.messages(record)]
    reasons = {message.reason for message in read if isinstance(message, Foreign)}

    assert reasons == {"tombstone", "unsupported channel"}
    assert sum(message is None for message in read) > 30


def test_envelopes_hold_bad_messages_among_good_ones(records: list[Produced]) -> None:
    mixed = 0
    for record in records:
        read = [message for _, message in reading.messages(record)]
        mixed += None in read and any(isinstance(message, Told) for message in read)

    assert mixed > 5


def test_a_user_message_weighs_about_what_it_should() -> None:
    options = replace(OPTIONS, value_bytes=2_000, bad_share=0.0, account_share=0.0)

    sizes = [len(record.value or b"") for record in workload.generate(options)]

    assert 1_700 < sum(sizes) / len(sizes) < 2_400


def test_one_big_value_comes_where_it_is_asked_for() -> None:
    options = replace(OPTIONS, records=20, big_value_bytes=900_000)

    sizes = [len(record.value or b"") for record in workload.generate(options)]

    assert [size > 900_000 for size in sizes].count(True) == 1


def test_seeded_companies_are_named_by_their_planhat_id() -> None:
    ids = {seed["externalId"]: f"id of {seed['externalId']}" for seed in workload.seeds(OPTIONS)}

    messages = [message for _, message in told(list(workload.generate(OPTIONS, ids)))]

    named = {message.account.get("planhat/id") for message in messages if message.user}
    assert ids
    assert named - {None} == set(ids.values())


def test_the_connector_settings_are_accepted() -> None:
    text = orjson.dumps(vocabulary.connector_settings()).decode()

    settings = ConnectorSettings.from_text(text, "the test")

    assert settings.contact_events == vocabulary.TRACKED
