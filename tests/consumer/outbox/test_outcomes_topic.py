"""Outcomes are written beside the deliveries; what cannot be written is told as a gap."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from structlog.testing import capture_logs

from consumer.errors import KafkaTooLarge, KafkaUnavailable
from consumer.outbox.block_queue import BlockQueue
from consumer.outbox.outcomes_topic import OutcomesTopic
from schemas.outcome import lines
from schemas.outcome.member import Gap, Summary
from tests.consumer.virtual_time import in_no_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

    from consumer.outbox.letter import Letter


def virtual(test: Callable[[], Coroutine[object, object, None]]) -> Callable[[], None]:
    """Run a test by a clock that is turned on as soon as all wait."""

    def run() -> None:
        in_no_time(test())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


RUN = 1_764_000_000_000
GONE = KafkaUnavailable("topic outcomes does not exist")


class Topic:
    """A topic that can be closed, or hang; it takes no record with a word that it dislikes."""

    def __init__(self) -> None:
        self.records: list[Letter] = []
        self.broken: KafkaUnavailable | None = None
        self.hangs = False
        self.dislikes = b"\0"
        self.tries = 0

    async def write_each(self, letters: Sequence[Letter]) -> list[KafkaUnavailable | None]:
        self.tries += 1
        await asyncio.sleep(0.01)
        if self.hangs:
            await asyncio.sleep(30)
            return [KafkaUnavailable("time-out")] * len(letters)
        if self.broken is not None:
            return [self.broken] * len(letters)
        bad = [self.dislikes in (value or b"") for _, value, _ in letters]
        self.records += [one for one, is_bad in zip(letters, bad, strict=True) if not is_bad]
        return [KafkaTooLarge("too large") if is_bad else None for is_bad in bad]

    def of(self, kind: str) -> list[bytes]:
        return [
            value or b""
            for _, value, headers in self.records
            if dict(headers)["kind"] == kind.encode()
        ]


class Rows:
    """Where lines wait."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self.at = 0

    def __len__(self) -> int:
        return len(self.rows)

    def note(self, text: str) -> None:
        self.rows.append(f"{text}\n")
        self.at += 1

    def take(self) -> tuple[bytes, int, int, int]:
        rows, self.rows = self.rows, []
        return "".join(rows).encode(), len(rows), self.at - len(rows) + 1, self.at


class Desk:
    def __init__(self, most: int = 1000) -> None:
        self.kafka = Topic()
        self.rows = Rows()
        self.counts: Counter[str] = Counter()
        self.topic = OutcomesTopic(
            self.kafka.write_each, "pod-0", RUN, self.ended, lambda: 0.0, BlockQueue(most, most)
        )
        self.topic.feed(self.rows)

    def ended(self, outcome: str, count: int) -> None:
        self.counts[outcome] += count

    def block(self, text: str) -> None:
        self.rows.note(text)
        self.topic.gather()


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[None]:
    work = asyncio.create_task(desk.topic.run())
    try:
        yield
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


@virtual
async def test_a_block_is_written_with_who_wrote_it_and_which_it_is() -> None:
    desk = Desk()
    async with running(desk):
        desk.block("a")
        await desk.topic.landed()

    ((key, value, headers),) = desk.kafka.records
    assert (key, value) == (b"pod-0", b"a\n")
    assert dict(headers) == {
        "schema": b"1",
        "kind": b"outcomes",
        "member": b"pod-0",
        "run": str(RUN).encode(),
        "number": b"1",
    }
    assert desk.counts == {"written": 1}


@virtual
async def test_a_few_lines_are_written_within_a_second_or_so() -> None:
    desk = Desk()
    async with running(desk):
        await asyncio.sleep(0.1)
        desk.rows.note("a")
        await asyncio.sleep(1.5)

    assert desk.kafka.of("outcomes") == [b"a\n"]


@virtual
async def test_a_commit_waits_until_what_is_final_is_in_the_topic() -> None:
    desk = Desk()
    async with running(desk):
        desk.rows.note("a")
        await desk.topic.landed()

        assert desk.kafka.of("outcomes") == [b"a\n"]
        assert len(desk.topic) == 0


@virtual
async def test_a_commit_with_nothing_to_tell_waits_for_nothing() -> None:
    desk = Desk()
    await desk.topic.landed()  # nobody writes


@virtual
async def test_a_commit_waits_for_a_topic_that_hangs_for_its_time_and_once() -> None:
    desk = Desk()
    desk.kafka.hangs = True
    clock = asyncio.get_running_loop().time
    waits = []
    async with running(desk):
        for _ in range(3):
            desk.rows.note("a")
            began = clock()
            await desk.topic.landed()
            waits.append(round(clock() - began))

    assert waits == [5, 0, 0]


@virtual
async def test_the_time_of_a_commit_counts_from_when_the_topic_fell_silent() -> None:
    desk = Desk()
    desk.kafka.hangs = True
    clock = asyncio.get_running_loop().time
    async with running(desk):
        desk.block("a")
        await asyncio.sleep(4)
        began = clock()
        await desk.topic.landed()

    assert 0.9 < clock() - began < 1.1


