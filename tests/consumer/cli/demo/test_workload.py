"""The demo's stream, and whether each message says what the ledger has of it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from consumer.cli.demo import vocabulary
from consumer.cli.demo.workload import Options, Produced, Stream
from consumer.decide import reasons
from consumer.decide.decide import decide
from consumer.decide.decision import AccountDecision, Skip
from consumer.decide.message import AccountMessage, Messages, UserMessage
from consumer.decide.parse import parse
from consumer.decide.rules import Rules
from schemas.connector import ConnectorSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

OPTIONS = Options(users=300, accounts=60, records=3_000, seed=4)
SETTINGS = ConnectorSettings.from_text(
    orjson.dumps(vocabulary.connector_settings()).decode(), "the test"
)


@pytest.fixture(scope="module")
def records() -> list[Produced]:
    return list(Stream(OPTIONS).records())


def told(records: list[Produced]) -> Iterator[tuple[Produced, UserMessage | AccountMessage]]:
    for each in records:
        parsed = parse(each.value, each.headers)
        for message in parsed.messages if isinstance(parsed, Messages) else ():
            if isinstance(message, UserMessage | AccountMessage):
                yield each, message


def test_the_same_seed_gives_the_same_stream(records: list[Produced]) -> None:
    assert list(Stream(OPTIONS).records()) == records
    assert list(Stream(replace(OPTIONS, seed=5)).records()) != records


def test_as_many_records_come_as_are_asked_for(records: list[Produced]) -> None:
    assert len(records) == 3_000


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_rules_of_the_service_agree_with_the_ledger(seed: int) -> None:
    rules = Rules.compile(SETTINGS)
    stream = Stream(replace(OPTIONS, seed=seed))

    found = skips(list(stream.records()), rules)

    later = {reasons.INVALID_OWNER, reasons.NO_COMPANY_ID, reasons.EVENT_SENT}
    unread = {reasons.TOMBSTONE, reasons.UNSUPPORTED_CHANNEL}
    skipped = stream.ledger.skips.items()
    assert found == {key: count for key, count in skipped if key[1] not in later | unread}


def skips(records: list[Produced], rules: Rules) -> Counter[tuple[str, str]]:
    """Skips that need to know nothing of Planhat."""
    found: Counter[tuple[str, str]] = Counter()
    for _, message in told(records):
        decision = decide(message, rules)
        if isinstance(decision, AccountDecision):
            if isinstance(decision.company, Skip):
                found["account", decision.company.reason] += 1
            continue
        found.update(("user_event", skip.reason) for _, skip in decision.skipped_events)
        if isinstance(decision.enduser, Skip):
            found["user", decision.enduser.reason] += 1
    return found


def test_versions_never_fall_in_the_order_of_a_profile(records: list[Produced]) -> None:
    seen: dict[str, list[int]] = defaultdict(list)
    for each in records:
        for entity in entities(each):
            seen[entity["id"]].append(version(entity))

    assert len(seen) > 300
    assert all(versions == sorted(versions) for versions in seen.values())


def test_records_have_the_hull_id_of_their_profile_as_key(records: list[Produced]) -> None:
    for each in records:
        ids = [entity["id"] for entity in entities(each)]
        assert not ids or each.key == ids[0].encode()


def entities(record: Produced) -> list[dict[str, Any]]:
    """Entities that a record is about."""
    if record.key == b"bad":
        return []
    document = orjson.loads(record.value or b"")
    messages = document.get("messages", [document])
    found = [message.get("user", message.get("account")) for message in messages]
    return [each for each in found if isinstance(each, dict)]


def version(entity: dict[str, Any]) -> int:
    stream = entity.get("stream")
    nested = stream["version"] if isinstance(stream, dict) else None
    found: int = nested or entity.get("traits_stream/version") or entity["stream/version"]
    return found


def test_all_three_spellings_occur(records: list[Produced]) -> None:
    names = {name for each in records for entity in entities(each) for name in entity}

    assert {"traits_stream/version", "stream/version", "stream"} <= names


def test_bad_input_of_every_kind_occurs(records: list[Produced]) -> None:
    bad = [each for each in records if each.key == b"bad"]

    assert any(each.value is None for each in bad)
    assert len({re.sub(rb"\d", b"", each.value or b"") for each in bad}) == 9


def test_envelopes_hold_bad_messages_among_good_ones() -> None:
    stream = Stream(OPTIONS)
    list(stream.records())

    assert sum(rejected.position == 1 for rejected in stream.ledger.rejected) > 5


def test_every_message_has_an_end_in_the_ledger(records: list[Produced]) -> None:
    stream = Stream(OPTIONS)
    list(stream.records())

    documents = [each for each in records if each.key != b"bad"]
    count = sum(len(orjson.loads(each.value or b"").get("messages", [1])) for each in documents)
    assert stream.ledger.endings.total() == count + len(records) - len(documents)


def test_a_user_message_weighs_about_what_real_ones_do(records: list[Produced]) -> None:
    sizes = [len(each.value or b"") for each in records if b'"user"' in (each.value or b"")]

    assert 1_700 < sum(sizes) / len(sizes) < 2_600


def test_one_big_value_comes(records: list[Produced]) -> None:
    assert sum(len(each.value or b"") > 900_000 for each in records) == 1


def test_the_connector_settings_are_accepted() -> None:
    assert SETTINGS.contact_events == vocabulary.TRACKED
