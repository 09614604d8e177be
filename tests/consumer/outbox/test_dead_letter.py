import pytest

from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from consumer.offsets.ticket import Backlog, Receipt, Ticket
from consumer.outbox.letter import dead_letter, headers
from tests.consumer.dead import DEAD, letter, record


def test_what_the_service_writes_is_read() -> None:
    ticket = Ticket(record(7), Offsets(10), Backlog())
    receipt = Receipt(ticket, 2, "user:update", "u1")
    ticket.rejected = [receipt]
    receipt.rejections = ["400 no such mailbox", "licence 1: mrr is missing"]
    receipt.attempts = 3
    one = record(7)
    told = headers(ticket, 1_700_000_000.0)
    written = Record(DEAD, 4, one.key, one.value, tuple(told), one.timestamp)

    found = dead_letter(written)

    assert found is not None
    assert found.to_json() == {
        "dead_letter": "0:4",
        "failed_at": "2023-11-14T22:13:20+00:00",
        "reason": "400 no such mailbox",
        "error": "400 no such mailbox; licence 1: mrr is missing",
        "topic": "events",
        "partition": 0,
        "offset": 7,
        "timestamp": 107.0,
        "key": "u1",
        "position": 2,
        "positions": "2",
        "attempts": 3,
        "replays": 0,
        "first_offset": 7,
        "omitted_bytes": None,
    }


def test_a_replay_keeps_its_first_place() -> None:
    found = letter(20, replays="2", first_offset="7")

    assert (found.source, found.offset, found.first_offset, found.replays) == (
        Partition("events", 0),
        20,
        7,
        2,
    )


@pytest.mark.parametrize("missing", ["dl.topic", "dl.partition", "dl.offset"])
def test_a_foreign_record_is_no_letter(missing: str) -> None:
    whole = letter(7).record
    told = tuple(pair for pair in whole.headers if pair[0] != missing)

    assert dead_letter(Record(whole.partition, whole.offset, whole.key, whole.value, told)) is None


def test_a_letter_whose_moment_is_unreadable_is_one_still() -> None:
    assert letter(7, failed_at="yesterday").failed_at is None


def test_a_letter_names_several_messages() -> None:
    told = letter(7, positions="0,2-3")

    assert told.positions == frozenset({0, 2, 3})
    assert (told.to_json()["position"], told.to_json()["positions"]) == (None, "0,2-3")


@pytest.mark.parametrize(
    ("milliseconds", "seconds"),
    [("-1", 0.0), ("-100000000000000000", 0.0), ("9" * 18, 253_402_300_799.0), ("x", 0.0)],
)
def test_a_letter_with_any_timestamp_can_be_shown(milliseconds: str, seconds: float) -> None:
    assert letter(7, timestamp=milliseconds).timestamp == seconds


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "1969-12-31T00:00:00+00:00"])
def test_a_moment_before_there_were_any_is_none(moment: str) -> None:
    assert letter(7, failed_at=moment).failed_at is None


def test_a_header_without_a_value_is_an_empty_one() -> None:
    whole = letter(7).record
    told = (*whole.headers, ("dl.reason", None), ("x", None))
    planted = Record(whole.partition, whole.offset, whole.key, whole.value, told)

    found = dead_letter(planted)

    assert found is not None
    assert found.reason == ""
