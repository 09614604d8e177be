"""What ends is counted, once, under its own name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from consumer.decide import reasons
from consumer.lanes.batch import Batch
from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from consumer.offsets.ticket import UNATTRIBUTED
from consumer.outbox.result_queue import result_of
from consumer.watch.metrics import Metrics
from consumer.watch.report import Reporter
from planhat_client.protocol import Answer, Delivered, Halt, Partial, Reject, Retry
from schemas.planhat import BulkResult, Resource
from tests.consumer.joined import joined, rules_of

if TYPE_CHECKING:
    from consumer.lanes.part import Ended
    from consumer.offsets.ticket import Ticket

SETTINGS = """
contact_synchronized_segments: [s]
contact_events: [Signed in]
contact_attributes_outbound: [{hull_field_name: email, service_field_name: email}]
"""


class Desk:
    """An intake with the real reporter and lanes; dead letters are written at once."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.results: list[object] = []
        self.reporter = Reporter(self.metrics, self._delivered)
        self.engine = joined(rules_of(SETTINGS), report=self.reporter, reject=self._reject)
        self.offsets = Offsets(0, "")

    def _reject(self, ticket: Ticket) -> None:
        self.engine.intake.resolve(ticket, 0.0)

    def _delivered(self, end: Ended) -> None:
        result = result_of(end, 0.0)
        self.results += [] if result is None else [result]

    def take(self, value: bytes | None) -> None:
        at = len(self.offsets) + (self.offsets.position or 0)
        record = Record(Partition("t", 0), at, b"u", value)
        self.engine.take([record], self.offsets, 0.0)

    def settle(self, resource: Resource, answer: Answer) -> None:
        batch = self.engine.lanes[resource].take(0.0)
        assert batch is not None
        self.engine.answered(batch, answer, 0.0)

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"hull_planhat_{name}", labels)


def user(**more: object) -> dict[str, Any]:
    return {
        "user": {"id": "u", "email": "jane@acme.com"},
        "account": {"id": "a", "planhat/id": "company"},
        "segments": [{"id": "s"}],
        **more,
    }


def record(*messages: object) -> bytes:
    if len(messages) == 1:
        return json.dumps(messages[0]).encode()
    return json.dumps({"channel": "user:update", "messages": messages}).encode()


@pytest.fixture(name="desk")
def _desk() -> Desk:
    return Desk()


def test_a_delivered_record_is_counted_with_its_message_and_its_change(desk: Desk) -> None:
    desk.take(record(user()))
    desk.settle(Resource.ENDUSERS, Delivered(BulkResult(created=1), is_whole=True))

    assert desk.value("records_total", outcome="delivered", reason="") == 1
    labels = {"channel": "user:update", "outcome": "delivered", "reason": ""}
    assert desk.value("messages_total", **labels) == 1
    assert desk.value("items_total", resource="endusers", outcome="delivered") == 1
    assert desk.value("delivery_seconds_count", resource="endusers") == 1


def test_a_skipped_record_is_counted_with_the_reason_of_its_profile(desk: Desk) -> None:
    desk.take(record(user(segments=[], events=[{"event": "Seen"}])))

    why = reasons.CONTACT_FILTER
    assert desk.value("records_total", outcome="skipped", reason=why) == 1
    labels = {"channel": "user:update", "outcome": "skipped", "reason": why}
    assert desk.value("messages_total", **labels) == 1
    assert desk.value("skipped_total", resource="endusers", reason=why) == 1
    assert desk.value("items_total", resource="endusers", outcome="skipped") == 1


def test_a_rejected_record_is_counted_by_the_kind_of_its_reason(desk: Desk) -> None:
    desk.take(b"{")
    desk.take(record(user()))
    desk.settle(Resource.ENDUSERS, Reject("400 jane@acme.com is bad", 400))

    assert desk.value("records_total", outcome="rejected", reason="not JSON") == 1
    assert desk.value("records_total", outcome="rejected", reason="planhat 400") == 1
    assert desk.value("items_total", resource="endusers", outcome="rejected") == 1


def test_a_record_of_several_messages_counts_once_by_the_worst(desk: Desk) -> None:
    desk.take(record(user(segments=[]), {"user": 5}, user(segments=[])))

    text = desk.metrics.text().decode()
    counted = [line for line in text.splitlines() if line.startswith("hull_planhat_records_total{")]
    assert counted == [
        'hull_planhat_records_total{outcome="rejected",reason="not a Hull message"} 1.0'
    ]


def test_of_a_user_whose_event_alone_was_sent_no_success_is_told(desk: Desk) -> None:
    event = {"event": "Signed in", "event_id": "e1"}
    with capture_logs() as lines:
        desk.take(record(user(account={}, events=[event])))
        desk.settle(Resource.ACTIVITIES, Delivered(BulkResult(), is_whole=True))

    told = {line["event"]: line.get("change") or line.get("reason") for line in lines}
    assert told["outgoing.user.skip"] == reasons.NO_COMPANY_ID
    assert told["outgoing.user_event.success"] == UNATTRIBUTED
    assert "outgoing.user.success" not in told
    assert desk.results == []
    assert desk.value("items_total", resource="endusers", outcome="skipped") == 1
    assert desk.value("items_total", resource="endusers", outcome="delivered") == 0
    assert desk.value("activities_unattributed_total") == 1


def test_a_record_without_any_message_is_skipped(desk: Desk) -> None:
    desk.take(b'{"messages": []}')

    assert desk.value("records_total", outcome="skipped", reason=reasons.EMPTY_ENVELOPE) == 1


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Delivered(BulkResult(), is_whole=True), "ok"),
        (Partial(BulkResult(), "one is bad"), "partial"),
        (Retry("network: reset"), "network"),
        (Retry("429 slow down", 429), "429"),
        (Reject("400 bad", 400), "400"),
        (Halt("401 no", 401), "401"),
    ],
)
def test_a_request_is_counted_by_its_status(desk: Desk, answer: Answer, status: str) -> None:
    desk.reporter.batch_sent(Batch(Resource.COMPANIES, items=[b"{}"]), answer, 0.1)

    assert desk.value("requests_total", resource="companies", status=status) == 1


def test_what_is_left_out_is_counted_by_field_and_reason(desk: Desk) -> None:
    odd = {"event": "Signed in", "created_at": "the other day"}
    for number in range(2):
        person = {"id": f"u{number}", "email": f"{number}@acme.com"}
        desk.take(record(user(user=person, events=[odd, 7])))
        desk.settle(Resource.ENDUSERS, Delivered(BulkResult(created=1), is_whole=True))
        desk.settle(Resource.ACTIVITIES, Delivered(BulkResult(created=1), is_whole=True))

    date = {"resource": "activities", "field": "date", "reason": reasons.NOT_A_DATE}
    events = {"resource": "endusers", "field": "events", "reason": reasons.UNREADABLE}
    assert desk.value("left_out_total", **date) == 2
    assert desk.value("left_out_total", **events) == 2
    assert desk.value("records_total", outcome="delivered", reason="") == 2


def test_what_may_have_mattered_is_rejected_while_the_rest_is_sent(desk: Desk) -> None:
    desk.take(record(user(account="Acme", events=[{"event": "Signed in"}])))
    desk.settle(Resource.ACTIVITIES, Delivered(BulkResult(created=1), is_whole=True))

    assert desk.value("items_total", resource="activities", outcome="delivered") == 1
    assert desk.value("records_total", outcome="rejected", reason="not a Hull message") == 1
