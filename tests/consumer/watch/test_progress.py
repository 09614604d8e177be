"""What is stuck is found out, and what merely waits is not called stuck."""

from __future__ import annotations

import pytest

from consumer.lanes.batch import Batch
from consumer.watch.progress import Progress
from planhat_client.limiter import Limiter
from planhat_client.protocol import Retry
from schemas.planhat import Resource
from tests.consumer.joined import joined
from tests.consumer.lane_bench import part


class Loop:
    """A dispatch whose turns the test takes, looked at twice a second."""

    def __init__(self) -> None:
        self.limiter = Limiter(60, 2)
        engine = joined(limiter=self.limiter, lanes={"merges": True})
        self.lanes, self.dispatch = engine.lanes, engine.dispatch
        self.progress = Progress(30.0)
        self.now = 0.0

    def add(self, key: str = "u") -> None:
        self.lanes[Resource.ENDUSERS].add(part(key, 1), self.now)

    def send(self) -> Batch:
        batch = self.dispatch.next(self.now)
        assert isinstance(batch, Batch)
        return batch

    def watch(self, seconds: float) -> None:
        for _ in range(int(seconds * 2)):
            self.now += 0.5
            self.progress.look(self.dispatch, self.now)

    def verdict(self) -> str | None:
        return self.progress.stuck(self.now, self.now)


@pytest.fixture(name="loop")
def _loop() -> Loop:
    return Loop()


def test_an_idle_service_is_not_stuck(loop: Loop) -> None:
    loop.watch(300)

    assert loop.verdict() is None


def test_what_could_be_sent_and_is_not_is_stuck_after_a_minute(loop: Loop) -> None:
    loop.add()
    loop.watch(60)
    before = loop.verdict()
    loop.watch(2)

    assert before is None
    assert loop.verdict() == "endusers could be sent for 62 s and are not"


def test_a_send_ends_the_suspicion(loop: Loop) -> None:
    loop.add()
    loop.watch(62)
    loop.send()
    loop.watch(1)

    assert loop.verdict() is None


def test_a_request_that_never_ends_is_stuck(loop: Loop) -> None:
    loop.add()
    loop.send()
    loop.watch(95)

    stuck = loop.verdict()
    assert stuck is not None
    assert stuck.startswith("a request for endusers has neither ended nor failed")


def test_a_halted_service_is_not_stuck(loop: Loop) -> None:
    loop.add()
    loop.dispatch.halts.read_refused("users", 401, "401", 0.0)
    loop.watch(300)

    assert loop.verdict() is None


def test_a_closed_limiter_is_not_stuck(loop: Loop) -> None:
    loop.add()
    loop.limiter.close(0.0, 1000.0)
    loop.watch(300)

    assert loop.verdict() is None


def test_a_dead_api_is_not_stuck(loop: Loop) -> None:
    for _ in range(600):
        loop.add(f"u{loop.now}")
        step = loop.dispatch.next(loop.now)
        if isinstance(step, Batch):
            loop.dispatch.answered(step, Retry("network: reset"), loop.now)
        loop.watch(0.5)

    assert loop.lanes[Resource.ENDUSERS].breaker.is_open
    assert loop.verdict() is None


def test_a_poll_that_does_not_return_is_stuck(loop: Loop) -> None:
    loop.watch(1)

    assert loop.progress.stuck(loop.now, loop.now - 61) == "no poll of Kafka for 61 s"


def test_before_the_first_poll_nothing_is_stuck(loop: Loop) -> None:
    assert loop.progress.stuck(1000.0, 0.0) is None


def test_a_watch_that_does_not_look_is_stuck(loop: Loop) -> None:
    loop.watch(1)

    assert loop.progress.stuck(loop.now + 61, loop.now + 61) == "no look at the lanes for 61 s"
