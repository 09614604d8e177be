"""The console over real sockets: what it answers, to whom, and what it never says."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from consumer import log, reasons
from consumer.app import Service
from consumer.console.server import is_let_in
from consumer.offsets import Offsets
from consumer.part import Partition, Record
from consumer.settings import Settings
from schemas.connector import ConnectorSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CONNECTOR = """
personal_access_token: token-of-a-test
tenant_id: tenant-of-a-test
contact_synchronized_segments: [s]
contact_attributes_outbound:
  - {hull_field_name: email, service_field_name: email}
  - {hull_field_name: name, service_field_name: name}
"""
PARTITION = Partition("hull.events", 0)


class Client:
    """Asks a service whose sockets are open and whose loops do not run."""

    def __init__(self, service: Service, session: aiohttp.ClientSession) -> None:
        self.service = service
        self.session = session
        self.service.assignment.begin({PARTITION: None})

    def take(self, offset: int, message: object, timestamp: float = 0.0) -> None:
        offsets = self.service.assignment.owned[PARTITION]
        assert isinstance(offsets, Offsets)
        value = json.dumps(message).encode()
        record = Record(PARTITION, offset, b"k", value, (), timestamp, 1_700_000_000.0)
        now = asyncio.get_running_loop().time()
        self.service.intake.take(record, offsets, self.service.assignment.backlog, now)

    async def get(self, path: str, **more: Any) -> tuple[int, str]:  # noqa: ANN401 - of aiohttp
        url = f"http://127.0.0.1:{self.service.ops.port}{path}"
        async with self.session.get(url, **more) as response:
            return response.status, await response.text()

    async def json(self, path: str) -> Any:  # noqa: ANN401 - any JSON
        status, text = await self.get(path)
        assert status == 200
        return json.loads(text)

    async def explain(self, body: bytes) -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self.service.ops.port}/api/explain"
        async with self.session.post(url, data=body) as response:
            return response.status, await response.json()


@asynccontextmanager
async def served(**environ: str) -> AsyncIterator[Client]:
    environ = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", **environ}
    settings = Settings.read(environ)
    connector = ConnectorSettings.from_text(CONNECTOR, "connector.yaml")
    settings.hide_secrets(connector, log.hide)
    service = Service(settings, connector)
    await service.ops.start("127.0.0.1", 0)
    try:
        async with aiohttp.ClientSession() as session:
            yield Client(service, session)
    finally:
        await service.ops.stop()
        await service.api.close()


def user(**more: object) -> dict[str, Any]:
    return {
        "user": {"id": "u1", "external_id": "e1", "email": "jane@acme.com", "name": "Jane Doe"},
        "segments": [{"id": "s"}],
        "account": {"id": "a", "planhat/id": "company"},
        **more,
    }


async def test_the_page_and_its_parts_come_with_a_strict_policy() -> None:
    async with served() as client:
        for path in ("/", "/console.css", "/console.js", "/icon.svg"):
            url = f"http://127.0.0.1:{client.service.ops.port}{path}"
            async with client.session.get(url) as response:
                policy = response.headers["Content-Security-Policy"]
                assert response.status == 200
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy


async def test_the_page_holds_no_code_and_no_style_of_its_own() -> None:
    async with served() as client:
        _, page = await client.get("/")
        _, script = await client.get("/console.js")

    assert all(mark not in page for mark in ("<style", "style=", "onclick", "http:", "https:"))
    for way_in in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert way_in not in script


async def test_the_state_tells_how_it_is_and_why() -> None:
    async with served() as client:
        state = await client.json("/api/state")

    assert (state["level"], state["title"]) == ("busy", "Not ready")
    assert state["detail"] == "the companies of Planhat are not read yet"
    assert [lane["resource"] for lane in state["lanes"]] == [
        "companies",
        "endusers",
        "licenses",
        "activities",
    ]
    assert state["quota"]["setting"] == 200


async def test_a_skipped_user_is_found_with_the_reason() -> None:
    async with served() as client:
        client.take(0, user(segments=[]))
        found = await client.json("/api/outcomes?query=JANE@acme.com")

    [outcome] = found["outcomes"]
    assert (outcome["ending"], outcome["reason"]) == ("skipped", reasons.CONTACT_FILTER)
    assert (outcome["hull_id"], outcome["email"]) == ("u1", "j***@a***.com")
    assert found["waiting"] == []


async def test_a_waiting_user_is_found_with_what_it_waits_for() -> None:
    async with served() as client:
        client.take(0, user())
        found = await client.json("/api/outcomes?query=e1")

    [waiting] = found["waiting"]
    assert (waiting["ending"], waiting["offset"]) == ("waiting", 0)
    assert waiting["reason"] == "goes with one of the next requests"
    [change] = waiting["changes"]
    assert change["payload"]["companyId"] == "company"
    assert (change["payload"]["email"], change["payload"]["name"]) == ("j***@a***.com", "J***")


async def test_a_rejected_message_that_waits_for_its_letter_is_found_and_says_so() -> None:
    async with served() as client:
        client.take(0, user(account="acme"))
        found = await client.json("/api/outcomes?query=u1")

    [waiting] = found["waiting"]
    assert waiting["reason"] == (
        "is rejected (account: should be an object) and waits for the dead-letter topic"
    )
    assert (waiting["hull_id"], waiting["changes"], waiting["skips"]) == ("u1", [], [])


async def test_when_a_waiting_message_was_read_is_no_matter_of_its_producers_clock() -> None:
    async with served() as client:
        client.take(0, user(), timestamp=1.7e12)  # milliseconds for seconds: no year of a calendar
        found = await client.json("/api/outcomes?query=u1")

    assert found["waiting"][0]["read_at"] == "2023-11-14T22:13:20.000Z"


async def test_what_waits_and_what_ended_is_told_under_these_names() -> None:
    async with served() as client:
        client.take(0, user(segments=[]))
        client.take(1, user())
        found = await client.json("/api/outcomes?query=u1")

    message = {
        *("ending", "reason", "hull_id", "external_id", "email", "channel"),
        *("topic", "partition", "offset", "position", "changes", "skips"),
    }
    assert found.keys() >= {"query", "since", "unread", "waiting", "outcomes"}
    assert found["outcomes"][0].keys() >= message | {"at"}
    assert found["outcomes"][0]["skips"][0].keys() >= {"resource", "reason"}
    assert found["waiting"][0].keys() >= message | {"read_at"}
    assert found["waiting"][0]["changes"][0].keys() >= {
        *("resource", "key", "ending", "reason", "for_seconds", "payload")
    }


async def test_personal_data_is_shown_only_if_told() -> None:
    async with served(LOG_PII="true") as client:
        client.take(0, user())
        found = await client.json("/api/outcomes?query=u1")

    assert found["waiting"][0]["changes"][0]["payload"]["name"] == "Jane Doe"
    assert found["waiting"][0]["email"] == "jane@acme.com"


async def test_without_a_query_the_last_outcomes_are_told() -> None:
    async with served() as client:
        for number in range(3):
            client.take(number, user(segments=[]))
        found = await client.json("/api/outcomes")

    assert [one["offset"] for one in found["outcomes"]] == [2, 1, 0]


async def test_a_message_is_explained() -> None:
    async with served() as client:
        status, found = await client.explain(json.dumps(user(segments=[])).encode())

    assert status == 200
    assert found["messages"][0]["reason"] == reasons.CONTACT_FILTER
    assert "jane@acme.com" not in json.dumps(found)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"user": {"id": 99999999999999999999999999, "email": 1e999}}',
        b'{"user": ' + b'{"a": ' * 900 + b"1" + b"}" * 900 + b"}",
        "\ud800".encode("utf-8", "surrogatepass"),
    ],
    ids=["nothing", "broken", "list", "null", "large-numbers", "deep", "no-utf8"],
)
async def test_whatever_is_pasted_is_answered(body: bytes) -> None:
    async with served() as client:
        status, found = await client.explain(body)

    assert status == 200
    assert len(found["messages"]) == 1


async def test_a_message_too_large_is_refused_in_one_line() -> None:
    async with served() as client:
        status, found = await client.explain(b" " * 600_000)

    assert (status, found) == (413, {"error": "The message is larger than 512 KiB"})


async def test_switched_off_there_is_no_console_and_nothing_is_remembered() -> None:
    async with served(HTTP_CONSOLE="false") as client:
        status, _ = await client.get("/api/state")
        healthz, _ = await client.get("/healthz")

    assert (status, healthz) == (404, 200)
    assert client.service.outcomes is None


async def test_with_a_password_only_who_knows_it_is_let_in() -> None:
    async with served(HTTP_USERNAME="me", HTTP_PASSWORD="open-sesame") as client:
        right = {"Authorization": "Basic bWU6b3Blbi1zZXNhbWU="}
        wrong = {"Authorization": "Basic bWU6b3Blbi1iYXJsZXk="}
        for path in ("/", "/console.js", "/api/state", "/api/outcomes"):
            assert (await client.get(path))[0] == 401
            assert (await client.get(path, headers=wrong))[0] == 401
            assert (await client.get(path, headers=right))[0] == 200
        for path in ("/healthz", "/metrics"):
            assert (await client.get(path))[0] == 200


@pytest.mark.parametrize(
    ("header", "is_right"),
    [
        ("Basic bWU6c2VjcmV0", True),
        ("basic bWU6c2VjcmV0", True),
        ("Basic bWU6c2VjcmV", False),
        ("Basic bWU6", False),
        ("Basic ???", False),
        ("Basic", False),
        ("Bearer bWU6c2VjcmV0", False),
        ("", False),
    ],
)
def test_a_header_is_right_or_wrong(header: str, is_right: bool) -> None:  # noqa: FBT001 - a table
    assert is_let_in(header, "me", "secret") is is_right
