"""What the oracle makes of single messages, and whether the service's rules agree with it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import pytest

from consumer.cli.demo import oracle, workload
from consumer.cli.demo.expectation import Rejected
from consumer.cli.demo.message import Produced
from consumer.cli.demo.options import Options
from consumer.cli.demo.vocabulary import (
    ACTIVE,
    CUSTOMERS,
    OTHERS,
    OWNER,
    PARTNERS,
    connector_settings,
)
from consumer.decide.decide import decide
from consumer.decide.decision import AccountDecision, Skip
from consumer.decide.message import AccountMessage, Messages, UserMessage
from consumer.decide.parse import parse
from consumer.decide.rules import Rules
from schemas.connector import ConnectorSettings

ACCOUNT = {
    "id": "a1",
    "external_id": "acme",
    "name": "Acme",
    "crm/owner_id": OWNER["_id"],
    "billing/plan": "Free",
    "stream/version": 1,
}
USER = {"id": "u1", "email": "ada@users.example", "name": "Ada", "traits_stream/version": 1}
EVENT = {"event": "Signed in", "event_id": "e1", "created_at": "2018-03-30 14:38:02 UTC"}


def record(**message: object) -> Produced:
    return Produced(b"key", orjson.dumps(message))


def user(**changed: object) -> Produced:
    message: dict[str, Any] = {
        "user": USER,
        "account": ACCOUNT,
        "segments": [ACTIVE],
        "account_segments": [CUSTOMERS],
        "changes": {"is_new": True, "user": {}, "account": {}, "account_segments": {}},
    }
    return record(**(message | changed))


GATED = {"is_new": False, "user": {}, "account": {"billing/seats": [1, 2]}, "account_segments": {}}


def test_a_user_in_the_filter_becomes_an_enduser_of_its_company() -> None:
    expected = oracle.expect([user()])

    assert expected.endusers["ada@users.example"].company == "acme"
    assert expected.endusers["ada@users.example"].fields["custom"]["version"] == 1
    assert expected.companies["acme"].by_user


def test_an_account_speaks_for_its_company_before_its_users_do() -> None:
    account = record(account=ACCOUNT | {"name": "Acme Ltd"}, account_segments=[CUSTOMERS])

    expected = oracle.expect([user(), account, user()])

    assert expected.companies["acme"].fields["name"] == "Acme Ltd"
    assert not expected.companies["acme"].by_user


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"segments": [OTHERS]}, oracle.CONTACT_FILTER),
        ({"user": {"id": "u1", "stream/version": 1}}, oracle.NO_IDENTITY),
        ({"changes": GATED}, oracle.UNCHANGED),
        ({"account": {}}, oracle.NO_COMPANY),
        ({"account_segments": [PARTNERS]}, oracle.NO_COMPANY),
    ],
)
def test_a_user_is_skipped(changed: dict[str, Any], reason: str) -> None:
    expected = oracle.expect([user(**changed)])

    assert expected.skips == {("user", reason): 1}
    assert not expected.endusers


def test_a_user_of_a_company_that_planhat_has_is_linked_to_it() -> None:
    seed = {"externalId": "acme", "name": "Acme of old"}

    expected = oracle.expect([user(account_segments=[PARTNERS])], [seed])

    assert expected.endusers["ada@users.example"].company == "acme"
    assert expected.companies["acme"].fields == seed


def test_an_event_is_expected_once_and_only_of_a_user_that_planhat_has() -> None:
    gated = user(changes=GATED, events=[EVENT])
    stray = user(changes=GATED, events=[EVENT | {"event_id": "e0"}])

    expected = oracle.expect([stray, user(events=[EVENT]), gated])

    assert expected.strays == {"e0"}
    assert expected.activities["e1"].at == 1522420682.0
    assert expected.skips["user_event", oracle.SENT_BEFORE] == 1


def test_a_bad_message_in_an_envelope_costs_itself() -> None:
    good = orjson.loads(user().value or b"")
    envelope = record(channel="user:update", messages=[good, good | {"user": "none"}])

    expected = oracle.expect([envelope])

    assert expected.rejected == {Rejected(envelope.value or b"", 1): 1}
    assert expected.outcomes == {"delivered": 1, "rejected": 1}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_rules_of_the_service_agree_message_by_message(seed: int) -> None:
    options = Options(users=200, accounts=40, records=2_000, seed=seed)
    settings = ConnectorSettings.from_text(orjson.dumps(connector_settings()).decode(), "test")
    records = list(workload.generate(options))

    expected = oracle.expect(records)

    decided = {oracle.INVALID_OWNER, oracle.NO_COMPANY, oracle.SENT_BEFORE}
    later = {"tombstone", "unsupported channel"}
    wanted = {key: count for key, count in expected.skips.items() if key[1] not in decided | later}
    assert skips(records, Rules.compile(settings)) == wanted


def skips(records: list[Produced], rules: Rules) -> Counter[tuple[str, str]]:
    """Skips that need to know nothing of Planhat."""
    found: Counter[tuple[str, str]] = Counter()
    for each in records:
        parsed = parse(each.value, each.headers)
        for message in parsed.messages if isinstance(parsed, Messages) else ():
            if isinstance(message, UserMessage | AccountMessage):
                found.update(decided_skips(message, rules))
    return found


def decided_skips(message: UserMessage | AccountMessage, rules: Rules) -> list[tuple[str, str]]:
    decision = decide(message, rules)
    if isinstance(decision, AccountDecision):
        company = decision.company
        return [("account", company.reason)] if isinstance(company, Skip) else []
    found = [("user_event", skip.reason) for _, skip in decision.skipped_events]
    if isinstance(decision.enduser, Skip):
        found.append(("user", decision.enduser.reason))
    return found
