"""What was found out about Kafka, our group and Planhat, as findings with a remedy each. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from consumer.offsets.record import Record
from consumer.settings.findings import Finding, error, warning
from consumer.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.settings.findings import Status
    from consumer.settings.kafka import KafkaSettings
    from planhat_client.client import Endpoints

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_MARGIN: Final = 1 << 16
"""What a dead letter's own headers may take, and more."""

_NETWORK: Final = "network: "

OUR_CLIENT: Final = "hull-planhat"
OUR_PROTOCOL: Final = "sticky"

_MOST_NAMED: Final = 3
_REMEDY: Final = "end it, or give hull-planhat a KAFKA_GROUP_ID of its own"


@dataclass(frozen=True, slots=True)
class Member:
    """A client in the group; `topics` are those that it asked for, None if that can't be read."""

    client: str
    host: str
    topics: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Group:
    """What the coordinator tells; `kind` and `protocol` are empty while the group is."""

    kind: str = ""
    protocol: str = ""
    members: Sequence[Member] = ()


@dataclass(frozen=True, slots=True)
class KafkaFacts:
    """What Kafka let us see: `error` is why nothing, empty if something.

    `topics` gives the number of partitions, and of those with a leader. `group` is why our group
    can't be used, `unreadable` why a topic of ours can't be read. `sizes` are the largest records
    that topics take, in bytes, as far as we may know; `members` who is in the group; `newest` the
    newest record of one partition of each topic that has any.
    """

    error: str
    topics: Mapping[str, tuple[int, int]]
    group: str
    unreadable: Mapping[str, str]
    sizes: Mapping[str, int] = field(default_factory=dict)
    members: Group = field(default_factory=Group)
    newest: Mapping[str, Record] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanhatFacts:
    """What Planhat let us see: why not, or how many companies; and why its other host does not."""

    error: str
    companies: int
    analytics: str


def kafka_findings(settings: KafkaSettings, facts: KafkaFacts) -> Iterator[Finding]:
    """Say what of Kafka is good, and what to do about the rest."""
    if facts.error:
        remedy = "check KAFKA_BOOTSTRAP_SERVERS, KAFKA_SECURITY_PROTOCOL and KAFKA_SASL_..."
        yield error(f"Kafka: {_then(facts.error, remedy)}")
        return
    yield Finding("ok", f"Kafka: answers at {settings.bootstrap_servers}")
    for topic in settings.topics:
        yield from _topic(f"topic {topic}", topic, facts, "KAFKA_TOPICS")
    dead = settings.dead_letter_topic
    yield from _topic(f"dead-letter topic {dead}", dead, facts, "KAFKA_DEAD_LETTER_TOPIC")
    if settings.results_topic:
        results = settings.results_topic
        yield from _topic(f"results topic {results}", results, facts, "KAFKA_RESULTS_TOPIC")
    if settings.outcomes_topic:
        outcomes = settings.outcomes_topic
        yield from _topic(f"outcomes topic {outcomes}", outcomes, facts, "KAFKA_OUTCOMES_TOPIC")
    yield from _sizes(settings, facts)
    for keeps_out, text in strange(facts.members, settings.topics):
        status: Status = "error" if keeps_out else "warning"
        yield Finding(status, f"Kafka: group {settings.group_id}: {text}")
    if facts.group:
        yield error(
            f"Kafka: group {settings.group_id}: "
            + _then(facts.group, "allow READ on the group, or check KAFKA_GROUP_ID")
        )


