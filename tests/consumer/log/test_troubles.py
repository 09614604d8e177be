import pytest

from consumer.log.troubles import Troubles, shape


def line(event: str, reason: str, at: str = "t1", **more: str) -> dict[str, str]:
    return {"timestamp": at, "level": "warning", "event": event, "reason": reason, **more}


def test_alike_lines_are_one_with_their_count() -> None:
    troubles = Troubles()
    troubles.note(line("record.rejected", "400 E11000 key 12 of j***@a***.com", "t1", hull_id="u1"))
    troubles.note(line("kafka.unavailable", "no broker"))
    troubles.note(line("record.rejected", "400 E11000 key 7 of b***@c***.org", "t3", hull_id="u2"))

    newest, other = troubles.latest()
    assert (newest.count, newest.first_at, newest.last_at, newest.hull_id) == (2, "t1", "t3", "u2")
    assert newest.reason == "400 E11000 key 7 of b***@c***.org"
    assert other.event == "kafka.unavailable"


def test_kinds_are_bounded_and_the_oldest_goes_first() -> None:
    troubles = Troubles()
    for number in range(300):
        troubles.note(line(f"event.{chr(97 + number % 26)}{chr(97 + number // 26)}", ""))

    assert len(troubles.latest()) == 100
    assert troubles.latest()[0].event == "event.nl"


def test_an_exception_gives_the_reason_where_there_is_none() -> None:
    troubles = Troubles()
    troubles.note({"event": "service.crashed", "exception": {"type": "KeyError", "message": "x"}})

    assert troubles.latest()[0].reason == "KeyError: x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no answer in 30 s", "no answer in … s"),
        ('the key "a" of 5d2f0c1e8f0b7a0001a1b001', "the key … of …"),
        ("plain words", "plain words"),
    ],
)
def test_what_varies_is_left_out(text: str, expected: str) -> None:
    assert shape(text) == expected
