"""Spans as an in-memory exporter gets them."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip(
    "opentelemetry.sdk", reason="needs OpenTelemetry: pip install hull-planhat[otel]"
)

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from consumer.watch.metrics import Metrics
from consumer.watch.report import Reporter
from consumer.watch.trace import Traces
from planhat_client.protocol import Delivered, Reject
from schemas.planhat import BulkResult, Resource
from tests.consumer.joined import joined, rules_of

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from consumer.offsets.ticket import Ticket
    from planhat_client.protocol import Answer

SETTINGS = """
contact_synchronized_segments: [s]
contact_attributes_outbound: [{hull_field_name: email, service_field_name: email}]
"""
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01".encode()


class Desk:
    """An intake whose reporter makes spans."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.reporter = Reporter(Metrics(), traces=Traces(provider.get_tracer("test")))
        self.engine = joined(
            rules_of(SETTINGS), report=self.reporter, reject=self._reject, lanes={"merges": True}
        )
        self.offsets = Offsets(0, "")
        self.offset = 0

    def take(self, headers: tuple[tuple[str, bytes], ...] = (), **more: object) -> None:
        message = {
            "user": {"id": f"u{self.offset}", "email": f"{self.offset}@acme.com"},
            "account": {"id": "a", "planhat/id": "company"},
            "segments": [{"id": "s"}],
            **more,
        }
        value = json.dumps(message).encode()
        record = Record(Partition("hull.events", 2), self.offset, b"u", value, headers)
        self.offset += 1
        self.engine.take([record], self.offsets, 0.0)

    def send(self, answer: Answer) -> None:
        batch = self.engine.lanes[Resource.ENDUSERS].take(0.0)
        assert batch is not None
        self.reporter.batch_sent(batch, answer, 0.25)
        self.engine.answered(batch, answer, 0.0)

    def spans(self, kind: SpanKind) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.kind is kind]

    def _reject(self, ticket: Ticket) -> None:
        self.engine.intake.resolve(ticket, 0.0)


@pytest.fixture(name="desk")
def _desk() -> Desk:
    return Desk()


GOOD = Delivered(BulkResult(created=1))


def test_a_record_continues_the_trace_of_its_header(desk: Desk) -> None:
    desk.take((("traceparent", PARENT),))
    desk.send(GOOD)

    [span] = desk.spans(SpanKind.CONSUMER)
    assert span.parent is not None
    assert f"{span.context.trace_id:032x}" == TRACE
    assert dict(span.attributes or {})["messaging.kafka.offset"] == 0
    assert dict(span.attributes or {})["hull_planhat.outcome"] == "delivered"


@pytest.mark.parametrize("header", [b"", b"\xff\xfe", b"00-zz-zz-01"])
def test_a_broken_header_begins_a_trace_of_its_own(desk: Desk, header: bytes) -> None:
    desk.take((("traceparent", header),))
    desk.send(GOOD)

    [span] = desk.spans(SpanKind.CONSUMER)
    assert span.parent is None


def test_a_request_is_linked_to_all_records_in_it(desk: Desk) -> None:
    desk.take((("traceparent", PARENT),))
    desk.take()
    desk.send(Delivered(BulkResult(created=2)))

    [request] = desk.spans(SpanKind.CLIENT)
    records = desk.spans(SpanKind.CONSUMER)
    assert {link.context.span_id for link in request.links} == {
        span.context.span_id for span in records
    }
    assert len(records) == 2
    assert request.name == "endusers send"
    assert request.end_time is not None
    assert request.start_time is not None
    assert request.end_time - request.start_time == 250_000_000


def test_a_skipped_record_has_a_span_too(desk: Desk) -> None:
    desk.take(segments=[])

    [span] = desk.spans(SpanKind.CONSUMER)
    assert dict(span.attributes or {})["hull_planhat.outcome"] == "skipped"


def test_what_went_wrong_is_an_error_without_words_of_others(desk: Desk) -> None:
    desk.take()
    desk.send(Reject("400 jane@acme.com is bad", 400))

    spans = [*desk.spans(SpanKind.CLIENT), *desk.spans(SpanKind.CONSUMER)]
    assert [(span.status.status_code, span.status.description) for span in spans] == [
        (StatusCode.ERROR, "400"),
        (StatusCode.ERROR, "rejected"),
    ]


def test_a_request_has_no_more_links_than_are_kept(desk: Desk) -> None:
    for _ in range(200):
        desk.take()
    desk.send(Delivered(BulkResult(created=200)))

    [request] = desk.spans(SpanKind.CLIENT)
    assert len(request.links) == 128


def test_switched_off_nothing_of_it_is_imported() -> None:
    code = "import sys, consumer.app, consumer.cli.run; print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603  # this Python

    assert done.stdout.strip() == "False"
