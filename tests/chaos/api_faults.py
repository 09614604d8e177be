"""Everything that an API does wrong, one after the other and all at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.world import until_ready

if TYPE_CHECKING:
    from tests.chaos.world import Verdict, World

_WRITES = {"method": "PUT"}

FAULTS: dict[str, dict[str, object]] = {
    "429": {"kind": "status", "status": 429},
    "429 with Retry-After": {"kind": "status", "status": 429, "retry_after": 1},
    "500": {"kind": "status", "status": 500, "body": "text"},
    "503": {"kind": "status", "status": 503, "body": "html"},
    "html": {"kind": "html"},
    "no answer": {"kind": "timeout"},
    "reset": {"kind": "reset"},
    "reset after the write": {"kind": "reset_after_write"},
    "torn": {"kind": "malformed"},
    "empty": {"kind": "empty"},
    "trickle": {"kind": "trickle", "delay_seconds": 2},
    "slow": {"kind": "slow", "delay_seconds": 2},
    "partial": {"kind": "partial", "least_items": 2, "share": 0.2},
}
"""Every fault of which the API recovers; what is refused for ever is refused besides."""


@dataclass(frozen=True)
class ApiFaults:
    """Each fault for `each_seconds`, then all at random for `all_seconds`.

    `rate` records are written each second, `refused` users are refused all the time.
    """

    each_seconds: float
    all_seconds: float
    rate: int
    refused: int = 3


async def api_faults(world: World, size: ApiFaults) -> Verdict:
    """Keep records coming while the API fails, end the faults, let the service finish."""
    refusals = _refuse(world, size.refused)
    await world.planhat.only_refuse(*refusals)
    service = world.service("one")
    async with service:
        await until_ready(service)
        for fault in FAULTS.values():
            await world.planhat.faults(fault | _WRITES | {"probability": 0.7})
            await _produce(world, size.rate, size.each_seconds)
            await world.planhat.only_refuse(*refusals)
        share = 0.5 / len(FAULTS)
        await world.planhat.faults(
            *(
                fault | _WRITES | {"probability": share, "seed": seed}
                for seed, fault in enumerate(FAULTS.values())
            )
        )
        await _produce(world, size.rate, size.all_seconds)
        await world.planhat.only_refuse(*refusals)
        await _until_rejected(world)
        await world.until_done(lambda: [service], 300)
    return await world.verdict()


async def _until_rejected(world: World) -> None:
    """Others go on meanwhile: a user who fails alone is told from an API that fails by them."""
    expected = sum(world.hull.user_versions[number] for number in world.refused_users)
    async with asyncio.timeout(300):
        while sum((await world.kafka.end_offsets(world.dead_topic)).values()) < expected:
            others = range(len(world.refused_users), world.hull.users)
            await world.write([world.hull.user(others[at]) for at in range(5)])
            await asyncio.sleep(0.5)


def _refuse(world: World, count: int) -> list[dict[str, object]]:
    """Some users are refused alone, one poisons the whole request."""
    world.refused_users = set(range(count))
    alone = [f"u-{number}" for number in range(count - 1)]
    poison = [f"u-{count - 1}"]
    one = {"field": "externalId", "resource": "endusers"}
    return [
        one | {"values": alone, "message": "phone is invalid"},
        one | {"values": poison, "how": "request", "status": 500, "message": "cannot read it"},
    ]


async def _produce(world: World, rate: int, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + seconds
    while loop.time() < ends_at:
        await world.produce(rate)
        await asyncio.sleep(1.0)


def check_dead_letters(world: World, verdict: Verdict) -> None:
    """The dead letters are the changes of the refused users, each of them, with the reason."""
    headers = [dict(one.headers) for one in verdict.dead]
    places = [(each["dl.partition"], each["dl.offset"]) for each in headers]
    found = dict(zip(places, verdict.dead, strict=True))
    counted = Counter((one.key or b"").decode() for one in found.values())
    assert counted == {f"user-{n}": world.hull.user_versions[n] for n in world.refused_users}
    last = max(world.refused_users)
    for one in found.values():
        reason = dict(one.headers)["dl.reason"].decode()
        told = "cannot read it" if one.key == f"user-{last}".encode() else "phone is invalid"
        # The answer that tells why may be the one that came without its body.
        assert told in reason or reason.strip() in {"400", "500"}, reason
