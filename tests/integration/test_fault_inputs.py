"""Odd inputs of every kind on real Kafka: explained and run with one decision and right values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from planhat_client.sandbox import QuotaOptions, SandboxOptions, SandboxServer
from tests.integration.command import ROOT, Command
from tests.integration.kafka_client import Entry
from tests.integration.service_process import ServiceProcess
from tests.integration.test_service import contents, until_committed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient

FAULTS = ROOT / "tests" / "data" / "faults"
INPUTS = sorted(path for path in FAULTS.glob("*.json*") if not path.name.startswith("settings"))
FREE = SandboxOptions(quota=QuotaOptions(calls_per_window=100_000, calls_per_second=10_000))
COMPANY = "a-1"
"""It has no message of its own: the users bring it."""

MOMENT = "2026-02-03T04:05:06Z"

ENDUSERS: dict[str, dict[str, Any]] = {
    "emoji-1": {"position": "\ufffd Chief", "custom": {"Bio": "so glad \ufffd"}},
    "emoji-2": {},
    "emoji-3": {"custom": {"Bio": "cut \ufffd"}},
    "emoji-4": {},
    "mark-1": {},
    "unused-1": {},
    "unused-2": {},
    "unused-3": {},
    "wrong-1": {},
    "wrong-2": {},
    "wrong-3": {},
    "wrong-5": {},
    "time-1": {
        "custom": {
            "Birth": "1972-01-01T00:00:00Z",
            "Last seen": "1920-01-01T00:00:00Z",
            "Seen": "2026-07-14T03:33:20Z",
        }
    },
    "moment-1": {},
    "blank-1": {"externalId": "B-1", "position": "Second spelling"},
    "shape-1": {"tags": ["12"], "featured": True},
    "shape-2": {"position": "Head"},
    "shape-3": {"tags": ["b", "7"], "phone": "491234", "featured": False},
    "ids-1": {},
    "ids-2": {},
    "ids-3": {},
}
"""What Planhat must hold of each user, beside its address and its company."""

ACTIVITIES = {
    ("unused-2", "Signed in", MOMENT): 1,
    ("wrong-1", "Signed in", MOMENT): 1,
    ("moment-1", "Signed in", MOMENT): 6,
    ("moment-1", "Signed in", None): 1,
    ("ids-1", "Signed in", MOMENT): 1,
    ("ids-2", "Signed in", MOMENT): 1,
    ("ids-3", "Signed in", MOMENT): 1,
    ("ids-3", "Signed out", "2026-02-04T04:05:06Z"): 1,
    ("ids-3", "Signed in", "2026-02-05T04:05:06Z"): 1,
}
"""So many activities of each; Planhat dates what has no date, and drops what is of nobody there."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a message: send, skip or reject, and why."""

    verdict: str
    reason: str


@pytest.fixture
async def planhat() -> AsyncIterator[SandboxServer]:
    async with SandboxServer(FREE) as server:
        yield server


def values() -> list[bytes]:
    """Each line of each file, as it lies there."""
    return [line for path in INPUTS for line in path.read_bytes().split(b"\n") if line]


async def explained() -> dict[str, list[Decided]]:
    """What `explain` says of each user or account, message by message."""
    command = Command(CONNECTOR_SETTINGS=str(FAULTS / "settings.yaml"))
    found: dict[str, list[Decided]] = {}
    for path in INPUTS:
        done = await command("explain", "--json", str(path))
        assert (done.code, done.err) == (0, "")
        for line in done.out.splitlines():
            for told in json.loads(line)["messages"]:
                decided = Decided(told["verdict"], told["reason"])
                found.setdefault(told["hull_id"] or "", []).append(decided)
    return found


def ran(log: Path) -> dict[str, set[Decided]]:
    """What the log says became of each."""
    found: dict[str, set[Decided]] = {}
    for line in log.read_text("utf-8").splitlines():
        told = json.loads(line)
        kind, _, ending = told["event"].rpartition(".")
        if told["event"] == "record.rejected":
            decided = Decided("reject", told["reason"])
        elif kind in {"outgoing.user", "outgoing.account"}:
            decided = Decided({"success": "send"}.get(ending, ending), told.get("reason") or "")
        else:
            continue
        found.setdefault(told["hull_id"], set()).add(decided)
    return found


def of_one_mind(explained: dict[str, list[Decided]], ran: dict[str, set[Decided]]) -> None:
    """A message that is rejected may have parts that are sent or skipped beside."""
    assert explained.keys() | {COMPANY} == ran.keys()
    for name, messages in explained.items():
        assert set(messages) <= ran[name], name
        if not any(one.verdict == "reject" for one in messages):
            assert set(messages) == ran[name], name


def check(found: dict[str, Any]) -> None:
    endusers = {row["email"].split("@")[0].lower(): row for row in found["endusers"]}
    assert len(found["endusers"]) == len(endusers)
    assert endusers.keys() == ENDUSERS.keys()
    acme = next(row["_id"] for row in found["companies"] if row.get("externalId") == "acme")
    names = ("externalId", "position", "tags", "featured", "phone", "custom")
    for name, row in endusers.items():
        assert row["companyId"] == acme
        assert {key: row[key] for key in names if row.get(key)} == {
            key: value for key, value in ENDUSERS[name].items() if value
        }
    assert endusers["blank-1"]["email"].lower() == "blank-1@acme.example"
    assert {row["externalId"] for row in found["companies"]} == {"acme", "beta"}
    (licence,) = found["licenses"]
    assert (licence["externalId"], licence["mrr"], licence["fromDate"]) == (
        *("L-1", 49.5),
        "2026-02-03T00:00:00Z",
    )


def activities(found: dict[str, Any]) -> dict[tuple[str, str, str | None], int]:
    counts: dict[tuple[str, str, str | None], int] = {}
    moments = {moment for _, _, moment in ACTIVITIES}
    for row in found["activities"]:
        moment = row.get("date")
        name = row["email"].split("@")[0]
        key = (name, row["action"], moment if moment in moments else None)
        counts[key] = counts.get(key, 0) + 1
    return counts


async def test_odd_inputs_are_explained_as_they_are_run_and_arrive(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    await kafka.create_topic(name, partitions=1)
    await kafka.create_topic(f"{name}-dead", partitions=1)
    await kafka.produce(name, [Entry(None, value) for value in values()])

    async with ServiceProcess(
        tmp_path / "log",
        KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers,
        KAFKA_TOPICS=name,
        KAFKA_GROUP_ID=f"group-of-{name}",
        KAFKA_DEAD_LETTER_TOPIC=f"{name}-dead",
        CONNECTOR_SETTINGS=str(FAULTS / "settings.yaml"),
        PLANHAT_API_URL=planhat.url,
        PLANHAT_ANALYTICS_URL=planhat.analytics_url,
        LOG_LEVEL="debug",
    ) as service:
        await until_committed(kafka, name, service)

    found = contents(planhat)
    of_one_mind(await explained(), ran(tmp_path / "log"))
    check(found)
    assert activities(found) == ACTIVITIES


@pytest.mark.parametrize(
    ("settings", "line"),
    [("settings-twice.json", "contact_events is there twice")],
)
async def test_wrong_settings_are_refused_in_one_line(settings: str, line: str) -> None:
    path = FAULTS / settings
    command = Command(CONNECTOR_SETTINGS=str(path))

    done = await command("run")

    assert (done.code, done.out, done.err) == (2, "", f"{path}: {line}\n")