@virtual
async def test_a_commit_does_not_wait_for_a_summary() -> None:
    desk = Desk()
    desk.kafka.hangs = True
    async with running(desk):
        desk.topic.tell(Summary(at=2, since=1, member="pod-0", run=RUN))
        await asyncio.sleep(0.1)
        began = asyncio.get_running_loop().time()
        await desk.topic.landed()

        assert asyncio.get_running_loop().time() == began


@virtual
async def test_a_commit_does_not_wait_for_a_topic_that_is_gone() -> None:
    desk = Desk()
    desk.kafka.broken = GONE
    clock = asyncio.get_running_loop().time
    async with running(desk):
        desk.rows.note("a")
        began = clock()
        await desk.topic.landed()
        assert clock() - began < 0.1
        began = clock()
        await desk.topic.landed()
        assert clock() == began


@virtual
async def test_what_was_kept_is_written_when_the_topic_is_back() -> None:
    desk = Desk()
    desk.kafka.broken = GONE
    async with running(desk):
        for text in "abc":
            desk.block(text)
        await asyncio.sleep(5)
        desk.kafka.broken = None
        await asyncio.sleep(120)

    assert desk.kafka.of("outcomes") == [b"a\n", b"b\n", b"c\n"]
    assert desk.kafka.of("gap") == []
    assert desk.topic.trouble is None


@virtual
async def test_what_was_dropped_is_a_gap_in_the_topic_and_counted() -> None:
    desk = Desk(most=4)
    desk.kafka.broken = GONE
    async with running(desk):
        for text in "abcde":
            desk.block(text)
        await asyncio.sleep(5)
        desk.kafka.broken = None
        await asyncio.sleep(120)

    (gap,) = [one for value in desk.kafka.of("gap") for one in lines(value)]
    assert isinstance(gap, Gap)
    assert (gap.member, gap.run, gap.count) == ("pod-0", RUN, 3)
    assert (gap.since, gap.until) == (1, 3)
    assert "does not exist" in gap.reason
    assert desk.kafka.of("outcomes") == [b"d\n", b"e\n"]
    assert desk.counts == {"dropped": 3, "written": 2}
    assert desk.topic.dropped == 3


@virtual
async def test_a_topic_that_takes_nothing_is_told_once_a_minute() -> None:
    desk = Desk()
    desk.kafka.broken = GONE
    with capture_logs() as logs:
        async with running(desk):
            desk.block("a")
            await asyncio.sleep(40)

    assert desk.kafka.tries > 2
    (line,) = [one for one in logs if one["event"] == "outcomes.unwritable"]
    assert (line["log_level"], line["waiting"], line["dropped"]) == ("error", 1, 0)


@virtual
async def test_a_block_that_no_topic_takes_keeps_no_other_out() -> None:
    desk = Desk()
    desk.kafka.dislikes = b"XXL"
    async with running(desk):
        for text in ("a", "XXL", "b"):
            desk.block(text)
        await asyncio.sleep(5)

    assert desk.kafka.of("outcomes") == [b"a\n", b"b\n"]
    assert len(desk.kafka.of("gap")) == 1
    assert desk.counts == {"written": 2, "dropped": 1}


@virtual
async def test_a_summary_comes_after_the_outcomes_before_it() -> None:
    desk = Desk()
    async with running(desk):
        desk.rows.note("a")
        desk.topic.tell(Summary(at=2, since=1, member="pod-0", run=RUN))
        await desk.topic.landed()

    kinds = [dict(headers)["kind"] for _, _, headers in desk.kafka.records]
    assert kinds == [b"outcomes", b"summary"]
    assert [type(one) for one in lines(desk.kafka.of("summary")[0])] == [Summary]


@virtual
async def test_at_the_end_all_is_written() -> None:
    desk = Desk()
    async with running(desk):
        desk.rows.note("a")
        await desk.topic.flush(5)

    assert (len(desk.topic), desk.kafka.of("outcomes")) == (0, [b"a\n"])


@virtual
async def test_what_is_lost_at_the_end_is_told() -> None:
    desk = Desk()
    desk.kafka.broken = GONE
    clock = asyncio.get_running_loop().time
    with capture_logs() as logs:
        async with running(desk):
            desk.block("a")
            await asyncio.sleep(0.5)
            began = clock()
            await desk.topic.flush(5)
            assert clock() - began < 2

    assert desk.counts == {"dropped": 1}
    assert [one["dropped"] for one in logs if one["event"] == "outcomes.dropped"] == [1]


@virtual
async def test_what_was_being_written_when_the_writer_was_stopped_still_counts_as_waiting() -> None:
    desk = Desk()
    desk.kafka.hangs = True
    async with running(desk):
        desk.block("a")
        await asyncio.sleep(0.5)

    assert len(desk.topic) == 1
