"""What `check` says of settings alone; the table in docs/check.md says the same lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from consumer.kafka.reachability import Group, KafkaFacts, Member, kafka_findings
from consumer.settings import Settings
from consumer.settings import findings as status
from consumer.settings.findings import Finding
from schemas.connector import ConnectorSettings
from schemas.settings_error import InvalidSettings
from tests.consumer.cli.commands import CONNECTOR, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (ROOT / "docs" / "check.md").read_text("utf-8")
GOOD = CONNECTOR.read_text("utf-8")
SETTINGS = Settings.read({"PLANHAT_ACCESS_TOKEN": "token"})


def without(text: str, *parts: str) -> str:
    """The settings without the lines that hold one of these."""
    return "\n".join(line for line in text.splitlines() if not any(part in line for part in parts))


CASES = {
    "no e-mail and no external id is mapped": without(GOOD, "email, ", "externalId}").replace(
        "account_licenses_attributes_outbound:",
        "account_licenses_attributes_outbound:\n"
        "  - {hull_field_name: id, service_field_name: externalId}",
    ),
    "no e-mail is mapped": without(GOOD, "service_field_name: email"),
    "no name of the company is mapped": without(GOOD, "- {hull_field_name: name, ").replace(
        "account_attributes_outbound:\n", "account_attributes_outbound:\n", 1
    ),
    "an empty Contact Filter": without(GOOD, "contact_synchronized_segments"),
    "an empty Account Filter": without(GOOD, "account_synchronized_segments"),
    "a target twice": GOOD.replace("service_field_name: phone}", "service_field_name: position}"),
    "two targets that differ only in case": GOOD.replace("_name: Last login}", "_name: plan}"),
    "a licence without its key": without(GOOD, "hull_field_name: id,"),
    "a licence without currency": without(GOOD, "_currency"),
    "a licence without a beginning": without(GOOD, "fromDate"),
    "a licence without a value": without(GOOD, "service_field_name: mrr"),
    "licences are mapped, but not where they are": without(GOOD, "account_licenses_attribute:"),
    "a target that Planhat does not have": GOOD.replace("_name: phone}", "_name: phonenumber}"),
    "a key that nobody knows": f"{GOOD}\ncontact_segments: []",
    "a row without its source": GOOD.replace("{hull_field_name: phone, ", "{hull_name: phone, "),
}


def told(text: str) -> Iterator[Finding]:
    try:
        connector = ConnectorSettings.from_text(text, "connector.yaml")
        yield from status.findings(SETTINGS, connector)
    except InvalidSettings as error:
        yield from (Finding("error", line) for line in error.lines)


@pytest.mark.parametrize("case", CASES)
def test_the_page_has_the_line_for_each_wrong_mapping(case: str) -> None:
    lines = [f"`{one.status}: {one.message}`" for one in told(CASES[case])]

    assert lines
    assert f"| {case} | {'<br>'.join(lines)} |" in PAGE


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        (
            KafkaFacts("", {"hull.events": (6, 4)}, "", {}),
            "Kafka: topic hull.events: 2 of 6 partitions have no leader; look at the brokers",
        ),
        (
            KafkaFacts("", {"hull.events": (6, 6)}, "", {"hull.events": "no rights"}),
            (
                "Kafka: topic hull.events: no rights; allow READ on it, and see that the brokers'"
                " advertised listeners are reachable from here"
            ),
        ),
        (
            KafkaFacts("", {}, "GroupAuthorizationFailedError", {}),
            (
                "Kafka: group hull-planhat: GroupAuthorizationFailedError; allow READ on the"
                " group, or check KAFKA_GROUP_ID"
            ),
        ),
    ],
    ids=["no leader", "may not read", "may not use the group"],
)
def test_what_kafka_refuses_has_a_remedy(facts: KafkaFacts, line: str) -> None:
    found = [one.message for one in kafka_findings(SETTINGS.kafka, facts) if one.status == "error"]

    assert line in found


def warned(sizes: dict[str, int] | None = None, members: Group | None = None) -> list[str]:
    dead = SETTINGS.kafka.dead_letter_topic
    known = KafkaFacts(
        "", {"hull.events": (6, 6), dead: (3, 3)}, "", {}, sizes or {}, members or Group()
    )
    return [
        f"{one.status}: {one.message}"
        for one in kafka_findings(SETTINGS.kafka, known)
        if one.status != "ok"
    ]


@pytest.mark.parametrize(
    ("events", "dead", "is_said"),
    [(2_000_000, 1_048_588, True), (1_048_588, 1_048_588, False), (1_048_588, None, False)],
    ids=["smaller", "as large", "not known"],
)
def test_a_dead_letter_topic_that_takes_less_than_the_events_is_told(
    events: int, dead: int | None, *, is_said: bool
) -> None:
    sizes = {"hull.events": events} | (
        {} if dead is None else {SETTINGS.kafka.dead_letter_topic: dead}
    )

    lines = warned(sizes=sizes)

    assert bool(lines) is is_said
    assert all(f"`{line}`" in PAGE for line in lines)


OURS = Member("hull-planhat", "/10.0.0.1", frozenset({"hull.events"}))


@pytest.mark.parametrize(
    "group",
    [
        Group("connect", "default", [Member("connect-1", "/10.0.0.7", None)]),
        Group("consumer", "range", [Member("reporting", "/10.0.0.7", frozenset({"hull.events"}))]),
        Group("consumer", "sticky", [OURS, Member("reporting", "/10.0.0.7", None)]),
        Group(
            "consumer",
            "sticky",
            [OURS, Member("hull-planhat", "/10.0.0.2", frozenset({"hull.old"}))],
        ),
    ],
    ids=["another kind", "another assignor", "another program", "other topics"],
)
def test_who_should_not_be_in_the_group_is_told_with_a_remedy(group: Group) -> None:
    (line,) = warned(members=group)

    assert f"`{line}`" in PAGE


@pytest.mark.parametrize("group", [Group(), Group("consumer", "sticky", [OURS, OURS])])
def test_a_group_of_our_own_is_nothing_to_tell(group: Group) -> None:
    assert warned(members=group) == []
