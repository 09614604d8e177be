"""The poll loop against a source that fails as Kafka does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from consumer.errors import KafkaBlocked, KafkaRefused, KafkaUnavailable, KafkaUnreadable
from consumer.offsets.assignment import Assignment
from consumer.offsets.record import Partition, Record
from consumer.poll import Poller
from consumer.watch.blocked import Blocked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.errors import KafkaError
    from consumer.offsets.offsets import Offsets

P0, P1 = Partition("events", 0), Partition("events", 1)


class Log:
    """A source with records in memory; some partitions can't be read."""

    def __init__(self, records: dict[Partition, list[Record]]) -> None:
        self.records = records
        self.unreadable: set[Partition] = set()
        self.rewound: list[tuple[Partition, int]] = []
        self.forbidden: set[Partition] = set()
        self.broken: dict[Partition, int] = {}
        self.broken_polls: list[Partition] = []
        self.blocked = Blocked()

    async def poll(
        self,
        partitions: Sequence[Partition],
        seconds: float,  # noqa: ARG002 - nothing is waited for here
        max_records: int,
    ) -> list[Record]:
        await asyncio.sleep(0)
        found: list[Record] = []
        for partition in partitions:
            if partition in self.forbidden:
                text = f"not authorized for the topic {partition.topic}"
                raise KafkaBlocked(text, topics=frozenset({partition.topic}))
            if partition in self.unreadable:
                raise KafkaUnavailable("corrupt")
            if partition in self.broken and len(partitions) == self.broken[partition]:
                self.broken_polls.append(partition)
                raise KafkaUnreadable("offset 0: its checksum is wrong", partition)
            waiting = self.records.get(partition, [])
            found += waiting[:max_records]
            self.records[partition] = waiting[max_records:]
        return found

    async def rejoin(self) -> None: ...

    async def position(self, partition: Partition) -> int | None: ...

    def rewind(self, partition: Partition, offset: int) -> None:
        self.rewound.append((partition, offset))

    def unseen(self) -> list[str]:
        return []


class Hands:
    """An engine that notes what it is given, and says stop when all is there.

    It takes `turn` records in one go; each of them takes `weight` bytes.
    """

    is_open = True
    refused: KafkaError | None = None

    def __init__(self, expected: int, turn: int = 1000, weight: int = 0) -> None:
        self.assignment = Assignment(1000, 2000, 1 << 20)
        self.taken: list[Record] = []
        self.stop = asyncio.Event()
        self.weight = weight
        self._expected = expected
        self._turn = turn

    def take(self, found: Sequence[Record], offsets: Offsets, _now: float) -> int:
        for place, record in enumerate(found):
            if place == self._turn or offsets.is_foreign(record.offset):
                return place
            self.assignment.backlog.bytes += self.weight
            if offsets.track(record.offset):
                self.taken.append(record)
        if len(self.taken) == self._expected:
            self.stop.set()
        return len(found)


def records(partition: Partition, *offsets: int) -> list[Record]:
    return [Record(partition, offset, b"k", b"{}") for offset in offsets]


def poller(log: Log, hands: Hands, assignment: Assignment) -> Poller:
    hands.assignment = assignment
    return Poller(log, hands, lambda: hands.refused, lambda: None, log.blocked)


def owning(**committed: int) -> Assignment:
    assignment = Assignment(1000, 2000, 1 << 20)
    numbers = {Partition("events", int(name[1:])): at for name, at in committed.items()}
    assignment.begin({partition: (at, "") for partition, at in numbers.items()})
    return assignment


async def test_a_partition_that_cannot_be_read_does_not_stop_the_others() -> None:
    log = Log({P0: records(P0, 0, 1), P1: records(P1, *range(600))})
    log.unreadable = {P0}
    hands = Hands(600)

    await poller(log, hands, owning(p0=0, p1=0)).run(hands.stop)

    assert [record.offset for record in hands.taken] == list(range(600))


@pytest.mark.parametrize("polled_together", [1, 2])
async def test_a_partition_whose_batch_is_broken_rests_alone_whichever_poll_finds_it(
    polled_together: int,
) -> None:
    log = Log({P0: [], P1: []})
    log.broken = {P0: polled_together}
    hands = Hands(600)
    one = poller(log, hands, owning(p0=0, p1=0))

    await one._round()
    log.records[P1] = records(P1, *range(600))
    await one.run(hands.stop)

    assert [record.offset for record in hands.taken] == list(range(600))
    assert log.broken_polls == [P0]


