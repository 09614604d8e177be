"""A compacted topic and a transactional producer's are consumed, and committed, to the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.gaps import COMPACTED, compacted, transactional

if TYPE_CHECKING:
    from tests.chaos.conftest import Worlds


async def test_a_compacted_topic(world: Worlds) -> None:
    async with world(users=900, accounts=100, partitions=3, configs=COMPACTED) as one:
        verdict, gone = await compacted(one, 50_000)

    print(f"\ncompacted, {gone} records gone: {verdict}")  # noqa: T201 - a figure for the note
    verdict.check()


async def test_a_transactional_producers_topic(world: Worlds) -> None:
    async with world(users=900, accounts=100, partitions=3) as one:
        verdict = await transactional(one, transactions=300, each=100)

    print(f"\ntransactional: {verdict}")  # noqa: T201 - a figure for the note
    verdict.check()
    assert verdict.dead == []
