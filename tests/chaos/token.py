"""A token that Planhat refuses for a while, and a new one in the mounted file."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.world import asked, until_ready

if TYPE_CHECKING:
    from tests.chaos.world import Verdict, World


@dataclass(frozen=True)
class TokenRotation:
    """`records` are written before, and again while the token is refused for `seconds`."""

    records: int
    seconds: float


async def token_rotation(world: World, size: TokenRotation) -> Verdict:
    """Refuse the token, rotate the file, and expect work to go on in the same process."""
    file = world.folder / "token"
    file.write_text("sandbox-token")
    service = world.service(PLANHAT_ACCESS_TOKEN="", PLANHAT_ACCESS_TOKEN_FILE=str(file))
    async with service:
        await until_ready(service)
        await world.produce(size.records)
        await world.planhat.tokens("the-new-token")
        await world.produce(size.records)
        await until_ready(service, ready=False)
        await asyncio.sleep(size.seconds)
        status, told = await asked(service, "/readyz")
        assert status == 503
        assert "401" in told
        assert (await asked(service, "/healthz"))[0] == 200
        file.write_text("the-new-token")
        await until_ready(service)
        await world.until_done(lambda: [service], 120)
    return await world.verdict()
