"""Secrets and addresses are planted wherever they could come in; nowhere do they come out."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import logging
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("confluent_kafka", reason="needs confluent-kafka: pip install confluent-kafka")

from confluent_kafka import TopicPartition

from consumer import log
from planhat_client.sandbox import Refusal
from tests.browser.stage import TOKEN, stage, user
from tests.consumer.fuzz import Sink, messages
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from consumer.cli.demo.kafka import EmbeddedKafka
    from tests.browser.stage import Stage

PASSWORD = "planted-password-9f2c"
TENANT = "11111111-2222-3333-4444-555555555555"
SECRETS = (TOKEN, TENANT, PASSWORD)
ADDRESS = "jane.planted@secret.example"
LEAK = re.compile("|".join(map(re.escape, (*SECRETS, ADDRESS, "jane.planted", "secret.example"))))
DEAD_LETTERS = "hull.planhat.dead-letters"


@pytest.fixture(name="out")
def _out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    for secret in SECRETS:
        log.hide(secret)
    log.configure("debug", stream=out)
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@asynccontextmanager
async def asked() -> AsyncIterator[aiohttp.ClientSession]:
    login = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    async with aiohttp.ClientSession(headers={"Authorization": f"Basic {login}"}) as session:
        yield session


async def pages(running: Stage) -> dict[str, str]:
    """Everything that the service's own server says."""
    found = {}
    async with asked() as session:
        for path in (
            "/",
            "/healthz",
            "/readyz",
            "/metrics",
            "/api/state",
            "/api/outcomes",
            f"/api/outcomes?query={ADDRESS}",
            "/api/outcomes?query=hull-rick",
            f"/api/outcomes?query={TOKEN}",
        ):
            async with session.get(running.url + path) as response:
                found[path] = await response.text()
        message = planted("explained")
        async with session.post(running.url + "/api/explain", json=message) as response:
            assert response.status == 200
            found["/api/explain"] = await response.text()
    return found


def planted(name: str, **more: object) -> dict[str, Any]:
    """A user whose every text holds secrets and an address."""
    evil = f"{TOKEN} {TENANT} {PASSWORD} {ADDRESS}"
    return user(
        name,
        user={
            "id": f"hull-{name}",
            "external_id": f"ext-{name}",
            "email": ADDRESS if name == "jane" else f"{name}@secret.example",
            "name": evil,
            "traits_crm/title": evil,
            evil: evil,
        },
        **more,
    )


def dead_letters(kafka: EmbeddedKafka) -> list[dict[str, bytes]]:
    """Headers of our own of all dead letters."""
    ends = kafka.ends(DEAD_LETTERS)
    found: list[dict[str, bytes]] = []
    with kafka._consumer() as consumer:
        consumer.assign([TopicPartition(DEAD_LETTERS, number, 0) for number in ends])
        while len(found) < sum(ends.values()):
            message = consumer.poll(10.0)
            assert message is not None
            headers = dict(message.headers() or ())
            found.append({name: headers[name] for name in headers if name.startswith("dl.")})
    return found


@pytest.mark.slow
async def test_what_is_planted_comes_out_nowhere(out: io.StringIO) -> None:
    say = f"{ADDRESS} with token {TOKEN} of tenant {TENANT}, password {PASSWORD}, is bad"
    async with stage(HTTP_USERNAME="me", HTTP_PASSWORD=PASSWORD) as running:
        running.sandbox.refusals.clear()
        running.sandbox.refusals.extend(
            [
                Refusal("externalId", ("ext-rick",), message=say),
                Refusal("externalId", ("ext-rose",), how="request", status=400, message=say),
            ]
        )
        await running.produce(
            planted("jane"),
            planted("rick"),
            planted("rose"),
            planted("frank", segments=[]),
            planted("wanda", account={"id": "x", "external_id": "unknown"}, account_segments=[]),
            planted("lara", channel=f"{TOKEN} {ADDRESS}"),
            {"user": {"id": "", "email": ADDRESS}, "channel": "user:update"},
            {"user": f"{TOKEN} {ADDRESS}"},
        )
        await running.until_final({"delivered": 1, "skipped": 2, "rejected": 4})
        shown = await pages(running)
        letters = await asyncio.to_thread(dead_letters, running.kafka)
    shown["the log"] = out.getvalue()
    shown["dead letters"] = repr(letters)

    assert len(letters) == 4
    assert "outgoing.user.error" in shown["the log"]
    assert {place: LEAK.findall(text) for place, text in shown.items() if LEAK.search(text)} == {}
    assert all(isinstance(json.loads(line), dict) for line in out.getvalue().split("\n")[:-1])


# What is fuzzed


def survives(records: list[bytes | None], out: io.StringIO) -> None:
    """The real intake takes it: no traceback, each line parses, nothing planted is in it."""
    out.seek(0)
    out.truncate()
    sink = Sink()
    for value in records:
        sink.take(value)
    sink.deliver()
    told = out.getvalue()
    assert all(isinstance(json.loads(line), dict) for line in told.split("\n")[:-1])
    assert LEAK.findall(told + sink.shown()) == []


@pytest.fixture(name="quiet", scope="module")
def _quiet() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    for secret in SECRETS:
        log.hide(secret)
    log.configure("debug", stream=out)
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


PLANTED = st.sampled_from([*SECRETS, ADDRESS, f"{ADDRESS} {TOKEN}"])


@settings(max_examples=examples(30))
@given(records=st.lists(messages(PLANTED), min_size=1, max_size=5))
def test_fuzzed_messages_pass_in_silence(records: list[bytes | None], quiet: io.StringIO) -> None:
    survives(records, quiet)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # a minute of CPU, and many where others need it too
@settings(max_examples=examples(1000))
@given(records=st.lists(messages(PLANTED), min_size=10, max_size=10))
def test_ten_thousand_fuzzed_messages_pass_in_silence(
    records: list[bytes | None], quiet: io.StringIO
) -> None:
    survives(records, quiet)
