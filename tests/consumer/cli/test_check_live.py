"""`check --live` as people call it: its questions first, its lines, its ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

from planhat_client.sandbox import LatencyOptions, QuotaOptions, SandboxOptions, SandboxServer
from schemas.dialect import Dialect
from tests.consumer.cli.commands import START, call_here, environment

if TYPE_CHECKING:
    from pathlib import Path

COMPANY = "made-for-this"
SLOW = SandboxOptions(
    quota=QuotaOptions(calls_per_window=0), latency=LatencyOptions(fixed_seconds=0.01)
)
WRITE = ("--live", "--write", "--company", COMPANY)


def made(server: SandboxServer) -> None:
    """Make the company."""
    companies = server.state.records["companies"]
    companies.add({"_id": "c1", "externalId": COMPANY, "name": "Check"})


async def started(server: SandboxServer, *arguments: str) -> asyncio.subprocess.Process:
    given = environment(
        KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9",
        PLANHAT_API_URL=server.url,
        PLANHAT_ANALYTICS_URL=server.analytics_url,
        PLANHAT_ACCESS_TOKEN="sandbox-token",
        PLANHAT_REQUESTS_PER_MINUTE="100000",
        PLANHAT_BURST="1000",
    )
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *START, "check", *arguments, env=given, stdin=pipe, stdout=pipe, stderr=pipe
    )


async def ended(process: asyncio.subprocess.Process) -> tuple[str, str]:
    out, err = await asyncio.wait_for(process.communicate(), 60)
    return out.decode(), err.decode()


def contacts(server: SandboxServer) -> int:
    return len(server.state.records["endusers"])


async def until_made(server: SandboxServer) -> None:
    while contacts(server) < 5:  # noqa: ASYNC110 - another process makes them
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--live", "--offline"), "--live asks Planhat, --offline asks nobody"),
        (("--write", "--company", "x"), "--write and --dialect go with --live"),
        (("--dialect", "x.json"), "--write and --dialect go with --live"),
        (("--live", "--write"), "--write and --company EXTERNAL_ID go together"),
        (("--live", "--company", "x"), "--write and --company EXTERNAL_ID go together"),
        (WRITE, "--write asks first: give --yes where nobody can answer"),
    ],
)
def test_what_does_not_go_together_is_wrong_use(arguments: tuple[str, ...], told: str) -> None:
    done = call_here("check", *arguments, PLANHAT_ACCESS_TOKEN="sandbox-token")

    assert done.returncode == 2
    assert told in done.stderr


async def test_it_says_first_what_it_will_ask_and_ends_with_a_code_for_each_finding() -> None:
    async with SandboxServer(SLOW) as server:
        out, err = await ended(await started(server, "--live", "--json"))

    assert err == (
        "hull-planhat: asks Planhat at most 25 times, of 100000 calls a minute; only reads\n"
    )
    codes = {one["code"] for one in json.loads(out)["messages"]}
    assert {"models-readable", "companies-whole", "calls"} <= codes


@pytest.mark.slow
async def test_what_was_learnt_is_saved_as_a_dialect(tmp_path: Path) -> None:
    path = tmp_path / "learnt.json"
    async with SandboxServer(SLOW) as server:
        made(server)
        out, err = await ended(await started(server, *WRITE, "--yes", "--dialect", str(path)))
        left = contacts(server)

    assert "makes some 15 contacts in company 'made-for-this', and deletes them" in err
    assert "dialect-saved" in out
    assert Dialect.from_json(path.read_bytes()).unknown_id == "created"
    assert os.listdir(tmp_path) == ["learnt.json"]  # noqa: PTH208 - in a loop
    assert left == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_questions_and_leaves_nothing(number: signal.Signals) -> None:
    async with SandboxServer(SLOW) as server:
        made(server)
        process = await started(server, *WRITE, "--yes")
        await until_made(server)
        process.send_signal(number)
        out, _ = await ended(process)
        left = contacts(server)

    assert "interrupted: not all was asked" in out
    assert "write-clean" in out
    assert left == 0


@pytest.mark.slow
async def test_what_a_kill_leaves_is_told_by_the_next_and_deleted_by_the_next_that_writes() -> None:
    async with SandboxServer(SLOW) as server:
        made(server)
        killed = await started(server, *WRITE, "--yes")
        await until_made(server)
        killed.kill()
        await ended(killed)
        told, _ = await ended(await started(server, "--live"))
        left = contacts(server)
        again, _ = await ended(await started(server, *WRITE, "--yes"))
        at_last = contacts(server)

    assert left >= 5
    assert "leftovers Planhat:" in told
    assert "`check --live --write` with the same --company removes them" in told
    assert "write-earlier" in again
    assert at_last == 0
