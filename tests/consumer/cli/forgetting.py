"""The command `forget` over a sandbox, as people call it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from planhat_client.sandbox import QuotaOptions, SandboxOptions
from tests.consumer.cli.commands import START, environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from planhat_client.sandbox import SandboxServer

FREE = QuotaOptions(calls_per_window=0, calls_per_second=0, parallel=0)


def contact(planhat_id: str, **more: object) -> dict[str, Any]:
    return {"_id": planhat_id, "companyId": "5c01", **more}


ANN = contact("5a01", externalId="u-1", email="Ann@example.com", name="Ann Leigh")
BOB = contact("5a02", externalId="u-2", email="bob@example.com")
SHARED = contact("5a03", externalId="u-3", email="bob@example.com", archived=True)


def tenant(*rows: dict[str, Any], **more: Any) -> SandboxOptions:  # noqa: ANN401 - any options
    return SandboxOptions(quota=FREE, records={"endusers": rows or (ANN, BOB, SHARED)}, **more)


async def started(
    server: SandboxServer,
    *arguments: str,
    stdin: int = asyncio.subprocess.PIPE,
    added: Mapping[str, str] | None = None,
) -> asyncio.subprocess.Process:
    given = environment(
        PLANHAT_API_URL=server.url,
        PLANHAT_ANALYTICS_URL=server.analytics_url,
        PLANHAT_ACCESS_TOKEN="sandbox-token",
        PLANHAT_REQUESTS_PER_MINUTE="100000",
        PLANHAT_BURST="1000",
        **(added or {}),
    )
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *START, "forget", *arguments, env=given, stdin=stdin, stdout=pipe, stderr=pipe
    )


async def forget(
    server: SandboxServer, *arguments: str, stdin: bytes = b"", **added: str
) -> tuple[int | None, str, str]:
    """Run it to its end: exit code, what it printed, what it complained of."""
    process = await started(server, *arguments, added=added)
    out, err = await asyncio.wait_for(process.communicate(stdin), 60)
    return process.returncode, out.decode(), err.decode()


def events(receipt: Path | str) -> list[dict[str, Any]]:
    text = receipt if isinstance(receipt, str) else receipt.read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def told(receipt: Path | str) -> list[str]:
    return [one["event"] for one in events(receipt)]


def left(server: SandboxServer) -> list[str]:
    return [row["_id"] for row in server.state.records["endusers"]]
