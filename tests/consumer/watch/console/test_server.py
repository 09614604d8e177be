"""The console over real sockets: what it answers, to whom, and what it never says."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from consumer import log
from consumer.app import Service
from consumer.decide import reasons
from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from consumer.settings import Settings
from consumer.watch.console.server import is_let_in
from schemas.connector import ConnectorSettings
from tests.processor_time import on_this_machine

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
        self.service.engine.assignment.begin({PARTITION: None})

    def take(self, offset: int, message: object, timestamp: float = 0.0) -> None:
        offsets = self.service.engine.assignment.owned[PARTITION]
        assert isinstance(offsets, Offsets)
        value = json.dumps(message).encode()
        record = Record(PARTITION, offset, b"k", value, (), timestamp, 1_700_000_000.0)
        now = asyncio.get_running_loop().time()
        self.service.engine.take([record], offsets, now)

    async def get(self, path: str, **more: Any) -> tuple[int, str]:  # noqa: ANN401 - of aiohttp
        url = f"http://127.0.0.1:{self.service.parts.ops.port}{path}"
        async with self.session.get(url, **more) as response:
            return response.status, await response.text()

    async def json(self, path: str) -> Any:  # noqa: ANN401 - any JSON
        status, text = await self.get(path)
        assert status == 200
        return json.loads(text)

    async def explain(self, body: bytes, **headers: str) -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self.service.parts.ops.port}/api/explain"
        headers = {"Content-Type": "application/json", **headers}
        async with self.session.post(url, data=body, headers=headers) as response:
            return response.status, await response.json()


@asynccontextmanager
async def served(**environ: str) -> AsyncIterator[Client]:
    environ = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", **environ}
    settings = Settings.read(environ)
    connector = ConnectorSettings.from_text(CONNECTOR, "connector.yaml")
    settings.hide_secrets(connector, log.hide)
    service = Service(settings, connector)
    await service.parts.ops.start("127.0.0.1", 0)
    try:
        async with aiohttp.ClientSession() as session:
            yield Client(service, session)
    finally:
        await service.parts.ops.stop()
        await service.parts.api.close()


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
            url = f"http://127.0.0.1:{client.service.parts.ops.port}{path}"
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


async def test_an_envelope_of_many_messages_is_refused_with_the_bound() -> None:
    async with served() as client:
        few = await client.explain(json.dumps({"messages": [user()] * 50}).encode())
        many = await client.explain(json.dumps({"messages": [user()] * 51}).encode())

    text = "The envelope holds 51 messages; at most 50 are explained at once"
    assert (few[0], len(few[1]["messages"])) == (200, 50)
    assert many == (413, {"error": text})


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Encoding": "gzip"},
    ],
    ids=str,
)
async def test_what_a_foreign_page_could_send_unasked_is_no_message(
    headers: dict[str, str],
) -> None:
    async with served() as client:
        status, found = await client.explain(b"{}", **headers)

    assert (status, found) == (415, {"error": "Send the message as application/json"})


NUMBERS = [1e300] * 70_000
HOSTILE = {
    "list": user(user={"id": "u", "email": "a@b.c", "name": [1] * 150_000}),
    "objects": user(user={"id": "u", "email": "a@b.c", "name": [{"a": "b@c"}] * 29_000}),
    "names": user(user={"id": "u", "email": "a@b.c", "name": {"k" * 250_000: [1] * 60_000}}),
    "signs": user(user={"id": "u", "email": "a@b.c", "name": ["%40" * 5000] * 30}),
    "controls": user(user={"id": "u", "email": "a@b.c", "name": ["\x01" * 5000] * 15}),
    "numbers": user(user={"id": "u", "email": "a@b.c", "name": NUMBERS}),
    "messages": {"messages": [{}] * 120_000},
}


@pytest.mark.parametrize("message", HOSTILE.values(), ids=HOSTILE.keys())
async def test_no_message_holds_up_the_service_or_is_answered_at_length(
    message: dict[str, Any],
) -> None:
    value = json.dumps(message, separators=(",", ":")).encode()
    assert 300_000 < len(value) <= 512 * 1024
    held: list[float] = []

    async def watch() -> None:
        while True:
            before = time.thread_time()  # of the processor: what else this machine does is not ours
            await asyncio.sleep(0.001)
            held.append(time.thread_time() - before)

    async with served() as client:
        watching = asyncio.create_task(watch())
        status, found = await client.explain(value)
        watching.cancel()

    assert status in {200, 413}
    assert len(json.dumps(found, ensure_ascii=False)) < 1_100_000
    assert max(held) < on_this_machine(0.3)


@pytest.mark.slow
async def test_a_few_wait_for_their_turn_and_the_others_are_told_to_come_again() -> None:
    value = json.dumps(HOSTILE["list"]).encode()
    async with served() as client:
        found = await asyncio.gather(*[client.explain(value) for _ in range(30)])

    statuses = [status for status, _ in found]
    assert set(statuses) == {200, 503}
    assert {"error": "Others are asking: try again in a moment"} in [one for _, one in found]


@pytest.mark.slow
async def test_a_body_that_does_not_come_is_not_waited_for_long() -> None:
    async with served() as client:
        port = client.service.parts.ops.port
        head = (
            b"POST /api/explain HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n{"
        )
        answers = []
        for length in (4 << 20, 100):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head % length)
            async with asyncio.timeout(15):
                answers.append((await reader.readline()).split(b" ")[1])
            writer.close()

    assert answers == [b"413", b"408"]


async def test_a_pod_is_reached_by_its_name_within_its_service() -> None:
    pod = f"{socket.gethostname()}.hull-planhat.crm.svc"
    async with served(HTTP_ALLOWED_HOSTS="hull-planhat.crm.svc") as client:
        ours, _ = await client.get("/api/state", headers={"Host": f"{pod}:8080"})
        other, _ = await client.get("/api/state", headers={"Host": f"{pod}.evil.example"})

    assert (ours, other) == (200, 403)


@pytest.mark.parametrize("path", ["/", "/console.js", "/api/state", "/api/outcomes"])
async def test_a_name_that_is_none_of_ours_is_answered_by_probes_only(path: str) -> None:
    foreign = {"Host": "rebound.evil.example"}
    async with served(HTTP_ALLOWED_HOSTS="console.example.com") as client:
        status, text = await client.get(path, headers=foreign)
        known, _ = await client.get(path, headers={"Host": "Console.example.com:443"})
        probes = [
            (await client.get(probe, headers=foreign))[0]
            for probe in ("/healthz", "/readyz", "/metrics")
        ]

    assert (status, known, probes) == (403, 200, [200, 503, 200])
    assert json.loads(text)["error"] == (
        "Host 'rebound.evil.example' is no name of this console;"
        " if it is, add it to HTTP_ALLOWED_HOSTS"
    )


async def test_another_page_may_not_ask() -> None:
    async with served() as client:
        by_origin = await client.explain(b"{}", Origin="https://evil.example")
        by_fetch = await client.explain(b"{}", **{"Sec-Fetch-Site": "cross-site"})
        port = client.service.parts.ops.port
        own, _ = await client.explain(b"{}", Origin=f"http://127.0.0.1:{port}")
        target, _ = await client.get("/api/state", headers={"Host": "a", "Origin": "null"})

    assert (by_origin[0], by_fetch[0], own, target) == (403, 403, 200, 403)


async def test_passwords_may_be_tried_ten_times_then_once_a_second() -> None:
    async with served(HTTP_USERNAME="me", HTTP_PASSWORD="open-sesame") as client:
        wrong = {"Authorization": "Basic bWU6b3Blbi1iYXJsZXk="}
        statuses = [(await client.get("/", headers=wrong))[0] for _ in range(15)]
        unasked, _ = await client.get("/")

    assert statuses[:10] == [401] * 10
    assert statuses.count(429) >= 3
    assert unasked == 401


async def test_switched_off_there_is_no_console_and_nothing_is_remembered() -> None:
    async with served(HTTP_CONSOLE="false") as client:
        status, _ = await client.get("/api/state")
        healthz, _ = await client.get("/healthz")

    assert (status, healthz) == (404, 200)
    assert client.service.parts.outcomes is None


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
