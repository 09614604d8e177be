"""Rejected messages listed, shown and replayed: real Kafka, the real service, the sandbox."""

from __future__ import annotations

import base64
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from planhat_client.sandbox import QuotaOptions, SandboxOptions, SandboxServer
from planhat_client.sandbox.faults import Refusal
from tests.integration.command import Command
from tests.integration.hull import ACCOUNTS_SEGMENT, USERS_SEGMENT
from tests.integration.kafka_client import Entry
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import environment, until_committed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.integration.kafka_client import Found, KafkaClient

FREE = SandboxOptions(quota=QuotaOptions(calls_per_window=100_000, calls_per_second=10_000))
REFUSED = Refusal("email", ("bad@example.com",), resource="endusers", message="no such mailbox")


@pytest.fixture
async def planhat() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(FREE) as server:
        yield server


def user(
    number: int, version: int, email: str = "bad@example.com", event: str | None = None
) -> Entry:
    message: dict[str, Any] = {
        "channel": "user:update",
        "user": {
            "id": f"user-{number}",
            "external_id": f"u-{number}",
            "email": email,
            "name": "Ada",
            "traits_version": version,
        },
        "account": {"id": "account-0", "external_id": "a-0", "name": "Acme"},
        "segments": [USERS_SEGMENT],
        "account_segments": [ACCOUNTS_SEGMENT],
        "changes": {"is_new": False, "user": {"traits_version": [version - 1, version]}},
    }
    if event is not None:
        message["events"] = [{"event": "Signed in", "event_id": event, "properties": {"id": event}}]
    return Entry(f"user-{number}".encode(), json.dumps(message).encode(), (("trace", b"t1"),))


def larger(one: Entry) -> Entry:
    """The same user with 1.5 MB of noise, which gzip makes no smaller than 1.1 MB."""
    whole = json.loads(one.value or b"")
    noise = random.Random(1).randbytes(1_125_000)
    whole["user"]["traits_noise"] = base64.b64encode(noise).decode()
    return Entry(one.key, json.dumps(whole).encode(), one.headers)


class Stage:
    """A topic, its dead letters, a sandbox and the service over them."""

    def __init__(self, kafka: KafkaClient, planhat: SandboxServer, name: str, tmp: Path) -> None:
        self.kafka, self.planhat, self.name, self.tmp = kafka, planhat, name, tmp
        self.settings = environment(kafka, planhat, name, tmp) | {"LOG_LEVEL": "debug"}
        self.command = Command(**self.settings)

    async def create(self) -> None:
        await self.kafka.create_topic(self.name, partitions=2)
        await self.kafka.create_topic(f"{self.name}-dead", partitions=1)

    async def served(self, *entries: Entry) -> None:
        """Produce, and run the service until all is committed."""
        await self.kafka.produce(self.name, entries)
        async with ServiceProcess(self.tmp / "log", **self.settings) as service:
            await until_committed(self.kafka, self.name, service)

    def refuse(self, *rules: Refusal) -> None:
        self.planhat.refusals.clear()
        self.planhat.refusals.extend(rules)

    def version(self, number: int) -> int | None:
        rows: Any = json.loads(json.dumps(self.planhat.contents()))["endusers"]
        found = {row["externalId"]: row["custom"]["version"] for row in rows}
        return found.get(f"u-{number}")

    async def dead(self) -> list[Found]:
        return await self.kafka.read(f"{self.name}-dead")

    def events(self) -> list[str]:
        rows: Any = json.loads(json.dumps(self.planhat.contents()))["activities"]
        return [row["info"]["id"] for row in rows]

    def skips(self) -> list[str]:
        lines = [json.loads(line) for line in (self.tmp / "log").read_text().splitlines()]
        return [one["reason"] for one in lines if one["event"] == "outgoing.user.skip"]


