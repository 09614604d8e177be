"""A Planhat that repeats each request it refuses: all doors of the real service are searched."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.integration.command import Command
from tests.integration.hull import CONNECTOR, USERS_SEGMENT
from tests.integration.kafka_client import Entry, until
from tests.integration.service_process import ServiceProcess
from tests.planhat_client.echoing import EchoingPlanhat, echoing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from tests.integration.kafka_client import KafkaClient

TOKEN, PASSWORD = "phat_9fQ2xV7kLmN4pR8sT1uW3yZ5", "console-p4ssw0rd-17"
TENANT = "0f8fad5b-d9cb-469f-a165-70867728950e"
SECRETS = (TOKEN, PASSWORD, TENANT)
PEOPLE = ("jane.roesner", "Quentin", "Roesner", "Yachts", "1234567")
LEAK = re.compile(
    "|".join(
        [
            *(one[at : at + 8] for one in SECRETS for at in range(len(one) - 7)),
            *PEOPLE,
            *(b64encode(one.encode()).decode()[2:-4] for one in (*SECRETS, *PEOPLE[:2])),
        ]
    ),
    re.IGNORECASE,
)
MAPPED = CONNECTOR.replace("11111111-2222-3333-4444-555555555555", TENANT).replace(
    "contact_custom_attributes_outbound:",
    """  - {hull_field_name: traits_title, service_field_name: position}
  - {hull_field_name: phone, service_field_name: phone}
