"""Lives on real Kafka: members that are killed, Planhat as witness, the plain reading as judge."""

from __future__ import annotations

import asyncio
import json
import signal
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from tests.chaos.world import until_ready
from tests.integration.command import Command
from tests.lives.hull import Hull, Weights
from tests.lives.judging import CONNECTOR, Findings, judge
from tests.lives.reading import Reading, Settings, changed

if TYPE_CHECKING:
    from tests.chaos.world import World
    from tests.integration.service_process import ServiceProcess
    from tests.lives.people import Person


@dataclass(frozen=True)
class Size:
    """`backlog` steps are lived before anybody reads, then `steps` while members run.

    In the middle, when all is delivered, write-back tells half of the ids and `forgotten` users
    are forgotten. `kills` members are killed, spread over the steps.
    """

    users: int
    accounts: int
    backlog: int
    steps: int
    kills: int
    forgotten: int
    members: int = 3
    seed: int = 1
    seconds: float = 600
    weights: Weights = field(default_factory=Weights)


@dataclass
class Told:
    """What came of it, for the note and the assertions."""

    findings: Findings
    counters: dict[str, Any]
    messages: int
    dead: list[bytes]
    seed: int

    def __str__(self) -> str:
        counters = self.counters
        return (
            f"seed {self.seed}: {self.messages} messages, {len(self.findings.wrong)} wrong,"
            f" {counters['overtakes']} overtakes, {counters['repeats']} repeated writes,"
            f" {self.findings.activities_twice} activities twice, {self.findings.leftovers}"
            f" companies left over, {self.findings.seconds} second contacts,"
            f" {len(self.dead)} dead letters, {counters['requests_total']} requests"
        )

    def check(self) -> None:
        wrong = self.findings.wrong
        assert wrong == [], f"{self}\n{len(wrong)} wrong, e.g.\n" + "\n".join(wrong[:10])
        assert self.dead == [], f"{self}\n{self.dead[:3]}"
        assert self.counters["overtakes"] == 0, str(self)


class Lives:
    """Members on one topic, and the lives that are written to it."""

    def __init__(self, world: World, size: Size, settings: Settings) -> None:
        """Nobody lives yet."""
        self.world = world
        self.size = size
        self.random = Random(size.seed)
        self.hull = Hull(Random(size.seed), weights=size.weights)
        self.reading = Reading(settings)
        self.members: list[ServiceProcess] = []
        self._written = 0
        rows = [f"{name}: {value}\n" for name, value in changed(settings).items()]
        (world.folder / "connector.yaml").write_text(CONNECTOR + "".join(rows))

    async def write(self) -> None:
        """Write what Hull said since, and read it plainly."""
        self.reading.read(self.hull.messages[self._written :])
        records = self.hull.records(self._written)
        self._written = len(self.hull.messages)
        await self.world.write(records)

    async def start(self, number: int) -> ServiceProcess:
        service = self.world.service(f"{number}", KAFKA_GROUP_INSTANCE_ID=f"member-{number}")
        await service.start()
        return service

    async def live(self, steps: int, kills: int) -> None:
        """Live on while members run, and kill some of them; then wait until all is delivered."""
        turns = max(kills, 1) * 4
        for turn in range(turns):
            self.hull.live(steps // turns)
            await self.write()
            await self.learn()
            await asyncio.sleep(0.5 + self.random.random())
            if kills and turn % 4 == 1:
                number = self.random.randrange(len(self.members))
                assert self.members[number].is_running, "ended by itself"
                await self.members[number].stop(signal.SIGKILL)
                self.members[number] = await self.start(number)
        await self.world.until_done(lambda: self.members, self.size.seconds)

    async def learn(self, share: float = 0.0) -> None:
        """Tell Hull ids of Planhat, as write-back does: of those that have one, and of a share."""
        state = await self.world.planhat.state()
        rows = [one for one in state["endusers"] if not one.get("archived")]
        told = {one.get("custom", {}).get("hull", ""): one["_id"] for one in rows}
        self.hull.learn(told, share)

    async def forget(self, count: int) -> None:
        """Forget some users by the command."""
        gone = self.hull.forget(count)
        self.reading.forget([one.hull_id for one in gone])
        names = self.world.folder / "names.csv"
        names.write_text("external_id,email\n" + "".join(_names(one) for one in gone))
        receipt = str(self.world.folder / "receipt")
        command = Command(**self.world.environment)
        done = await command("forget", "--file", str(names), "--all", "--yes", "--receipt", receipt)
        assert done.code == 0, done


def _names(person: Person) -> str:
    """Lines of a file of names: a user, and whoever was merged into it."""
    own = f"{person.external_id or ''},{person.email or ''}\n"
    return own + "".join(_names_of_loser(one) for one in person.merged)


def _names_of_loser(loser: Person) -> str:
    # By an external id it is alone; an address without one nobody else has.
    own = f"{loser.external_id}," if loser.external_id else f",{loser.email}"
    return f"{own}\n" + "".join(_names_of_loser(one) for one in loser.merged)


async def lives(world: World, size: Size, settings: Settings) -> Told:
    """Live, be killed, forget, and compare."""
    told = Lives(world, size, settings)
    told.hull.settle(size.users, size.accounts)
    told.hull.live(size.backlog)
    await told.write()
    told.members = [await told.start(number) for number in range(size.members)]
    try:
        for member in told.members:
            await until_ready(member)
        await told.live(size.steps // 2, size.kills // 2)
        await told.learn(0.5)
        if size.forgotten:
            await told.forget(size.forgotten)
        await told.live(size.steps - size.steps // 2, size.kills - size.kills // 2)
    finally:
        for member in told.members:
            await member.stop()
    state = await world.planhat.state()
    (world.folder / "state.json").write_text(json.dumps(state))
    (world.folder / "messages.json").write_text(json.dumps(told.hull.messages))
    dead = [one.value or b"" for one in await world.kafka.read(world.dead_topic)]
    return Told(
        judge(state, told.reading), state["counters"], len(told.hull.messages), dead, size.seed
    )
