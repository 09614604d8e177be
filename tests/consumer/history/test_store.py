"""What is kept, once, over restarts, crashes, full disks and damaged files."""

from __future__ import annotations

import os
import random
import sqlite3
from typing import TYPE_CHECKING

import pytest

from consumer.history import day as day_module
from consumer.history.day import DAY_MS, Day
from consumer.history.files import Files
from consumer.history.store import Store
from consumer.history.trouble import HistoryHeld, HistoryTaken
from consumer.offsets.record import Partition
from schemas.outcome.member import Gap
from tests.consumer.history_told import NOON, TODAY, TOPIC, found, offsets, outcome, store, told

if TYPE_CHECKING:
    from pathlib import Path

YESTERDAY = NOON - DAY_MS


def test_what_was_taken_is_there_after_a_restart(tmp_path: Path) -> None:
    with store(tmp_path) as before:
        before.take([told(0, outcome(offset=5))], NOON)

    with store(tmp_path) as after:
        assert offsets(found(after, "u1")) == [5]
        assert after.start(NOON).position == {TOPIC: 1}


def test_a_record_that_comes_again_is_kept_once(tmp_path: Path) -> None:
    with store(tmp_path) as one:
        one.take([told(0, outcome())], NOON)
        one.take([told(0, outcome()), told(1, outcome(offset=2))], NOON)

        assert found(one, "u1").items[0].repeated == 0
        assert offsets(found(one, "u1")) == [2, 1]
        assert (one.lines["kept"], one.lines["known"]) == (2, 1)


def test_partitions_of_the_topic_are_read_each_by_itself() -> None:
    other = Partition(TOPIC.topic, 1)
    with store() as one:
        one.take([told(9, outcome(offset=1))], NOON)
        one.take([told(0, outcome(offset=2), partition=other)], NOON)

        assert one.start(NOON).position == {TOPIC: 10, other: 1}
        assert sorted(offsets(found(one, "u1"))) == [1, 2]


def test_a_record_may_tell_of_several_days(tmp_path: Path) -> None:
    with store(tmp_path) as one:
        one.take([told(0, outcome(YESTERDAY, offset=1), outcome(NOON, offset=2))], NOON)

        assert sorted(one.days) == [TODAY - 1, TODAY]
        assert offsets(found(one, "u1")) == [2, 1]


def test_what_is_cut_off_between_two_days_comes_again_and_is_kept_once(tmp_path: Path) -> None:
    lines = outcome(YESTERDAY, offset=1), outcome(NOON, offset=2)
    half = Day(tmp_path / "1.sqlite3", TODAY - 1)
    half.close()
    with store(tmp_path) as one:
        one.take([told(0, lines[0])], NOON)
    # As if today's part had not been written before the end.
    (tmp_path / "position.sqlite3").unlink()

    with store(tmp_path) as again:
        assert again.start(NOON).position == {}
        again.take([told(0, *lines)], NOON)

        assert offsets(found(again, "u1")) == [2, 1]
        assert found(again, "u1").items[1].repeated == 0


def test_a_day_that_is_too_old_is_dropped(tmp_path: Path) -> None:
    with store(tmp_path, days=2) as one:
        one.take([told(0, outcome(YESTERDAY)), told(1, outcome(NOON, offset=2))], NOON)

        one.take([told(2, outcome(NOON + DAY_MS, offset=3))], NOON + DAY_MS)

        assert offsets(found(one, "u1")) == [3, 2]
        names = {path.name for path in tmp_path.iterdir() if path.name.startswith("20")}
        assert {name.split(".")[0] for name in names} == {"2024-10-04", "2024-10-05"}


def test_what_is_older_than_what_is_kept_is_not_taken() -> None:
    with store(days=2) as one:
        one.take([told(0, outcome(NOON - 2 * DAY_MS))], NOON)

        assert (one.lines["old"], one.days) == (1, {})


@pytest.mark.parametrize("at", [NOON + 3 * DAY_MS, 1 << 70])
def test_what_ended_in_the_future_is_none_of_ours(at: int) -> None:
    with store() as one:
        one.take([told(0, outcome(at))], NOON)

        assert (one.lines["foreign"], one.days) == (1, {})


def test_foreign_lines_are_counted_and_passed_over() -> None:
    with store() as one:
        one.take([told(0, b"\xff", outcome()), told(1, b""), told(2, b"{}")], NOON)

        assert (one.lines["foreign"], one.lines["kept"]) == (2, 1)
        assert one.start(NOON).position == {TOPIC: 3}


def test_where_nothing_is_read_yet_reading_starts_with_the_first_day_that_is_kept() -> None:
    with store(days=3) as one:
        first = (TODAY - 2) * DAY_MS

        assert first - DAY_MS < one.start(NOON).since_ms <= first


def test_gaps_and_summaries_are_kept_by_their_moments() -> None:
    gap = Gap(at=NOON, member="m", run=1, since=1, until=2, count=3)
    with store() as one:
        one.take([told(0, gap)], NOON)

        assert len(one.days[TODAY].asides("gap", NOON, NOON + 1)) == 1
        assert one.days[TODAY].asides("gap", NOON + 1, NOON + 2) == []
        assert one.days[TODAY].asides("summary", NOON, NOON + 1) == []


def test_runs_and_what_is_not_in_one_yet_are_searched_alike(tmp_path: Path) -> None:
    some = [told(at, outcome(NOON + at, f"u{at % 5}", at)) for at in range(50)]

    class Small(Files):
        def day(self, number: int) -> Day:
            return Day(tmp_path / f"{number}", number, run_bytes=100)

    def right(one: Store) -> bool:
        return offsets(found(one, "u3")) == [at for at in range(49, -1, -1) if at % 5 == 3]

    one = Store(Small(tmp_path), 14, NOON)
    for each in some:
        one.take([each], NOON)
    assert right(one)
    one.close()

    again = Store(Small(tmp_path), 14, NOON)
    again._open(TODAY)
    assert right(again)
    again.close()


