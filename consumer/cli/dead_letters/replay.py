"""`hull-planhat dead-letters replay`: rejected messages back to where they came from."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeAlias

from consumer.cli.dead_letters.letters import keep_highest, letters, whole
from consumer.cli.read import read_settings
from consumer.cli.terminal import FAILED, Pace, guarded, say, shown, tell, tell_json
from consumer.decide.rules import Rules
from consumer.kafka.producer import TopicWriter
from consumer.kafka.reader import TopicReader
from consumer.outbox.letter import DeadLetter
from consumer.outbox.replay import Replay, ranges, replay_headers
from consumer.outbox.stale import StaleScan, count_events
from consumer.wording import plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from consumer.cli.dead_letters.letters import LetterChoice, Ranked
    from consumer.offsets.record import Partition
    from consumer.outbox.stale import Verdict
    from consumer.settings.kafka import KafkaSettings

_LONGEST_TOPIC: Final = 249
_Dead: TypeAlias = "dict[int, frozenset[int] | None]"


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How; `rate` in records a second. `to` is a topic to write to beside ours."""

    limit: int
    rate: float
    max_replays: int
    to: str | None
    force: bool
    dry_run: bool
    as_json: bool


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of a letter: `why` it is left, or how far was looked for newer ones.

    `events` of one that is stale are replayed alone: nothing that is newer has them. `is_part`: it
    is about some messages of the letter, others have another fate.
    """

    letter: DeadLetter
    why: str = ""
    kind: str = "replayed"
    checked_to: int | None = None
    events: int = 0
    is_part: bool = False

    @property
    def is_left(self) -> bool:
        return bool(self.why) and not self.events


def replay_letters(choice: LetterChoice, options: ReplayOptions) -> int:
    """Replay what is meant; return 0, or 1 if there is nothing or something could not be done."""

    def replayed() -> int:
        settings, connector = read_settings(os.environ)
        replayer = _Replayer(settings.kafka, Rules.compile(connector), options)
        return asyncio.run(replayer.run(choice))

    return guarded(replayed)


_UNREADABLE: Final = "its value could not be read where it was written, there is nothing to replay"


class _Replayer:
    def __init__(self, settings: KafkaSettings, rules: Rules, options: ReplayOptions) -> None:
        self._settings = settings
        self._rules = rules
        self._options = options
        self._done: Counter[str] = Counter()
        self._topics = frozenset((*settings.topics, options.to))

    async def run(self, choice: LetterChoice) -> int:
        async with TopicReader(self._settings) as reader:
            chosen, dead = await self._chosen(reader, choice)
            if not chosen:
                say(["hull-planhat: no dead letter is meant by this"])
                return FAILED
            by_partition: dict[Partition, list[DeadLetter]] = {}
            for letter in chosen:
                by_partition.setdefault(letter.source, []).append(letter)
            async with TopicWriter(self._settings) as writer:
                pace = Pace(self._options.rate)
                for partition, letters_of in by_partition.items():
                    for fate in await self._fates(reader, partition, letters_of, dead):
                        await self._carry_out(fate, writer, pace)
        self._sum_up()
        return FAILED if self._done["lost"] or self._done["refused"] else 0

    async def _chosen(
        self, reader: TopicReader, choice: LetterChoice
    ) -> tuple[list[DeadLetter], dict[Partition, _Dead]]:
        """The oldest that are meant, in the order in which they first came; and all places."""
        dead: dict[Partition, _Dead] = {}
        oldest: list[Ranked] = []
        async for letter in letters(reader, self._settings.dead_letter_topic):
            # Which messages of its record lie in the dead letters; None: all.
            buried, own = dead.setdefault(letter.source, {}), letter.positions
            known = buried.get(letter.offset, frozenset())
            buried[letter.offset] = None if known is None or own is None else known | own
            if choice.takes(letter):
                number, offset = letter.record.partition.number, letter.record.offset
                rank = -letter.record.timestamp, -number, -offset, letter
                if keep_highest(oldest, rank, self._options.limit):
                    self._done["left for another run"] += 1
        return sorted(
            (one[-1] for one in oldest), key=lambda one: (one.first_offset, one.offset)
        ), dead

    async def _fates(
        self,
        reader: TopicReader,
        partition: Partition,
        chosen: list[DeadLetter],
        dead: Mapping[Partition, _Dead],
    ) -> list[_Fate]:
        """Look through the partition, from the oldest of the letters on, once for all of them."""
        if partition.topic not in self._topics:
            # Whoever may write to the dead letters must not choose where else we write.
            topic = partition.topic[:_LONGEST_TOPIC]
            why = f"its topic {topic!r} is none of KAFKA_TOPICS, nor named by --to"
            return [_Fate(one, why, "refused") for one in chosen]
        start, end = (await reader.spans(partition.topic)).get(partition.number, (0, -1))
        if end < 0:
            return [_Fate(one, "its partition does not exist any more", "lost") for one in chosen]
        unread = [_Fate(one, _UNREADABLE, "lost") for one in chosen if not one.readable]
        chosen = [one for one in chosen if one.readable]
        found = [await whole(reader, one) for one in chosen]
        lost = unread + [
            _Fate(one, "its value was too large for its letter, and the record is gone", "lost")
            for one, is_kept in zip(chosen, found, strict=True)
            if is_kept is None
        ]
        kept = [one for one in found if one is not None]
        if not kept:
            return lost
        seen = StaleScan(kept, dead[partition], self._rules)
        if not self._options.force:
            first = min(letter.first_offset for letter in kept)
            async for record in reader.read(partition, max(start, first), end):
                seen.see(record)
        return lost + [
            replace(
                self._fate(letter, verdict, start, end), is_part=letter.positions != one.positions
            )
            for one in kept
            for letter, verdict in seen.verdicts(one)
        ]

    def _fate(self, letter: DeadLetter, verdict: Verdict | None, start: int, end: int) -> _Fate:
        if letter.replays >= self._options.max_replays:
            times = plural(letter.replays, "time")
            return _Fate(letter, f"it was replayed {letter.replays} {times} already", "worn out")
        if self._options.force:
            return _Fate(letter)
        if verdict is not None:
            if verdict.kind == "replayed":
                return _Fate(letter, str(verdict), "repeated")
            return self._stale(letter, str(verdict))
        if start > letter.first_offset + 1:
            why = f"stale replay: can't be ruled out, the topic is kept from offset {start} on"
            return self._stale(letter, why)
        return _Fate(letter, checked_to=end)

    def _stale(self, letter: DeadLetter, why: str) -> _Fate:
        events = count_events(letter, self._rules)
        return _Fate(letter, why, "replayed for events only" if events else "stale", events=events)

    async def _carry_out(self, fate: _Fate, writer: TopicWriter, pace: Pace) -> None:
        offset = None
        if not fate.is_left and not self._options.dry_run:
            await pace.next()
            offset = await _written(fate, writer)
        self._done[fate.kind] += 1
        self._tell(fate, offset)

    def _tell(self, fate: _Fate, offset: int | None) -> None:
        letter = fate.letter
        name = letter.name
        if fate.is_part:
            name += f", messages {ranges([at + 1 for at in letter.positions or ()])}"
        if self._options.as_json:
            told = {
                **letter.to_json(),
                "outcome": fate.kind,
                "why": fate.why,
                "replayed_to": offset,
                "dry_run": self._options.dry_run,
            }
            tell_json(shown(keeps_personal=False).value(told))
        elif fate.is_left:
            tell(f"{name}  left: {fate.why}")
        else:
            only = f", its events only ({fate.events}): {fate.why}" if fate.events else ""
            if offset is None:
                tell(f"{name}  would be replayed to {_shown(letter)}{only}")
            else:
                tell(f"{name}  replayed to {_shown(letter)}, offset {offset}{only}")

    def _sum_up(self) -> None:
        if not self._options.as_json:
            done = ", ".join(f"{count} {kind}" for kind, count in self._done.items())
            tell(f"{done}{' (dry run)' if self._options.dry_run else ''}")


async def _written(fate: _Fate, writer: TopicWriter) -> int:
    letter = fate.letter
    replay = Replay(
        letter.replays + 1,
        letter.first_offset,
        fate.checked_to,
        letter.positions,
        only_events=fate.events > 0,
    )
    headers = replay_headers(letter.record.headers, replay)
    record = letter.record
    # Into the partition where the rest of its profile lies, whatever partitioner the bridge has.
    sent = await writer.send(
        letter.source.topic, record.key, record.value, headers, letter.source.number
    )
    return await sent


def _shown(letter: DeadLetter) -> str:
    return f"{letter.source.topic}, partition {letter.source.number}"
