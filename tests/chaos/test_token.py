"""A token that Planhat refuses, and a new one in the mounted file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.token import TokenRotation, token_rotation

if TYPE_CHECKING:
    from tests.chaos.conftest import Worlds


async def test_a_minute_without_a_good_token(world: Worlds) -> None:
    async with world(users=1_800, accounts=200, partitions=4) as one:
        verdict = await token_rotation(one, TokenRotation(records=20_000, seconds=60.0))

    print(f"\nrefused token: {verdict}")  # noqa: T201 - a figure for the note
    verdict.check()
    assert verdict.dead == []
