"""Messages of every kind, right ones and wrong ones, through the real intake to every output."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from consumer.decide.rules import Rules
from consumer.lanes.batch import Batch
from consumer.log import cleaner
from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from consumer.outbox.letter import headers
from consumer.watch.metrics import Metrics
from consumer.watch.outcomes.outcomes import Outcomes
from consumer.watch.outcomes.waiting import look
from consumer.watch.personal import Shown
from consumer.watch.report import Reporter
from planhat_client.protocol import Delivered, Partial, Reject, Retry
from schemas.connector import ConnectorSettings
from schemas.planhat import BulkResult
from tests.browser.stage import CONNECTOR, CUSTOMERS, USERS
from tests.consumer.in_one_go import in_one_go
from tests.consumer.joined import joined

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hypothesis.strategies import SearchStrategy

    from consumer.offsets.ticket import Ticket
    from planhat_client.protocol import Answer

RULES = Rules.compile(ConnectorSettings.from_text(CONNECTOR, "connector"))


def messages(planted: SearchStrategy[str]) -> SearchStrategy[bytes | None]:
    """Values of records; `planted` are texts that must not come out again."""
    text = planted | st.text(max_size=12)
    plain = st.none() | st.booleans() | st.integers() | st.floats() | text
    anything = st.recursive(
        plain,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        max_leaves=8,
    )
    names = st.sampled_from(
        ["id", "external_id", "email", "name", "traits_crm/title", "planhat/id", "created_at"]
    )
    ids = st.sampled_from(["u1", "u2", "a1", "", 7]) | anything
    entity = st.dictionaries(names | text, anything, max_size=6).flatmap(
        lambda made: ids.map(lambda one: {**made, "id": one})
    )
    event = st.fixed_dictionaries(
        {"event": st.just("Signed in") | text, "event_id": text, "properties": anything}
    )
    message = st.fixed_dictionaries(
        {},
        optional={
            "channel": st.sampled_from(["user:update", "account:update", "ship:update"]) | text,
            "user": entity | anything,
            "account": entity | anything,
            "segments": st.just([USERS]) | anything,
            "account_segments": st.just([CUSTOMERS]) | anything,
            "events": st.lists(event, max_size=2) | anything,
            "changes": anything,
            "is_export": st.booleans(),
        },
    )
    envelope = st.fixed_dictionaries({"messages": st.lists(message, max_size=3)})
    document = (message | message | envelope | anything).map(lambda made: json.dumps(made).encode())
    return document | st.none() | st.binary(max_size=20)


class Sink:
    """The service between topic and wire, with all that it says; every answer is a bad one."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.outcomes = Outcomes()
        self.reporter = Reporter(self.metrics, outcomes=self.outcomes)
        self.letters: list[object] = []
        self.engine = joined(
            RULES,
            report=self.reporter,
            reject=self._reject,
            lanes={"merges": True, "attempts": 1},
        )
        self.offsets = Offsets(0, "")
        self._at = 0
        self._said: list[object] = []

    def take(self, value: bytes | None) -> None:
        self.take_record(Record(Partition("t", 0), self._at, None, value))

    def take_record(self, record: Record) -> None:
        """Read a record as it lies in the topic; the next one of `take` comes behind it."""
        self._at = record.offset + 1
        self.engine.take([record], self.offsets, 0.0)

    def deliver(self) -> None:
        """Answer requests in turn with everything that Planhat may say, for some hours."""
        for number, now in zip(range(60), _times(), strict=False):
            step = self.engine.next(now)
            if isinstance(step, Batch):
                answer = _answers(step)[number % 4]
                self.reporter.batch_sent(step, answer, 0.1)
                self.engine.answered(step, answer, now)

    def shown(self) -> str:
        """Everything that can be seen but the log."""
        shown = Shown(cleaner(keeps_emails=False).text, keeps_personal=False)
        held = [
            [shown.text(part.key), shown.text(why), shown.payload(part.resource, part.body)]
            for name in ("u1", "u2", "a1", "7")
            for one in in_one_go(look(name, self.engine.dispatch, self.engine.planner, (), 0.0))
            for part, why in one.changes
        ]
        ended: list[Any] = [
            [shown.text(one.hull_id), shown.text(one.reason), shown.text(one.email or "")]
            + [shown.payload(change[0], change[5] or {}) for change in one.changes]
            for one in self.outcomes.latest(1000)
        ]
        return json.dumps([held, ended]) + repr(self.letters) + self.metrics.text().decode()

    def _reject(self, ticket: Ticket) -> None:
        self.letters.append([one for one in headers(ticket, 0.0) if one[0].startswith("dl.")])
        self.engine.intake.resolve(ticket, 0.0)


def _times() -> Iterator[float]:
    now = 0.0
    while True:
        now += 60.0
        yield now


def _answers(batch: Batch) -> tuple[Answer, ...]:
    said = batch.items[0].decode("utf-8", "replace") if batch.items else ""
    return (
        Reject(f"400 {said}", 400),
        Retry(f"503 {said}", 503),
        Partial(BulkResult(), said),
        Delivered(BulkResult(created=len(batch.items))),
    )
