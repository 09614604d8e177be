"""One profile through all doors: what one of them masks, no other shows in clear."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio
import structlog

pytest.importorskip("confluent_kafka", reason="needs confluent-kafka: pip install confluent-kafka")

from consumer import log
from planhat_client.sandbox import Refusal
from tests.browser.stage import CONNECTOR, stage, user
from tests.consumer.cli.commands import call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser.stage import Stage

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

HULL_ID, EXTERNAL_ID = "xena-hull-1", "zoe-ext-4711"
EMAIL, NAME, PHONE = "jane.roe@acme.example", "Quentin Roe", "+49 170 1234567"
PERSONAL = (
    *(EMAIL, NAME, "Quentin", PHONE, "491707654321", "Wall Street 5", "Head of Yachts"),
    *("203.0.113.7", "Firefox"),
)
MAPPED = CONNECTOR.replace(
    "contact_custom_attributes_outbound:",
    """  - {hull_field_name: phone, service_field_name: phone}
contact_custom_attributes_outbound:
  - {hull_field_name: external_id, service_field_name: User ID}
  - {hull_field_name: account.external_id, service_field_name: Customer}
  - {hull_field_name: traits_home_street, service_field_name: Lives in}
  - {hull_field_name: traits_mobile_number, service_field_name: Reached by}""",
)


def message(hull_id: str, external_id: str, **more: object) -> dict[str, Any]:
    """Tell all of one person, of whom Planhat's id is known or not."""
    of_user = {
        "id": hull_id,
        "external_id": external_id,
        "email": EMAIL,
        "name": NAME,
        "first_name": "Quentin",
        "phone": PHONE,
        "traits_home_street": "Wall Street 5",
        "traits_mobile_number": 491707654321,
        "traits_crm/title": "Head of Yachts",
        "last_known_ip": "203.0.113.7",
    }
    event = {
        "event": "Signed in",
        "event_id": f"event-of-{hull_id}",
        "properties": {"who": NAME, "user": external_id},
        "context": {"ip": "203.0.113.7", "browser": "Firefox"},
    }
    changes = {"is_new": False, "user": {"name": ["Quentin", NAME], "phone": [None, PHONE]}}
    company = {"id": "wall-acc", "external_id": "union-acc", "name": "Acme Ltd"}
    return user("any", user=of_user, events=[event], account=company, changes=changes) | more


DELIVERED = message(HULL_ID, EXTERNAL_ID)
REFUSED = message("yves-hull-2", "vera-ext-9", events=[])


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """All that is logged; the logs are left to other tests as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    lines = io.StringIO()
    log.configure("debug", stream=lines)
    yield lines
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


async def by_http(running: Stage) -> dict[str, str]:
    """What the console says of both, as JSON."""
    found = {}
    async with aiohttp.ClientSession() as session:
        for query in (HULL_ID, EXTERNAL_ID, EMAIL, "yves-hull-2"):
            async with session.get(f"{running.url}/api/outcomes?query={query}") as answer:
                found[f"console: {query[:4]}"] = await answer.text()
        for path in ("api/state", "healthz", "readyz", "metrics"):
            async with session.get(f"{running.url}/{path}") as answer:
                found[path] = await answer.text()
        body = json.dumps(DELIVERED).encode()
        headers = {"Content-Type": "application/json"}
        url = f"{running.url}/api/explain"
        async with session.post(url, data=body, headers=headers) as answer:
            assert answer.status == 200
            found["console: explain"] = await answer.text()
    return found


def by_command(running: Stage, connector: str, **environ: str) -> dict[str, str]:
    """What the commands print."""
    environ["KAFKA_BOOTSTRAP_SERVERS"] = running.kafka.bootstrap_servers
    environ["CONNECTOR_SETTINGS"] = connector
    name = json.loads(call("dead-letters", "list", "--json", stdin=None, **environ).stdout)[
        "dead_letter"
    ]
    stdin = json.dumps(DELIVERED).encode()
    found = {}
    for arguments in (
        ("dead-letters", "list"),
        ("dead-letters", "list", "--json"),
        ("dead-letters", "show", name),
        ("dead-letters", "show", name, "--json"),
        ("explain", "-"),
        ("explain", "-", "--json"),
    ):
        done = call(*arguments, stdin=stdin, **environ)
        assert (done.returncode, done.stderr) == (0, "")
        found[" ".join(arguments).replace(name, "NAME")] = done.stdout
    return found


async def through_all_doors(directory: Path, **environ: str) -> dict[str, str]:
    connector = directory / "connector.yaml"
    connector.write_text(MAPPED, "utf-8")
    with logged() as lines:
        async with stage(MAPPED, **environ) as running:
            text = f"{NAME} ({PHONE}, Head of Yachts): {EMAIL} is no contact"
            refusal = Refusal("externalId", ("vera-ext-9",), message=text)
            running.sandbox.refusals.extend([refusal])
            await running.produce(DELIVERED, REFUSED)
            await running.until_final({"delivered": 1, "rejected": 1})
            console = await by_http(running)
            commands = await asyncio.to_thread(by_command, running, str(connector), **environ)
    return {**console, **commands, "log": lines.getvalue()}


@pytest_asyncio.fixture(name="doors", scope="module", loop_scope="module")
async def _doors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return await through_all_doors(tmp_path_factory.mktemp("doors"))


async def test_what_one_door_masks_no_other_shows_in_clear(doors: dict[str, str]) -> None:
    shown = {(door, one) for door, text in doors.items() for one in PERSONAL if one in text}

    assert shown == set()


async def test_an_id_is_in_clear_and_never_beside_its_own_mask(doors: dict[str, str]) -> None:
    ids = (HULL_ID, EXTERNAL_ID, "yves-hull-2", "vera-ext-9", "union-acc")
    masks = [f'"{one[0]}***"' for one in ids]

    assert [(door, one) for door, text in doors.items() for one in masks if one in text] == []
    for door in ("console: xena", "console: explain", "explain - --json"):
        assert EXTERNAL_ID in doors[door]
    assert HULL_ID in doors["log"]
    assert "vera-ext-9" in doors["dead-letters show NAME"]


async def test_all_is_shown_where_that_is_told(tmp_path: Path) -> None:
    doors = await through_all_doors(tmp_path, LOG_PII="true")

    for door in ("console: xena", "console: explain", "explain -", "dead-letters show NAME"):
        assert NAME in doors[door]
