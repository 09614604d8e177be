"""Short forms of the proofs in tests/chaos: kills, a storm of rebalances, faults of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.chaos.api_faults import ApiFaults, api_faults, check_dead_letters
from tests.chaos.conftest import world  # noqa: F401 - a fixture
from tests.chaos.gaps import transactional
from tests.chaos.kill_loop import KillLoop, kill_loop
from tests.chaos.network import Network, network
from tests.chaos.proxy import Proxy
from tests.chaos.storm import Storm, storm
from tests.chaos.token import TokenRotation, token_rotation

if TYPE_CHECKING:
    from tests.chaos.conftest import Worlds


async def test_killed_at_random_moments_it_loses_nothing_and_overtakes_nobody(
    world: Worlds,  # noqa: F811 - a fixture by its name
) -> None:
    size = KillLoop(records=12_000, kills=5, life_seconds=2.5)
    latency = {"fixed_seconds": 0.05, "jitter_seconds": 0.1}
    async with world(users=1_800, accounts=200, partitions=4, latency=latency) as one:
        verdict = await kill_loop(one, size)

    print(f"\nkill loop, {size.kills} kills: {verdict}")  # noqa: T201 - a figure for the note
    verdict.check()


async def test_a_storm_of_rebalances_loses_nothing_and_leaves_no_partition_stuck(
    world: Worlds,  # noqa: F811 - a fixture by its name
) -> None:
    size = Storm(records=10_000, seconds=12.0, every_seconds=1.5, least=2, most=3, killed=0.0)
    async with world(users=1_800, accounts=200, partitions=6) as one:
        verdict, toggles = await storm(one, size)

    print(f"\nstorm, {toggles} toggles: {verdict}")  # noqa: T201 - a figure for the note
    verdict.check()


async def test_an_api_that_fails_in_every_way_costs_only_what_it_refuses_for_ever(
    world: Worlds,  # noqa: F811 - a fixture by its name
) -> None:
    size = ApiFaults(each_seconds=1.0, all_seconds=5.0, rate=100)
    async with world(users=400, accounts=40, partitions=3) as one:
        verdict = await api_faults(one, size)

        print(f"\nAPI faults: {verdict}")  # noqa: T201 - a figure for the note
        verdict.check()
        check_dead_letters(one, verdict)


async def test_a_refused_token_costs_nothing_and_a_new_one_needs_no_restart(
    world: Worlds,  # noqa: F811 - a fixture by its name
) -> None:
    async with world(users=400, accounts=40, partitions=3) as one:
        verdict = await token_rotation(one, TokenRotation(records=1_000, seconds=1.0))

    verdict.check()
    assert verdict.dead == []


async def test_a_transactional_producers_topic_is_committed_to_its_end(
    world: Worlds,  # noqa: F811 - a fixture by its name
) -> None:
    async with world(users=90, accounts=10, partitions=3) as one:
        verdict = await transactional(one, transactions=10, each=20)

    verdict.check()
    assert verdict.dead == []


async def test_a_network_that_fails_in_every_way_loses_nothing(
    world: Worlds,  # noqa: F811 - a fixture by its name
) -> None:
    async with (
        world(users=400, accounts=40, partitions=3) as one,
        Proxy("127.0.0.1", urlsplit(one.planhat.url).port or 0) as proxy,
    ):
        url = f"http://127.0.0.1:{proxy.port}"
        size = Network(each_seconds=1.5, rate=100)
        urls = {"PLANHAT_API_URL": url, "PLANHAT_ANALYTICS_URL": url}
        verdict = await network(one, [proxy], size, **urls)

    print(f"\nnetwork: {verdict}")  # noqa: T201 - a figure for the note
    verdict.check()