def planhat_findings(endpoints: Endpoints, facts: PlanhatFacts) -> Iterator[Finding]:
    """Say what of Planhat is good, and what to do about the rest."""
    if facts.error:
        yield error(
            f"Planhat: {endpoints.api_url}: "
            + _then(facts.error, "check PLANHAT_ACCESS_TOKEN, api_prefix and PLANHAT_API_URL")
        )
    else:
        yield Finding(
            "ok",
            f"Planhat: {endpoints.api_url} accepts the token, {facts.companies}"
            f" {plural(facts.companies, 'company', 'companies')}",
        )
    if not _UUID.fullmatch(endpoints.tenant_id):
        yield warning(
            "Planhat: the tenant id is no UUID, Planhat would drop the activities unsaid; copy it"
            " from Planhat's settings (tenant_id, PLANHAT_TENANT_ID)"
        )
    if facts.analytics:
        yield error(
            f"Planhat: {endpoints.analytics_url}: "
            + _then(
                facts.analytics, "check PLANHAT_ANALYTICS_URL, and that the network lets us out"
            )
        )
    else:
        yield Finding("ok", f"Planhat: {endpoints.analytics_url} answers")


def _sizes(settings: KafkaSettings, facts: KafkaFacts) -> Iterator[Finding]:
    """What the dead-letter topic does not take is written without its value."""
    dead = settings.dead_letter_topic
    most = facts.sizes.get(dead)
    for topic in settings.topics:
        size = facts.sizes.get(topic, 0)
        if most is not None and size > most:
            yield warning(
                f"Kafka: dead-letter topic {dead} takes {most:,} bytes, topic {topic} {size:,}:"
                f" what is larger is kept without its value, only as long as {topic} keeps it; set"
                f" max.message.bytes of {dead} to {size + _MARGIN}"
            )


def _topic(called: str, topic: str, facts: KafkaFacts, setting: str) -> Iterator[Finding]:
    count, led = facts.topics.get(topic, (0, 0))
    if not count:
        yield error(
            f"Kafka: {called} does not exist, or may not be seen; create it, or allow DESCRIBE, or"
            f" check {setting}"
        )
    elif led < count:
        yield error(
            f"Kafka: {called}: {count - led} of {count} {plural(count, 'partition')}"
            f" {plural(count - led, 'has', 'have')} no leader; look at the brokers"
        )
    elif topic in facts.unreadable:
        yield error(
            f"Kafka: {called}: "
            + _then(
                facts.unreadable[topic],
                "allow READ on it, and see that the brokers' advertised listeners are reachable"
                " from here",
            )
        )
    else:
        yield Finding("ok", f"Kafka: {called}, {count} {plural(count, 'partition')}")


def _then(text: str, remedy: str) -> str:
    """What is wrong and what to do, in one line of a length that people read."""
    plain = " ".join(text.split())[:300].rstrip(".;").replace(_NETWORK, "no connection: ")
    if plain.endswith("?"):
        return f"{plain} {remedy[:1].upper()}{remedy[1:]}"
    return f"{plain}; {remedy}"


def strange(group: Group, topics: Sequence[str]) -> Iterator[tuple[bool, str]]:
    """Say what is strange: whether it keeps us out, and what to do; `topics` are ours."""
    if group.kind not in {"", "consumer"}:
        yield True, f"it belongs to a program of another kind ({group.kind}); {_REMEDY}"
        return
    others = [member for member in group.members if member.client != OUR_CLIENT]
    if group.members and group.protocol not in {"", OUR_PROTOCOL}:
        how = f"its members share the partitions by {group.protocol!r}, we by {OUR_PROTOCOL!r}"
        yield True, f"{how}, and Kafka does not let both in: {_named(others)}; {_REMEDY}"
    elif others:
        what = "another program is in it and takes partitions, whose records we do not send"
        yield False, f"{what}: {_named(others)}; {_REMEDY}"
    ours = [member for member in group.members if member.client == OUR_CLIENT]
    wanted = frozenset(topics)
    strays = {topic for one in ours if one.topics is not None for topic in one.topics ^ wanted}
    if strays:
        named = ", ".join(sorted(strays)[:_MOST_NAMED])
        yield False, f"not all members read {named}; give all replicas the same KAFKA_TOPICS"


def _named(members: Sequence[Member]) -> str:
    named = [f"{one.client or '?'} at {one.host.lstrip('/')}" for one in members[:_MOST_NAMED]]
    more = len(members) - len(named)
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")
