"""Short lives through one engine, that forgets or dies in between: what fails here is small."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from tests.consumer.engine_run import Engine
from tests.examples import examples
from tests.lives.hull import Hull, Weights
from tests.lives.judging import CONNECTOR, judge
from tests.lives.reading import Reading, Settings, changed
from tests.lives.test_hull import SEEDS

APART = Weights(merge=0, merge_again=0, rekey=0, new_domain=0, merge_accounts=0)


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

    def _take(self, offset: int, value: bytes) -> None:
        self.engine.take_record(Record(Partition("t", 0), offset, None, value))


def lived(random: Random, rules: Settings, weights: Weights, data: st.DataObject) -> list[str]:
    hull, reading, member = Hull(random, weights=weights), Reading(rules), Member(rules)
    written = 0
    hull.settle(4, 3)
    for _ in range(4):
        hull.live(6)
        member.read(hull.records(written))
        reading.read(hull.messages[written:])
        written = len(hull.messages)
        member.engine.run(data.draw(st.sampled_from([0.0, 5.0, 600.0]), "seconds"))
        if data.draw(st.booleans(), "killed"):
            member.kill()
        elif data.draw(st.booleans(), "told"):
            rows = member.state()["endusers"]
            hull.learn({one["custom"]["hull"]: one["_id"] for one in rows if "custom" in one}, 0.3)
    member.engine.run()
    state = member.state()
    letters = [repr(one) for one in member.engine.letters]
    overtakes = state["counters"]["overtakes"]
    return judge(state, reading).wrong + letters + ["overtakes"] * overtakes


@pytest.mark.slow
@settings(max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SEEDS, st.data())
def test_lives_that_do_not_meet_end_as_they_are_read(seed: int, data: st.DataObject) -> None:
    assert lived(Random(seed), Settings(), APART, data) == []