def test_a_day_at_rest_finds_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day_module, "_WORTH_A_RUN", 1)
    with store() as one:
        one.take([told(0, outcome(YESTERDAY, offset=1))], NOON)
        one.take([told(1, outcome(NOON, offset=2))], NOON)
        one.take([told(2, outcome(YESTERDAY + 1, offset=3))], NOON)

        assert offsets(found(one, "u1")) == [2, 3, 1]


def test_a_topic_that_was_made_anew_is_taken_from_its_begin() -> None:
    with store() as one:
        one.take([told(5, outcome(offset=1))], NOON)
        one.forget_topic()
        one.take([told(0, outcome(NOON + 1, offset=2))], NOON)

        assert offsets(found(one, "u1")) == [2, 1]


class _Damage:
    """Spoils the file of yesterday."""

    def __init__(self, folder: Path) -> None:
        with store(folder) as one:
            one.take(
                [
                    told(0, *(outcome(YESTERDAY, f"u{at}", at) for at in range(300))),
                    told(1, outcome(NOON, offset=999)),
                ],
                NOON,
            )
        (self.path,) = folder.glob("2024-10-03.sqlite3")

    def write(self, at: int, some: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(at)
            file.write(some)


def test_a_day_whose_file_is_no_database_is_dropped_with_a_word_and_read_again(
    tmp_path: Path,
) -> None:
    damage = _Damage(tmp_path)
    damage.path.write_bytes(b"no database, but long enough to be looked at" * 100)

    with store(tmp_path) as one:
        assert len(one.lost) == 1
        assert "2024-10-03 is damaged" in one.lost[0]
        assert offsets(found(one, "u0", "u1")) == [999]
        assert not one.take([told(2, outcome(offset=1000))], NOON)

        start = one.start(NOON)
        assert start.position == {}
        assert start.since_ms <= (TODAY - 1) * DAY_MS
        again = [told(0, outcome(YESTERDAY, offset=0)), told(1, outcome(NOON, offset=999))]
        assert one.take(again, NOON)
        assert offsets(found(one, "u1")) == [999, 0]
        assert found(one, "u1").items[0].repeated == 0


@pytest.mark.parametrize("seed", range(25))
def test_a_file_with_wrong_bytes_anywhere_costs_at_most_its_day(tmp_path: Path, seed: int) -> None:
    damage, chance = _Damage(tmp_path), random.Random(seed)
    size = damage.path.stat().st_size
    for _ in range(chance.choice([1, 5, 400])):
        damage.write(chance.randrange(size), chance.randbytes(chance.choice([1, 8, 300])))
    if chance.random() < 0.3:
        os.truncate(damage.path, chance.randrange(size))

    with store(tmp_path) as one:
        for at in range(0, 300, 7):
            found(one, f"u{at}")
        one.take([told(2, outcome(YESTERDAY, "u7", 1000))], NOON)
        start = one.start(NOON)
        lost = len(one.lost)

        assert lost in {0, 1}
        assert 999 in offsets(found(one, "u1"))
        assert (start.position == {}) == (lost == 1)


def test_a_form_that_we_do_not_know_is_rebuilt(tmp_path: Path) -> None:
    damage = _Damage(tmp_path)
    base = sqlite3.connect(damage.path)
    base.execute("PRAGMA user_version = 99")
    base.close()

    with store(tmp_path) as one:
        assert "its form is 99" in one.lost[0]


def test_a_position_that_is_damaged_costs_a_new_reading_only(tmp_path: Path) -> None:
    _Damage(tmp_path)
    (tmp_path / "position.sqlite3").write_bytes(b"x" * 5000)

    with store(tmp_path) as one:
        assert one.start(NOON).position == {}
        assert offsets(found(one, "u1")) == [999, 1]


def test_files_that_another_process_uses_are_left_alone(tmp_path: Path) -> None:
    with store(tmp_path) as one:
        one.take([told(0, outcome())], NOON)
        with pytest.raises(HistoryTaken, match="another process"):
            Store(Files(tmp_path), 14, NOON)

        assert offsets(found(one, "u1")) == [1]


def test_a_full_disk_keeps_nothing_of_a_record_and_loses_nothing(tmp_path: Path) -> None:
    with store(tmp_path) as one:
        one.take([told(0, outcome(offset=1))], NOON)
        base = one.days[TODAY]._base
        pages = base.execute("PRAGMA page_count").fetchone()[0]
        base.execute(f"PRAGMA max_page_count = {pages}")
        noise = random.Random(1)
        large = [outcome(offset=at, reason=noise.randbytes(4000).hex()) for at in range(2, 30)]
        with pytest.raises(HistoryHeld, match="full"):
            one.take([told(1, *large)], NOON)
        assert offsets(found(one, "u1")) == [1]

        base.execute("PRAGMA max_page_count = 1000000")
        one.take([told(1, *large)], NOON)
        assert len(found(one, "u1").items) == 29


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(HistoryHeld, match="HISTORY_PATH: Not a directory"):
        Files(tmp_path / "file" / "within")


def test_files_of_others_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    for name in ("notes.sqlite3", "2024-1-1.sqlite3", "1999-01-01.txt"):
        (tmp_path / name).write_text("mine")

    with store(tmp_path):
        pass

    assert {path.name for path in tmp_path.iterdir()} >= {"notes.sqlite3", "1999-01-01.txt"}
    assert (tmp_path / "2024-1-1.sqlite3").read_text() == "mine"
