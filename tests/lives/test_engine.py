"""Short lives through one engine, that forgets or dies in between: what fails here is small."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
import yaml

from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from tests.consumer.engine_run import Engine
from tests.examples import examples
from tests.lives.hull import Hull, Weights
from tests.lives.judging import CONNECTOR, judge
from tests.lives.reading import Reading, Settings, changed

APART = Weights(merge=0, merge_again=0, rekey=0, new_domain=0, merge_accounts=0)
ACCOUNTS = Weights(merge=0, merge_again=0, rekey=8, new_domain=4, merge_accounts=3)
MERGES = Weights(merge=20, unlink=0, rekey=0, new_domain=0, merge_accounts=0)


class Member:
    """An engine that reads a log, and may be killed: what it knew is gone, what it sent is not."""

    def __init__(self, rules: Settings) -> None:
        self._connector = yaml.safe_load(CONNECTOR) | changed(rules)
        self.engine = Engine(connector=self._connector, company_wait=1.0)
        self.log: list[bytes] = []

    def read(self, records: list[tuple[bytes, bytes]]) -> None:
        for _, value in records:
            self._take(len(self.log), value)
            self.log.append(value)

    def kill(self) -> None:
        self.engine.revoke()
        sandbox, committed, now = self.engine.sandbox, self.engine.committed, self.engine.now
        self.engine = Engine(connector=self._connector, company_wait=1.0)
        self.engine.sandbox, self.engine.now, self.engine.committed = sandbox, now, committed
        self.engine.offsets = Offsets(*committed)
        self.engine.read_directories()
        for offset in range(committed[0], len(self.log)):
            self._take(offset, self.log[offset])

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(json.dumps(self.engine.sandbox.contents()))
        counters = json.loads(json.dumps(self.engine.sandbox.report()))["counters"]
        return found | {"counters": counters}

    def ids(self) -> dict[str, str]:
        """Planhat's id of the contact of each user."""
        rows = [row for row in self.state()["endusers"] if not row.get("archived")]
        return {row["custom"]["hull"]: row["_id"] for row in rows if "custom" in row}

    def _take(self, offset: int, value: bytes) -> None:
        self.engine.take_record(Record(Partition("t", 0), offset, None, value))


def lived(seed: int, rules: Settings, weights: Weights) -> list[str]:
    """Live, be killed now and then, and give what is not as it was read."""
    random = Random(seed)
    hull = Hull(Random(seed), weights=weights)
    reading, member = Reading(rules), Member(rules)
    written = 0
    hull.settle(4, 3)
    for _ in range(4):
        hull.live(6)
        member.read(hull.records(written))
        reading.read(hull.messages[written:])
        written = len(hull.messages)
        member.engine.run(random.choice([0.0, 5.0, 600.0]))
        # Whom write-back told of, it tells of a new id, too.
        hull.learn(member.ids(), random.choice([0.0, 0.3]))
        if random.random() < 0.3:
            member.kill()
    member.engine.run()
    state = member.state()
    letters = [repr(one) for one in member.engine.letters]
    overtakes = state["counters"]["overtakes"]
    return judge(state, reading).wrong + letters + ["overtakes"] * overtakes


@pytest.mark.parametrize(
    ("rules", "weights"),
    [
        pytest.param(Settings(), APART, id="apart"),
        pytest.param(Settings(), ACCOUNTS, id="accounts"),
        pytest.param(Settings(on_user_merged="archive"), MERGES, id="merged, archived"),
        pytest.param(Settings(on_user_merged="delete"), MERGES, id="merged, deleted"),
    ],
)
def test_lives_end_as_they_are_read(rules: Settings, weights: Weights) -> None:
    found = {seed: wrong for seed in range(examples(200)) if (wrong := lived(seed, rules, weights))}

    assert found == {}
