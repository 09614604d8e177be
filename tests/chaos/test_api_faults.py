"""Everything an API does wrong: nothing lost, nothing overtaken, only what is bad is rejected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.api_faults import ApiFaults, api_faults, check_dead_letters

if TYPE_CHECKING:
    from tests.chaos.conftest import Worlds


async def test_each_fault_for_a_while_and_all_of_them_for_five_minutes(world: Worlds) -> None:
    size = ApiFaults(each_seconds=15.0, all_seconds=300.0, rate=100)
    async with world(users=1_800, accounts=200, partitions=4) as one:
        verdict = await api_faults(one, size)

        print(f"\nAPI faults: {verdict}")  # noqa: T201 - a figure for the note
        verdict.check()
        check_dead_letters(one, verdict)