contact_custom_attributes_outbound:""",
)
REJECTED = [
    *((400, shape) for shape in ("head first", "body first", "text of the body", "in capitals")),
    *((422, shape) for shape in ("escaped", "base64", "JSON in JSON", "controls", "cut")),
    *((200, "errors"), (206, "body first"), (409, "text"), (400, "errors"), (400, "page")),
]
HELD = [
    (200, "torn"),
    (422, "huge"),
    (429, "body first"),
    (500, "head first"),
    (503, "text"),
    (502, "page"),
]
HALTED = [(401, "head first"), (401, "body first"), (403, "escaped"), (404, "text")]


@pytest.fixture
async def planhat() -> AsyncIterator[EchoingPlanhat]:
    async with echoing() as server:
        yield server


def message(number: int) -> Entry:
    told = {
        "channel": "user:update",
        "user": {
            "id": f"hull-{number}",
            "external_id": f"ext-{number}",
            "email": "jane.roesner@acme.example",
            "name": "Quentin Roesner",
            "traits_title": "Head of Yachts",
            "phone": "+49 170 1234567",
            "traits_version": number,
        },
        "account": {"id": "acc-1", "external_id": "acme", "name": "Acme Ltd"},
        "segments": [USERS_SEGMENT],
        "changes": {"is_new": True},
    }
    return Entry(f"hull-{number}".encode(), json.dumps(told).encode())


class Doors:
    """All that a service says over HTTP, as it was seen by and by."""

    def __init__(self, service: ServiceProcess) -> None:
        self.seen: dict[str, str] = {}
        self._service = service

    async def look(self, when: str) -> None:
        for path in (
            *("/healthz", "/readyz", "/metrics", "/api/state", "/api/outcomes", "/"),
            *("/api/outcomes?query=hull-1", "/api/outcomes?query=ext-3"),
        ):
            self.seen[f"{path} {when}"] = (await self.get(path))[1]

    async def get(self, path: str) -> tuple[int, str]:
        login = b64encode(f"me:{PASSWORD}".encode()).decode()
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Basic {login}"}) as session,
            session.get(f"http://127.0.0.1:{self._service.port}{path}") as response,
        ):
            return response.status, await response.text()

    async def until_halted(self, *, is_halted: bool = True) -> None:
        async def is_so() -> bool:
            return ((await self.get("/readyz"))[0] == 503) is is_halted

        await until(is_so)


ASKING = (["check"], ["explain", "-", "--ask-planhat"])
OTHERS = (
    *(["check", "--json"], ["explain", "-"], ["explain", "-", "--json"]),
    *(["dead-letters", "list"], ["dead-letters", "list", "--json"]),
    *(["dead-letters", "show", "0:0"], ["dead-letters", "show", "0:1", "--json"]),
    *(["dead-letters", "replay", "--all", "--dry-run"],),
    *(["dead-letters", "replay", "--all", "--dry-run", "--json"],),
)


async def commands(
    settings: dict[str, str], when: str, called: Sequence[list[str]]
) -> dict[str, str]:
    command = Command(**settings)
    stdin = message(1).value or b""
    found = {}
    for arguments in called:
        done = await command(*arguments, stdin=stdin)
        assert "Traceback" not in done.err
        found[f"{' '.join(arguments)} {when}"] = done.out + done.err
    return found


class Story:
    """Users who come to their ends while Planhat repeats what it gets, one way after another."""

    def __init__(
        self, kafka: KafkaClient, planhat: EchoingPlanhat, doors: Doors, name: str
    ) -> None:
        self._kafka = kafka
        self._planhat = planhat
        self._doors = doors
        self._name = name
        self._sent = 0

    async def send(self) -> None:
        await self._kafka.produce(self._name, [message(self._sent)])
        self._sent += 1

    async def until_count(self, topic: str, count: int) -> None:
        async def is_there() -> bool:
            return sum((await self._kafka.end_offsets(f"{self._name}-{topic}")).values()) >= count

        await until(is_there)

    async def begin(self, service: ServiceProcess) -> None:
        await until(lambda: _is_up(service))
        await self._doors.until_halted(is_halted=False)
        await self.send()
        await self.until_count("results", 1)

    async def rejected(self) -> None:
        for count, (status, shape) in enumerate(REJECTED, 1):
            self._planhat.echo(status, shape)
            await self.send()
            await self.until_count("dead", count)
        await self._doors.look("rejected")

    async def held(self) -> None:
        for status, shape in HELD:
            self._planhat.echo(status, shape)
            await self.send()
            await self._until_asked(status, shape)
            await self._doors.look(f"{status} {shape}")
            self._planhat.behave()
        await self.until_count("results", 1 + len(HELD))

    async def halted(self, settings: dict[str, str]) -> dict[str, str]:
        told = await commands(settings, "well", (*ASKING, *OTHERS))
        for status, shape in HALTED:
            self._planhat.echo(status, shape, reads=True)
            await self.send()
            await self._doors.until_halted()
            await self._doors.look(f"{status} {shape}")
            told |= await commands(settings, f"{status} {shape}", ASKING)
            self._planhat.behave()
            await self._doors.until_halted(is_halted=False)
        await self.until_count("results", 1 + len(HELD) + len(HALTED))
        return told

    async def _until_asked(self, status: int, shape: str) -> None:
        async def is_asked() -> bool:
            return self._planhat.asked["PUT", status, shape] > 0

        await until(is_asked)

    async def topics(self) -> dict[str, str]:
        """What lies in ours; of dead letters the headers: a value is the record itself."""
        letters = await self._kafka.read(f"{self._name}-dead")
        results = await self._kafka.read(f"{self._name}-results")
        return {
            "dead letters": repr([one.headers for one in letters]),
            "results": repr([(one.key, one.value, one.headers) for one in results]),
        }


@pytest.mark.timeout(600)
async def test_no_door_shows_what_planhat_repeats(
    kafka: KafkaClient, planhat: EchoingPlanhat, topic: Callable[[str], str], tmp_path: Path
) -> None:
    name = topic("events")
    for one in (name, f"{name}-dead", f"{name}-results"):
        await kafka.create_topic(one, partitions=1)
    settings = environment(kafka, planhat, name, tmp_path)

    async with ServiceProcess(tmp_path / "log", **settings) as service:
        doors = Doors(service)
        story = Story(kafka, planhat, doors, name)
        await story.begin(service)
        await story.rejected()
        await story.held()
        told = await story.halted(settings)
        assert await service.stop() == 0

    shown = {**doors.seen, **told, **await story.topics(), "log": service.log.read_text()}
    assert "halted: 401" in shown["/readyz 401 head first"]
    assert "dl.reason" in shown["dead letters"]
    assert "j***@a***.example" in shown["log"]
    assert {door: LEAK.findall(text) for door, text in shown.items() if LEAK.search(text)} == {}
    assert [door for door, text in shown.items() if "\x1b" in text or "\x07" in text] == []


def environment(
    kafka: KafkaClient, planhat: EchoingPlanhat, name: str, tmp: Path
) -> dict[str, Any]:
    connector, secret = tmp / "connector.yaml", tmp / "token"
    connector.write_text(MAPPED)
    secret.write_text(TOKEN)
    return {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "KAFKA_TOPICS": name,
        "KAFKA_GROUP_ID": f"group-of-{name}",
        "KAFKA_DEAD_LETTER_TOPIC": f"{name}-dead",
        "KAFKA_RESULTS_TOPIC": f"{name}-results",
        "CONNECTOR_SETTINGS": str(connector),
        "PLANHAT_API_URL": planhat.url,
        "PLANHAT_ANALYTICS_URL": planhat.url,
        "PLANHAT_ACCESS_TOKEN": "",
        "PLANHAT_ACCESS_TOKEN_FILE": str(secret),
        "PLANHAT_REQUESTS_PER_MINUTE": "6000",
        "PLANHAT_BURST": "100",
        "REJECT_LIMIT": "1",
        "HTTP_USERNAME": "me",
        "HTTP_PASSWORD": PASSWORD,
        "LOG_LEVEL": "debug",
    }


async def _is_up(service: ServiceProcess) -> bool:
    assert service.is_running, service.log.read_text()[-3000:]
    try:
        await Doors(service).get("/healthz")
    except aiohttp.ClientError:
        return False
    return True
