"""The days of the history together: takes what the topic tells, drops what is old."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from consumer.history.day import DAY_MS, Day
from consumer.history.row import Aside, Row, rows_of
from consumer.history.trouble import DayDamaged
from consumer.offsets.record import Partition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from consumer.history.files import Files

_AT_ONCE: Final = 4 << 20
"""Bytes of lines that one transaction takes."""
_AHEAD_MS: Final = DAY_MS
"""What lies further in the future is no moment at which anything ended."""
_LATE_MS: Final = 600_000
"""An outcome may be in the topic a little before its moment, by the clocks of two machines."""

Verdict: TypeAlias = Literal["kept", "old", "known", "foreign"]
"""What becomes of a line: older than what is kept, in here before, none of ours."""


class Told(NamedTuple):
    """A record of the topic of outcomes."""

    partition: Partition
    offset: int
    value: bytes


class Start(NamedTuple):
    """Where to read on: by partition, and those that are not named from a moment on."""

    position: Mapping[Partition, int]
    since_ms: int


@dataclass(slots=True)
class _Brought:
    """What is new of one day."""

    rows: list[Row] = field(default_factory=list)
    asides: list[Aside] = field(default_factory=list)


class Store:
    """The last days. Methods raise HistoryError; not for two threads at once.

    A day whose file is damaged is dropped, `lost` says so, and the topic has to be read again from
    there: what other days have already they take no second time.
    """

    def __init__(self, files: Files, days: int, now_ms: int) -> None:
        """Open what is there of the last `days` days, and drop the rest."""
        self._files = files
        self._keeps = days
        self.days: dict[int, Day] = {}
        self.lines: Counter[Verdict] = Counter()
        """What became of lines since the start."""
        self.lost: list[str] = []
        """What was dropped since the start, a line each."""
        self._again_from: int | None = None
        self._position = files.position()
        try:
            self._first = 0
            self._drop_old(now_ms)
            for number in files.days():
                try:
                    self._open(number)
                except DayDamaged as damaged:
                    self.lose(damaged)
        except BaseException:
            self.close()
            raise

    def start(self, now_ms: int) -> Start:
        """Where to read the topic from now on."""
        since = self._begins(now_ms) if self._again_from is None else self._again_from
        self._again_from = None
        return Start(dict(self._position.next), max(0, since - _LATE_MS))

    def take(self, records: Iterable[Told], now_ms: int) -> bool:
        """Keep what records tell that lie one after the other, and that they are read.

        If that is interrupted, the same may come again: nothing is kept twice. False: a day was
        lost, and nothing is taken until `start` was asked anew.
        """
        self._drop_old(now_ms)
        size, some = 0, list[Told]()
        for one in records:
            some.append(one)
            size += len(one.value)
            if size >= _AT_ONCE:
                if not self._take(some, now_ms):
                    return False
                size, some = 0, []
        return not some or self._take(some, now_ms)

    def lose(self, damaged: DayDamaged) -> None:
        """Drop a day whose file is damaged; from its begin on the topic is to be read again."""
        self.lost.append(str(damaged))
        if damaged.day is None:
            self._position.close()
            self._position = self._files.new_position()
        else:
            self._drop(damaged.day)
            self._position.clear()
        begin = (self._first if damaged.day is None else damaged.day) * DAY_MS
        self._again_from = begin if self._again_from is None else min(begin, self._again_from)

    def forget_topic(self) -> None:
        """Take what comes for new: the topic was made anew, its offsets begin again."""
        for day in self.days.values():
            day.forget_known()
        self._position.clear()

    def close(self) -> None:
        """Let go of the files."""
        for day in self.days.values():
            day.close()
        self.days = {}
        self._position.close()

    def _begins(self, now_ms: int) -> int:
        return (now_ms // DAY_MS - self._keeps + 1) * DAY_MS

    def _take(self, records: list[Told], now_ms: int) -> bool:
        if self._again_from is not None:
            return False
        new: defaultdict[int, _Brought] = defaultdict(_Brought)
        after: dict[Partition, int] = {}
        lines: Counter[Verdict] = Counter()
        for record in records:
            self._sort(record, new, lines, now_ms + _AHEAD_MS)
            after[record.partition] = record.offset + 1
        try:
            for number, brought in sorted(new.items()):
                self._open(number).add(brought.rows, brought.asides, after)
            for number, day in self.days.items():
                if number not in new:
                    day.rest()
            self._position.move(after)
        except DayDamaged as damaged:
            self.lose(damaged)
            return False
        self.lines.update(lines)
        return True

    def _sort(
        self, record: Told, new: dict[int, _Brought], lines: Counter[Verdict], last_ms: int
    ) -> None:
        """Lay each line of a record to its day, unless that has it already."""
        read = rows_of(record.value)
        verdicts: dict[int, Verdict] = {}
        for row in read.rows:
            number = row.ms // DAY_MS
            verdict = verdicts.get(number)
            if verdict is None:
                verdict = verdicts[number] = self._verdict(number, record, last_ms)
            lines[verdict] += 1
            if verdict == "kept":
                new[number].rows.append(row)
        for aside in read.asides:
            number = aside.ms // DAY_MS
            if self._verdict(number, record, last_ms) == "kept":
                new[number].asides.append(aside)
        lines["foreign"] += read.foreign

    def _verdict(self, number: int, record: Told, last_ms: int) -> Verdict:
        if number > last_ms // DAY_MS:
            return "foreign"
        if number < self._first:
            return "old"
        day = self.days.get(number)
        is_known = day is not None and record.offset < day.known.get(record.partition, 0)
        return "known" if is_known else "kept"

    def _open(self, number: int) -> Day:
        day = self.days.get(number)
        if day is None:
            day = self.days[number] = self._files.day(number)
        return day

    def _drop_old(self, now_ms: int) -> None:
        first = self._begins(now_ms) // DAY_MS
        if first == self._first:
            return
        for number in {*self.days, *self._files.days()}:
            if number < first:
                self._drop(number)
        self._first = first

    def _drop(self, number: int) -> None:
        day = self.days.pop(number, None)
        if day is not None:
            day.close()
        self._files.remove(number)
