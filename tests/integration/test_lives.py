"""Some hundred random lives, a killed member: Planhat holds what a plain reading says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.conftest import world  # noqa: F401 - a fixture
from tests.lives.hull import Weights
from tests.lives.reading import Settings
from tests.lives.run import Size, lives

if TYPE_CHECKING:
    from tests.chaos.conftest import Worlds

SMALL = Size(
    users=300,
    accounts=30,
    backlog=500,
    steps=600,
    kills=1,
    forgotten=5,
    weights=Weights(merge=0, merge_again=0, rekey=0, new_domain=0, merge_accounts=0),
)
"""Lives of which none meets another; of those that do, tests/lives/test_engine.py tells."""


@pytest.mark.timeout(180)
async def test_planhat_holds_what_a_plain_reading_says(world: Worlds) -> None:  # noqa: F811
    latency = {"fixed_seconds": 0.02, "jitter_seconds": 0.03}
    async with world(users=0, accounts=0, partitions=6, latency=latency) as one:
        told = await lives(one, SMALL, Settings())

    print(f"\nlives, {told}")  # noqa: T201 - a figure for the note
    told.check()
