"""What people are told while Planhat wants us to wait for long."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING

import aiohttp
import pytest

from consumer.wording import long_wait

pytest.importorskip("confluent_kafka", reason="needs confluent-kafka: pip install confluent-kafka")

from planhat_client.sandbox import Fault
from tests.browser.stage import stage, user
from tests.consumer.test_doors import logged

if TYPE_CHECKING:
    import io

TOLD = re.compile(r"Planhat asked us to wait until 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC")


def test_the_end_of_a_wait_is_told_in_utc() -> None:
    told = long_wait(3600.0, 951_782_400.5)

    assert told == "Planhat asked us to wait until 2000-02-29 01:00:00 UTC"


async def until_told(out: io.StringIO, event: str) -> dict[str, object]:
    async with asyncio.timeout(30):
        while True:
            for line in out.getvalue().splitlines():
                found: dict[str, object] = json.loads(line)
                if found["event"] == event:
                    return found
            await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_a_wait_of_a_day_is_told_everywhere_and_is_one_of_an_hour() -> None:
    a_day = {"kind": "status", "status": 429, "retry_after": 86_400.0, "resource": "endusers"}

    with logged() as out:
        async with stage() as running, aiohttp.ClientSession() as session:
            await running.until_final({})
            running.sandbox.faults.add([Fault.from_json(a_day)], 0.0)
            await running.produce(user("delia"))
            line = await until_told(out, "planhat.asked_to_wait")
            async with session.get(f"{running.url}/readyz") as response:
                ready = response.status, (await response.json())["reason"]
            async with session.get(f"{running.url}/api/state") as response:
                state = await response.json()

    assert TOLD.fullmatch(str(line["reason"]))
    assert 3590 <= int(str(line["seconds"])) <= 3600
    assert ready[0] == 200
    assert TOLD.search(ready[1])
    assert TOLD.fullmatch(state["title"])
    assert state["level"] == "trouble"
