"""A topic, the sandbox and services on it, and the oracle's verdict on what they did."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from aiokafka.errors import KafkaError

from tests.integration.hull import CONNECTOR, Hull
from tests.integration.kafka_client import Entry, Found
from tests.integration.service_process import ServiceProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.chaos.sandbox_process import SandboxProcess
    from tests.integration.kafka_client import KafkaClient

_CHUNK = 20_000


@dataclass
class Verdict:
    """What the oracle found; `lost` names what is not as the last change left it.

    `overtakes`: writes of an older version after a newer one, by whomever. `repeats`: writes of a
    version that was there before. `activities_twice`: activities stored more than once.
    `meetings`: refusals because two members created one company for users of theirs at once, which
    nobody can know beforehand (decision 0002); `overlaps`: all others of that kind.
    """

    records: int
    requests: int
    lost: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    overtakes: int = 0
    overlaps: int = 0
    meetings: int = 0
    repeats: int = 0
    activities_twice: int = 0
    dead: list[Found] = field(default_factory=list)

    def check(self) -> None:
        """Nothing lost, nothing overtaken."""
        assert self.lost == [], f"{len(self.lost)} lost, e.g. {self.lost[:5]}"
        assert self.strange == [], f"{len(self.strange)} strange, e.g. {self.strange[:5]}"
        assert self.overtakes == 0
        assert self.overlaps == 0

    def __str__(self) -> str:
        return (
            f"{self.records} records, {self.requests} requests, {len(self.lost)} lost,"
            f" {self.overtakes} overtakes, {self.overlaps} overlaps, {self.meetings} meetings,"
            f" {self.repeats} repeated writes, {self.activities_twice} activities twice,"
            f" {len(self.dead)} dead letters"
        )


class World:
    """Services of one group on one topic of `kafka`, and `planhat` as witness."""

    def __init__(
        self, kafka: KafkaClient, planhat: SandboxProcess, hull: Hull, topic: str, folder: Path
    ) -> None:
        """Nothing runs yet."""
        self.kafka = kafka
        self.planhat = planhat
        self.hull = hull
        self.topic = topic
        self.folder = folder
        self.records = 0
        self.refused_users: set[int] = set()
        self._made = 0
        self._connector = folder / "connector.yaml"
        self._connector.write_text(CONNECTOR)
        self.environment = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "KAFKA_TOPICS": topic,
            "KAFKA_GROUP_ID": self.group,
            "KAFKA_DEAD_LETTER_TOPIC": self.dead_topic,
            "KAFKA_SESSION_TIMEOUT_SECONDS": "6",
            "CONNECTOR_SETTINGS": str(self._connector),
            "PLANHAT_API_URL": planhat.url,
            "PLANHAT_ANALYTICS_URL": planhat.analytics_url,
            "PLANHAT_REQUESTS_PER_MINUTE": "12000",
            "PLANHAT_BURST": "200",
            "PLANHAT_REQUEST_TIMEOUT_SECONDS": "4",
        }

    @property
    def group(self) -> str:
        return f"group-of-{self.topic}"

    @property
    def dead_topic(self) -> str:
        return f"{self.topic}-dead"

    async def create_topics(
        self, partitions: int, replicas: int = 1, configs: dict[str, str] | None = None
    ) -> None:
        await self.kafka.create_topic(self.topic, partitions, replicas, **(configs or {}))
        await self.kafka.create_topic(self.dead_topic, 1, replicas)

    def service(self, name: str = "", **environment: str) -> ServiceProcess:
        """A process that is not started yet."""
        self._made += 1
        log = self.folder / f"service-{name or self._made}.log"
        return ServiceProcess(log, **{**self.environment, **environment})

    async def produce(self, count: int) -> None:
        """Write `count` changes of Hull."""
        while count > 0:
            changes = self.hull.changes(min(count, _CHUNK))
            await self.write(changes)
            count -= len(changes)

    async def write(self, changes: list[tuple[bytes, bytes]]) -> None:
        """Write these changes of Hull, key and value."""
        await self.kafka.produce(self.topic, [Entry(key, value) for key, value in changes])
        self.records += len(changes)

    async def until_done(
        self, running: Callable[[], Iterable[ServiceProcess]], seconds: float
    ) -> None:
        """Wait until the end of every partition is committed; fails if a service ends by itself."""
        ends = await self.kafka.end_offsets(self.topic)
        at: dict[int, tuple[int, str]] = {}
        try:
            async with asyncio.timeout(seconds):
                while any(at.get(number, (0, ""))[0] < end for number, end in ends.items()):
                    await asyncio.sleep(0.5)
                    for one in running():
                        assert one.is_running, f"ended by itself: {tail(one)}"
                    try:
                        at = await self.kafka.committed(self.group, self.topic)
                    except (KafkaError, AttributeError):  # the admin's own bug while offsets load
                        continue
        except TimeoutError:
            behind = {n: (at.get(n, (0, ""))[0], end) for n, end in ends.items()}
            logs = "\n".join(tail(one) for one in running())
            msg = f"not committed in {seconds:.0f} s: (committed, end) {behind}\n{logs}"
            raise AssertionError(msg) from None

    async def verdict(self) -> Verdict:
        """Compare what Planhat holds with what Hull said last."""
        state = await self.planhat.state()
        counters: dict[str, Any] = state["counters"]
        found = Verdict(self.records, counters["requests_total"])
        self._compare(found, state["endusers"], "u", self.hull.user_versions)
        # A company whose account has not changed is there for its users' sake, without a version.
        companies = [row for row in state["companies"] if "version" in row.get("custom", {})]
        self._compare(found, companies, "a", self.hull.account_versions)
        events = Counter(row["info"]["id"] for row in state["activities"])
        expected = {
            one for one in self.hull.events if int(one.split("-")[1]) not in self.refused_users
        }
        found.lost += sorted(expected - events.keys())
        found.strange += sorted(events.keys() - expected)
        dropped = (row["event"]["info"]["id"] for row in state["dropped"])
        found.lost += [f"{one}: dropped by Planhat" for one in dropped if one in expected]
        found.activities_twice = sum(events.values()) - len(events)
        found.overtakes = counters["overtakes"]
        found.meetings = counters["by_resource"].get("companies", {}).get("overlaps", 0)
        found.overlaps = counters["overlaps"] - found.meetings
        found.repeats = counters["repeats"]
        found.dead = await self.kafka.read(self.dead_topic)
        return found

    def _compare(
        self, found: Verdict, rows: list[dict[str, Any]], letter: str, versions: dict[int, int]
    ) -> None:
        refused = self.refused_users if letter == "u" else set()
        expected = {f"{letter}-{n}": version for n, version in versions.items() if n not in refused}
        there = {row["externalId"]: row.get("custom", {}).get("version") for row in rows}
        for key, version in expected.items():
            if there.get(key) != version:
                found.lost.append(f"{key}: {there.get(key)} instead of {version}")
        found.strange += sorted(there.keys() - expected.keys())
        if len(there) != len(rows):
            found.strange.append(f"{len(rows) - len(there)} records of a key twice")


def tail(service: ServiceProcess) -> str:
    return service.log.read_text()[-1500:] if service.log.exists() else "no log"


async def asked(service: ServiceProcess, path: str) -> tuple[int, str]:
    """Ask a service's probe; status 0 if it does not answer."""
    timeout = aiohttp.ClientTimeout(total=5)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://127.0.0.1:{service.port}{path}") as response,
        ):
            return response.status, await response.text()
    except (aiohttp.ClientError, OSError):
        return 0, ""


async def until_ready(service: ServiceProcess, *, ready: bool = True, seconds: float = 60) -> None:
    """Wait until `/readyz` says so."""
    wanted = 200 if ready else 503
    told = await asked(service, "/readyz")
    try:
        async with asyncio.timeout(seconds):
            while told[0] != wanted:
                assert service.is_running, f"ended by itself: {tail(service)}"
                await asyncio.sleep(0.1)
                told = await asked(service, "/readyz")
    except TimeoutError:
        raise AssertionError(f"/readyz: {told} {tail(service)}") from None


def logged(service: ServiceProcess, event: str) -> list[dict[str, Any]]:
    """The lines of a log with this event."""
    lines = (line for line in service.log.read_text().splitlines() if f'"{event}"' in line)
    return [found for line in lines if (found := json.loads(line))["event"] == event]


def memory_mib(service: ServiceProcess, kind: str = "VmRSS") -> float:
    """Resident memory of a service's process, or the most it ever was (`VmHWM`)."""
    assert service.process is not None
    text = Path(f"/proc/{service.process.pid}/status").read_text()
    match = re.search(rf"{kind}:\s+(\d+) kB", text)
    assert match is not None
    return int(match[1]) / 1024
