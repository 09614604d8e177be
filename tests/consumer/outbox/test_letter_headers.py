"""What a dead letter carries of its record, and when nobody waits for it."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from consumer.errors import KafkaUnavailable
from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from consumer.offsets.ticket import Backlog, Receipt, Ticket, appended
from consumer.outbox.dead_letters import DeadLetters
from consumer.outbox.letter import headers
from tests.consumer.outbox.test_letter_queue import letter
from tests.consumer.virtual_time import in_no_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.outbox.letter import Letter


def rejected(
    *told: tuple[str, bytes],
    positions: Sequence[int | None] = (None,),
    reasons: tuple[str, ...] = ("no",),
    attempts: int = 0,
) -> Ticket:
    record = Record(Partition("t", 3), 7, b"k", b"v", told, 1.5)
    ticket = Ticket(record, Offsets(), Backlog())
    for position in positions:
        receipt = Receipt(ticket, position, "user:update", "u")
        receipt.attempts = attempts
        for reason in reasons:
            receipt.reject(reason)
        ticket.rejected = appended(ticket.rejected, receipt)
    return ticket


def test_a_letter_keeps_the_headers_of_its_record_in_their_order() -> None:
    told = headers(rejected(("channel", b"user:update"), ("x", b"1"), ("channel", b"twice")), 0.0)

    assert told[:3] == (("channel", b"user:update"), ("x", b"1"), ("channel", b"twice"))


def test_a_letter_of_a_replay_tells_its_own_reason_and_place() -> None:
    told = headers(rejected(("dl.reason", b"old"), ("dl.offset", b"1")), 0.0)

    assert [value for name, value in told if name == "dl.reason"] == [b"no"]
    assert [value for name, value in told if name == "dl.offset"] == [b"7"]


def test_a_letter_tells_where_its_record_lay_and_when_it_was_written() -> None:
    told = dict(headers(rejected(), 1_800_000_000.0))

    assert (told["dl.topic"], told["dl.partition"], told["dl.offset"]) == (b"t", b"3", b"7")
    assert told["dl.timestamp"] == b"1500"
    assert told["dl.failed_at"] == b"2027-01-15T08:00:00+00:00"
    assert "dl.position" not in told


def test_a_letter_tells_its_first_reason_and_all_of_them() -> None:
    told = dict(headers(rejected(reasons=("no", "and no")), 0.0))

    assert (told["dl.reason"], told["dl.error"]) == (b"no", b"no; and no")


def test_a_message_of_an_envelope_is_told_by_its_place_and_the_first_is_zero() -> None:
    assert dict(headers(rejected(positions=[0]), 0.0))["dl.position"] == b"0"


def test_several_messages_of_an_envelope_are_told_together() -> None:
    told = dict(headers(rejected(positions=[4, 0, 5, 6]), 0.0))

    assert (told["dl.positions"], told["dl.error"]) == (b"0,4-6", b"no (4)")
    assert "dl.position" not in told


@pytest.mark.parametrize(
    ("positions", "name"), [([1], "dl.position"), ([1, 2], "dl.positions")], ids=["one", "some"]
)
def test_a_letter_of_a_replay_names_only_what_was_rejected_again(
    positions: list[int], name: str
) -> None:
    one = rejected(("dl.position", b"7"), ("dl.positions", b"0-9"), positions=positions)

    told = [name for name, _ in headers(one, 0.0) if name.startswith("dl.position")]

    assert told == [name]


def test_what_a_letter_says_is_bounded_however_much_was_rejected() -> None:
    reasons = tuple(f"reason {number}" for number in range(100))

    told = headers(rejected(positions=range(0, 10_000, 2), reasons=reasons), 0.0)

    assert sum(len(name) + len(value or b"") for name, value in told) < 26_000
    assert max(len(value or b"") for name, value in told if name != "dl.positions") <= 500


@pytest.mark.parametrize("name", ["\ud800", "na\udcffme"], ids=["half a letter", "bytes"])
def test_a_name_that_is_no_text_is_written_as_one(name: str) -> None:
    ((told, value), *_) = headers(rejected((name, b"1")), 0.0)

    assert ("?" in told, told.encode().decode(), value) == (True, told, b"1")


def test_a_reason_that_is_no_text_is_written_as_one() -> None:
    told = dict(headers(rejected(reasons=("\ud800",)), 0.0))

    assert told["dl.reason"] == b"?"


@pytest.mark.parametrize(("attempts", "told"), [(0, b"1"), (1, b"1"), (5, b"5")])
def test_what_was_never_sent_was_tried_once(attempts: int, told: bytes) -> None:
    assert dict(headers(rejected(attempts=attempts), 0.0))["dl.attempts"] == told


class Topic:
    """A topic that takes letters, but no `bad` ones; all is refused while it is `broken`."""

    def __init__(self, *, broken: bool = False, bad: bytes = b"") -> None:
        self.broken = broken
        self.bad = bad
        self.asked_at: list[float] = []

    async def write_each(self, letters: Sequence[Letter]) -> list[KafkaUnavailable | None]:
        self.asked_at.append(asyncio.get_running_loop().time())
        return [
            KafkaUnavailable("no") if self.broken or value == self.bad else None
            for _, value, _ in letters
        ]


def test_nobody_waits_for_letters_that_are_not_there() -> None:
    async def wait() -> float:
        letters = DeadLetters(Topic().write_each, lambda _: None, lambda: 0.0)
        assert not len(letters._queue)
        await letters.landed(60.0)
        return asyncio.get_running_loop().time()

    assert in_no_time(wait()) == pytest.approx(1000.0)


def test_one_bad_letter_is_no_topic_that_fails() -> None:
    async def write() -> tuple[bool, int]:
        letters = DeadLetters(Topic(bad=b"x" * 11).write_each, lambda _: None, lambda: 0.5)
        for number, size in enumerate((11, 10, 10)):
            letters.put(letter(number, size))
        writing = asyncio.create_task(letters.run())
        await asyncio.sleep(0.1)
        told = (letters.trouble is not None, len(letters._queue))
        writing.cancel()
        return told

    assert in_no_time(write()) == (False, 1)


def test_a_topic_that_fails_is_tried_less_and_less_often_and_told_once_a_minute() -> None:
    topic = Topic(broken=True)

    async def write() -> None:
        letters = DeadLetters(topic.write_each, lambda _: None, lambda: 0.5)
        letters.put(rejected())
        writing = asyncio.create_task(letters.run())
        await asyncio.sleep(50.0)
        writing.cancel()

    with capture_logs() as logs:
        in_no_time(write())

    gaps = [later - earlier for earlier, later in pairwise(topic.asked_at)]
    assert gaps[:4] == sorted(gaps[:4])
    assert gaps[3] >= 4 * gaps[0]
    assert [line["event"] for line in logs] == ["dead_letters.unwritable"]
