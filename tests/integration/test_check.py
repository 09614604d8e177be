"""`check` against all that may be wrong; the table in docs/check.md says the same lines."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from planhat_client.sandbox import SandboxServer
from tests.integration.command import Command
from tests.integration.kafka_client import Entry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.integration.kafka_client import KafkaClient

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "check.md").read_text("utf-8")
CONNECTOR = (ROOT / "tests" / "data" / "connector.yaml").read_text("utf-8")


@pytest.fixture
async def planhat() -> AsyncIterator[SandboxServer]:
    async with SandboxServer() as server:
        yield server


@asynccontextmanager
async def answering(status: str, body: str, kind: str) -> AsyncIterator[str]:
    """A host that gives one and the same answer to everybody."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"


@pytest.fixture
async def good(
    kafka: KafkaClient, planhat: SandboxServer, topic: Callable[[str], str]
) -> dict[str, str]:
    """An environment in which all is well."""
    events, dead = topic("events"), topic("dead")
    await kafka.create_topic(events, partitions=3)
    await kafka.create_topic(dead)
    return {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "KAFKA_TOPICS": events,
        "KAFKA_DEAD_LETTER_TOPIC": dead,
        "PLANHAT_API_URL": planhat.url,
        "PLANHAT_ANALYTICS_URL": planhat.analytics_url,
    }


def on_the_page(line: str, settings: dict[str, str]) -> bool:
    """Tell whether the page has the line, with the names that it uses for ours."""
    for ours, named in (
        (settings["KAFKA_BOOTSTRAP_SERVERS"], "kafka:9092"),
        (settings["KAFKA_TOPICS"], "hull.events"),
        (settings["KAFKA_DEAD_LETTER_TOPIC"], "hull.planhat.dead-letters"),
        (settings["PLANHAT_API_URL"], "https://api.planhat.com"),
        (settings["PLANHAT_ANALYTICS_URL"], "https://analytics.planhat.com"),
    ):
        line = line.replace(ours, named)
    return f"`{line}`" in PAGE


async def bad_lines(settings: dict[str, str]) -> list[str]:
    done = await Command(**settings)("check", "--json")
    told = json.loads(done.out)["messages"]
    bad = [f"{one['status']}: {one['message']}" for one in told if one["status"] != "ok"]
    assert (done.code, done.err) == (int(any(not one.startswith("warning") for one in bad)), "")
    return bad


async def test_where_all_is_well_it_says_so(good: dict[str, str]) -> None:
    done = await Command(**good)("check")

    assert (done.code, done.err) == (0, ""), done.out
    assert [line.split()[0] for line in done.out.splitlines()] == ["ok"] * 5
    assert f"topic {good['KAFKA_TOPICS']}, 3 partitions" in done.out


async def test_a_filter_whose_segment_is_gone_is_told_by_the_newest_envelope(
    kafka: KafkaClient, good: dict[str, str]
) -> None:
    envelope = {
        "messages": [],
        "segments": [{"id": "5d2f0c1e8f0b7a0001a1b002", "name": "Trial"}],
        "accounts_segments": [{"id": "5d2f0c1e8f0b7a0001a1c001", "name": "Customers"}],
    }
    await kafka.produce(good["KAFKA_TOPICS"], [Entry(b"u1", json.dumps(envelope).encode())])

    (line,) = await bad_lines(good)

    assert on_the_page(line, good), line


@pytest.mark.parametrize(
    "changed",
    [
        {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"},
        {"KAFKA_TOPICS": "no-such-topic"},
        {"KAFKA_DEAD_LETTER_TOPIC": "no-such-topic"},
        {"KAFKA_RESULTS_TOPIC": "no-such-results"},
        {"PLANHAT_API_URL": "http://127.0.0.1:9"},
        {"PLANHAT_ANALYTICS_URL": "http://127.0.0.1:9"},
        {"PLANHAT_ACCESS_TOKEN": "not-the-token"},
        {"PLANHAT_TENANT_ID": "my-company"},
        {"PLANHAT_ACCESS_TOKEN": ""},
    ],
    ids=lambda changed: " ".join(f"{name}={value}" for name, value in changed.items()),
)
async def test_what_is_wrong_is_one_line_with_its_remedy(
    good: dict[str, str], changed: dict[str, str]
) -> None:
    settings = good | changed

    (line,) = await bad_lines(settings)

    assert on_the_page(line, settings), line


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        ("401 Unauthorized", '"Unauthorized"', "application/json"),
        ("404 Not Found", '"Not found"', "application/json"),
        ("200 OK", "<!doctype html><html><body>Welcome</body></html>", "text/html"),
    ],
    ids=["401", "404", "a page"],
)
async def test_another_host_than_planhats_is_told_by_its_answer(
    good: dict[str, str], status: str, body: str, kind: str
) -> None:
    async with answering(status, body, kind) as url:
        settings = good | {"PLANHAT_API_URL": url}
        (line,) = await bad_lines(settings)

    assert on_the_page(line, settings), line


async def test_a_port_that_is_not_kafkas_is_told_in_bounded_time(good: dict[str, str]) -> None:
    async with answering("200 OK", "hello", "text/plain") as url:
        lines = await bad_lines(good | {"KAFKA_BOOTSTRAP_SERVERS": url.removeprefix("http://")})

    assert len(lines) == 1
    assert lines[0].startswith("error: Kafka: no answer from 127.0.0.1:")