async def test_a_topic_that_may_not_be_read_is_told_of_and_does_not_stop_the_others() -> None:
    log = Log({P1: records(P1, *range(600))})
    other = Partition("secret", 0)
    log.forbidden = {other}
    hands = Hands(600)
    assignment = owning(p1=0)
    assignment.begin({other: None})

    await poller(log, hands, assignment).run(hands.stop)

    now = asyncio.get_running_loop().time()
    assert [record.offset for record in hands.taken] == list(range(600))
    assert log.blocked.reason(now) == "not authorized for the topic secret"


async def test_a_topic_made_anew_is_read_from_its_new_beginning() -> None:
    log = Log({P0: records(P0, 0, 1, 2)})
    hands = Hands(3)

    await poller(log, hands, owning(p0=1000)).run(hands.stop)

    assert [record.offset for record in hands.taken] == [0, 1, 2]


async def test_what_is_read_before_its_commit_is_known_is_put_back() -> None:
    log = Log({P0: records(P0, 5, 6)})
    hands = Hands(1)
    one = poller(log, hands, owning(p1=0))

    await one._take(await log.poll([P0], 0.0, 10))

    assert hands.taken == []
    assert log.rewound == [(P0, 5)]


async def test_kafka_that_lets_nobody_in_ends_the_service() -> None:
    hands = Hands(1)
    one = poller(Log({}), hands, owning(p0=0))
    hands.refused = KafkaRefused("no rights")

    with pytest.raises(KafkaRefused, match="no rights"):
        await one.run(hands.stop)


async def test_others_have_their_turn_while_much_is_taken_in() -> None:
    log = Log({P0: records(P0, *range(6))})
    hands = Hands(6, turn=2)
    one = poller(log, hands, owning(p0=0))
    seen: list[int] = []

    async def look() -> None:
        while len(hands.taken) < 6:
            seen.append(len(hands.taken))
            await asyncio.sleep(0)

    found = await log.poll([P0], 0.0, 10)
    looking = asyncio.create_task(look())
    await one._take(found)
    await looking

    assert [record.offset for record in hands.taken] == list(range(6))
    assert {2, 4} <= set(seen)


@pytest.mark.parametrize("comes_back", [False, True], ids=["gone", "and back at once"])
async def test_what_is_revoked_between_two_turns_is_taken_no_further(*, comes_back: bool) -> None:
    log = Log({P0: records(P0, 5, 6, 7, 8), P1: records(P1, 1)})
    hands = Hands(9, turn=2)
    assignment = owning(p0=5, p1=0)
    one = poller(log, hands, assignment)
    found = await log.poll([P0, P1], 0.0, 10)

    async def revoke() -> None:
        assignment.end()
        if comes_back:
            assignment.begin({P0: (5, ""), P1: (0, "")})

    revoking = asyncio.create_task(revoke())
    await one._take(found)
    await revoking

    # Whoever owns it now reads it from its commit: nothing is put back, and nothing is jumped over.
    assert [record.offset for record in hands.taken] == [5, 6]
    assert log.rewound == []
    assert [offsets.position for offsets in assignment.owned.values()] == [5, 0][: 2 * comes_back]


async def test_what_holds_more_than_there_is_room_for_waits_in_kafka() -> None:
    log = Log({P0: records(P0, 5, 6, 7, 8)})
    hands = Hands(9, turn=1, weight=1 << 20)
    one = poller(log, hands, owning(p0=5))

    await one._take(await log.poll([P0], 0.0, 10))

    assert [record.offset for record in hands.taken] == [5, 6]
    assert log.rewound == [(P0, 7)]


async def test_a_topic_made_anew_is_taken_in_turns_too() -> None:
    log = Log({P0: records(P0, 0, 1, 2)})
    hands = Hands(3, turn=2)
    assignment = owning(p0=1000)

    await poller(log, hands, assignment)._take(await log.poll([P0], 0.0, 10))

    assert [record.offset for record in hands.taken] == [0, 1, 2]