@pytest.fixture
async def stage(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> Stage:
    found = Stage(kafka, planhat, topic("events"), tmp_path)
    topic_dead = f"{found.name}-dead"
    await found.create()
    assert topic_dead in found.settings["KAFKA_DEAD_LETTER_TOPIC"]
    return found


async def test_a_rejected_message_is_listed_and_shown(stage: Stage) -> None:
    stage.refuse(REFUSED)
    await stage.served(user(1, 5), user(2, 1, "good@example.com"))

    listed = await stage.command("dead-letters", "list", "--json", "--reason", "MAILBOX")
    table = await stage.command("dead-letters", "list", "--since", "1h")
    other = await stage.command("dead-letters", "list", "--key", "user-2")
    shown = await stage.command("dead-letters", "show", "0:0", "--json")
    full = await stage.command("dead-letters", "show", "0", "--json", "--pii")
    nothing = await stage.command("dead-letters", "show", "0:7")

    (one,) = map(json.loads, listed.out.splitlines())
    assert (one["dead_letter"], one["key"], one["replays"]) == ("0:0", "user-1", 0)
    assert "no such mailbox" in one["reason"]
    assert ("user-1" in table.out, "no such mailbox" in table.out) == (True, True)
    assert (other.code, other.out) == (0, "no dead letters\n")
    masked = json.loads(shown.out)
    assert masked["value"]["user"]["email"] == "b***@e***.com"
    assert masked["value"]["user"]["name"] == "A***"
    assert masked["value"]["account"]["name"] == "Acme"
    assert (masked["headers"], masked["value"]["user"]["traits_version"]) == ({"trace": "t1"}, 5)
    assert json.loads(full.out)["value"]["user"]["email"] == "bad@example.com"
    assert (nothing.code, nothing.err) == (1, "hull-planhat: no dead letter 0:7\n")


async def test_a_replay_is_the_same_record_behind_the_others(stage: Stage) -> None:
    stage.refuse(REFUSED)
    await stage.served(user(1, 5), user(2, 1, "good@example.com"))
    stage.refuse()
    ends = await stage.kafka.end_offsets(stage.name)

    dry = await stage.command("dead-letters", "replay", "--all", "--dry-run")
    assert "would be replayed" in dry.out
    assert await stage.kafka.end_offsets(stage.name) == ends
    replayed = await stage.command("dead-letters", "replay", "0:0", "--json")
    await stage.served()

    (told,) = map(json.loads, replayed.out.splitlines())
    assert (replayed.code, told["outcome"]) == (0, "replayed")
    assert told["replayed_to"] == ends[told["partition"]]
    assert stage.version(1) == 5
    records = [r for r in await stage.kafka.read(stage.name) if r.key == b"user-1"]
    assert [r.value for r in records] == [user(1, 5).value] * 2
    assert dict(records[1].headers) == {
        "trace": b"t1",
        "dl.replays": b"1",
        "dl.first_offset": str(records[0].offset).encode(),
        "dl.checked_to": str(ends[told["partition"]]).encode(),
    }

    again = await stage.command("dead-letters", "replay", "0:0")

    assert (again.code, "it was replayed already" in again.out) == (0, True)


async def test_a_replay_that_is_older_than_what_was_sent_is_left(stage: Stage) -> None:
    stage.refuse(REFUSED)
    await stage.served(user(1, 1))
    stage.refuse()
    await stage.served(user(1, 2))
    before = await stage.kafka.end_offsets(stage.name)

    done = await stage.command("dead-letters", "replay", "--key", "user-1")

    assert (done.code, "stale replay" in done.out) == (0, True)
    assert await stage.kafka.end_offsets(stage.name) == before


async def test_what_comes_between_the_check_and_the_replay_wins(stage: Stage) -> None:
    """The service sees it, without and with a restart in between."""
    stage.refuse(REFUSED)
    await stage.served(user(1, 1), user(2, 1))
    stage.refuse()
    ends = await stage.kafka.end_offsets(stage.name)
    places = {r.key: r for r in await stage.kafka.read(stage.name)}
    late = {
        key: Entry(
            key,
            record.value,
            (
                ("dl.replays", b"1"),
                ("dl.first_offset", str(record.offset).encode()),
                ("dl.checked_to", str(ends[record.partition]).encode()),
            ),
            record.partition,
        )
        for key, record in places.items()
    }

    await stage.served(user(1, 2), late[b"user-1"])
    await stage.served(user(2, 2))
    await stage.served(late[b"user-2"])

    assert (stage.version(1), stage.version(2)) == (2, 2)
    assert stage.skips() == ["stale replay", "stale replay"]
    assert stage.planhat.report()["counters"]["overtakes"] == 0


async def test_several_letters_of_a_profile_come_back_in_their_order(stage: Stage) -> None:
    stage.refuse(REFUSED)
    await stage.served(user(1, 1), user(1, 2), user(1, 3))
    assert len(await stage.dead()) == 3
    stage.refuse()

    done = await stage.command("dead-letters", "replay", "--all", "--rate", "1000")
    await stage.served()

    assert (done.code, done.out.splitlines()[-1]) == (0, "3 replayed")
    assert stage.version(1) == 3


async def test_what_is_rejected_again_is_counted_and_left_in_the_end(stage: Stage) -> None:
    stage.refuse(REFUSED)
    await stage.served(user(1, 1))

    for _ in range(2):
        done = await stage.command("dead-letters", "replay", "--all", "--max-replays", "2")
        assert done.code == 0
        await stage.served()
    last = await stage.command("dead-letters", "replay", "--all", "--max-replays", "2", "--json")

    dead = await stage.dead()
    assert [dict(one.headers).get("dl.replays") for one in dead] == [None, b"1", b"2"]
    assert {dict(one.headers).get("dl.first_offset") for one in dead[1:]} == {
        dict(dead[0].headers)["dl.offset"]
    }
    assert [json.loads(line)["outcome"] for line in last.out.splitlines()] == [
        "repeated",
        "repeated",
        "worn out",
    ]


async def test_what_is_stale_brings_its_events_and_nothing_else(stage: Stage) -> None:
    """By the command, which sees that it is stale, and by the service, which sees it alone."""
    stage.refuse(REFUSED)
    await stage.served(user(1, 1, event="e1"))
    stage.refuse()
    await stage.served(user(1, 2, event="e2"))
    assert stage.events() == ["e2"]

    done = await stage.command("dead-letters", "replay", "--key", "user-1")
    await stage.served()
    again = await stage.command("dead-letters", "replay", "--key", "user-1")

    assert (done.code, "its events only (1): stale replay" in done.out) == (0, True)
    assert (sorted(stage.events()), stage.version(1)) == (["e1", "e2"], 2)
    assert stage.skips()[-1] == "stale replay"
    assert "it was replayed already" in again.out


async def test_the_newest_are_listed_whatever_partition_they_lie_in(stage: Stage) -> None:
    name = f"{stage.name}-dead"
    await stage.kafka.delete_topic(name)
    await stage.kafka.create_topic(name, partitions=3)
    for number in range(9):
        await stage.served(Entry(b"k%d" % number, b"torn %d" % number))

    done = await stage.command("dead-letters", "list", "--json", "--limit", "3")

    listed = [json.loads(line)["key"] for line in done.out.splitlines()]
    assert listed == ["k6", "k7", "k8"]


async def test_a_letter_larger_than_its_topic_stops_nobody_and_is_whole_by_its_source(
    stage: Stage,
) -> None:
    """What is large can't be compressed; the topic takes 1 MB, as by default."""
    stage.refuse(REFUSED)
    large = larger(user(1, 5))
    await stage.kafka.create_topic(f"{stage.name}-large", max_message_bytes="3000000")
    stage.settings["KAFKA_TOPICS"] = stage.name = f"{stage.name}-large"
    stage.settings["KAFKA_GROUP_ID"] = f"group-of-{stage.name}"
    stage.command = Command(**stage.settings)
    checked = await stage.command("check")

    await stage.served(large, user(2, 1, "good@example.com"))

    shown = await stage.command("dead-letters", "show", "0:0", "--json", "--pii")
    stage.refuse()
    replayed = await stage.command("dead-letters", "replay", "--all")
    await stage.served()
    assert "takes 1,048,588 bytes" in checked.out
    assert (stage.version(1), stage.version(2)) == (5, 1)
    assert json.loads(shown.out)["value"] == json.loads(large.value or b"")
    assert replayed.out.splitlines()[-1] == "1 replayed"
    copies = [r for r in await stage.kafka.read(stage.name) if r.key == large.key]
    assert [copy.value for copy in copies] == [large.value] * 2
    assert dict(copies[1].headers)["trace"] == b"t1"
    assert '"dead_letter.value_omitted"' in (stage.tmp / "log").read_text()


async def test_a_value_that_is_no_longer_kept_is_told(stage: Stage) -> None:
    await stage.kafka.delete_topic(f"{stage.name}-dead")
    await stage.kafka.create_topic(f"{stage.name}-dead", max_message_bytes="20000")
    await stage.served(Entry(b"k", random.Random(2).randbytes(60_000)))
    await stage.kafka.delete_topic(stage.name)
    await stage.kafka.create_topic(stage.name, partitions=2)

    shown = await stage.command("dead-letters", "show", "0:0", "--json")
    replayed = await stage.command("dead-letters", "replay", "--all")

    assert json.loads(shown.out)["value"] is None
    assert json.loads(shown.out)["value_from"].startswith("no longer kept at ")
    assert (replayed.code, "the record is gone" in replayed.out) == (1, True)


async def test_an_envelope_is_one_letter_and_what_was_rejected_of_it_is_replayed(
    stage: Stage,
) -> None:
    stage.refuse(REFUSED)
    emails = ("good@example.com", "bad@example.com", "fine@example.com", "bad@example.com")
    several = [json.loads(user(n, 1, email).value or b"") for n, email in enumerate(emails)]
    value = json.dumps({"messages": [*several, {}]}).encode()
    await stage.served(Entry(b"user-1", value, (("trace", b"t1"),)))
    stage.refuse()

    listed = await stage.command("dead-letters", "list")
    shown = await stage.command("dead-letters", "show", "0:0", "--json")
    replayed = await stage.command("dead-letters", "replay", "--all", "--json")
    await stage.served()

    (first, second) = await stage.dead()
    told = dict(first.headers)
    assert (first.value, told["dl.positions"]) == (value, b"1,3-4")
    assert "neither user nor account: not a Hull message (1)" in told["dl.error"].decode()
    assert "messages 2,4-5" in listed.out
    assert (json.loads(shown.out)["positions"], json.loads(replayed.out)["outcome"]) == (
        "1,3-4",
        "replayed",
    )
    *_, copy = [r for r in await stage.kafka.read(stage.name) if r.key == b"user-1"]
    assert dict(copy.headers)["dl.positions"] == b"1,3-4"
    # What can't be mended is rejected again, alone.
    assert dict(second.headers)["dl.position"] == b"4"
    assert [stage.version(number) for number in range(4)] == [1, 1, 1, 1]
    assert stage.skips().count("another message of the record is replayed") == 2
    lines = [json.loads(line) for line in (stage.tmp / "log").read_text().splitlines()]
    rejected = [line for line in lines if line["event"] == "record.rejected"]
    # Once for the record, and once for its replay.
    assert [line.get("rejected") for line in rejected] == [3, None]


def planted(topic: str, **told: str) -> Entry:
    """A record that looks like a dead letter; names in `told` go without `dl.`."""
    found = {
        "topic": topic,
        "partition": "0",
        "offset": "0",
        "reason": "no",
        "failed_at": "2026-11-24T10:00:00+00:00",
        **told,
    }
    headers = tuple((f"dl.{name}", text.encode()) for name, text in found.items())
    return Entry(b"user-9", user(9, 1, "good@example.com").value, headers, 0)


async def test_a_planted_letter_is_written_nowhere_else_and_the_others_go_on(
    stage: Stage,
) -> None:
    other = f"{stage.name}-other"
    await stage.kafka.create_topic(other, partitions=1)
    await stage.kafka.produce(other, [Entry(b"user-9", b"not for everybody", (), 0)])
    stage.refuse(REFUSED)
    await stage.served(user(1, 5))
    omitted = {"value": "omitted", "value_bytes": "17", "timestamp": "0"}
    far = str((1 << 63) - 1)
    await stage.kafka.produce(
        f"{stage.name}-dead",
        [
            planted(other),
            planted("no-such-topic"),
            planted("a\nb"),
            planted(other, **omitted),
            planted(stage.name, partition=far, offset=far),
        ],
    )
    stage.refuse()

    shown = await stage.command("dead-letters", "show", "0:4", "--json", "--pii")
    done = await stage.command("dead-letters", "replay", "--all")
    before = len(await stage.kafka.read(other))
    allowed = await stage.command("dead-letters", "replay", "0:1", "--to", other)
    await stage.served()

    assert "not read at" in json.loads(shown.out)["value_from"]
    assert "not for everybody" not in shown.out
    assert (done.code, done.err, before) == (1, "", 1)
    assert f"0:1  left: its topic '{other}' is none of KAFKA_TOPICS, nor named by --to" in done.out
    assert "0:5  left: its partition does not exist any more" in done.out
    assert sorted(done.out.splitlines()[-1].split(", ")) == ["1 lost", "1 replayed", "4 refused"]
    assert stage.version(1) == 5
    assert (allowed.code, len(await stage.kafka.read(other))) == (0, 2)


async def test_letters_with_any_header_and_timestamp_are_listed(stage: Stage) -> None:
    odd = planted(stage.name, timestamp="-100000000000000000", failed_at="0001-01-01T00:00:00Z")
    torn = (("dl.reason", b"\xff\x00\x1b[31m"), ("dl.attempts", b"9" * 19), ("dl.replays", b"x"))
    await stage.kafka.produce(
        f"{stage.name}-dead", [odd, Entry(odd.key, odd.value, odd.headers + torn, 0)]
    )

    listed = await stage.command("dead-letters", "list", "--json")
    table = await stage.command("dead-letters", "list")
    shown = await stage.command("dead-letters", "show", "0:1")

    assert [one.code for one in (listed, table, shown)] == [0, 0, 0]
    assert [one.err for one in (listed, table, shown)] == ["", "", ""]
    assert [json.loads(line)["timestamp"] for line in listed.out.splitlines()] == [0.0, 0.0]
    assert "\x1b" not in table.out + shown.out
