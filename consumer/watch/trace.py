"""OpenTelemetry spans, one a record and one a request; imported only when it is switched on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from opentelemetry import trace
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from planhat_client.protocol import Delivered

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

    from consumer.lanes.batch import Batch
    from consumer.offsets.record import Record
    from consumer.offsets.ticket import Ticket
    from planhat_client.protocol import Answer

_MOST_LINKS: Final = 128
"""What an SDK keeps of a span by default (OTEL_SPAN_LINK_COUNT_LIMIT)."""

_CONTEXT: Final = TraceContextTextMapPropagator()
_NAMES: Final = ("traceparent", "tracestate")
_NANOSECONDS: Final = 1_000_000_000


class Traces:
    """Makes spans of what passes by."""

    def __init__(self, tracer: Tracer) -> None:
        """`tracer` decides what is sampled and where it goes."""
        self._tracer = tracer

    def ended(self, ticket: Ticket) -> None:
        """A record is final."""
        span = self._span(ticket, time.monotonic())
        ticket.span = None
        span.set_attribute("hull_planhat.outcome", ticket.ending or "skipped")
        if ticket.ending == "rejected":
            span.set_status(Status(StatusCode.ERROR, "rejected"))
        span.end()

    def sent(self, batch: Batch, answer: Answer, status: str, seconds: float) -> None:
        """A request was answered or failed, and not yet settled; linked to the records in it."""
        until = time.time_ns()
        span = self._tracer.start_span(
            f"{batch.resource.value} send",
            kind=SpanKind.CLIENT,
            attributes={
                "hull_planhat.resource": batch.resource.value,
                "hull_planhat.items": len(batch.items),
                "hull_planhat.changes": batch.changes,
                "hull_planhat.status": status,
            },
            links=self._links(batch),
            start_time=until - round(seconds * _NANOSECONDS),
        )
        if not isinstance(answer, Delivered):
            span.set_status(Status(StatusCode.ERROR, status))
        span.end(until)

    def _links(self, batch: Batch) -> list[Link]:
        links: list[Link] = []
        for profile in batch.profiles:
            for part, _ in zip(profile.parts, range(profile.flying), strict=False):
                span = self._span(part.receipt.ticket, part.since)
                links.append(Link(span.get_span_context()))
                if len(links) == _MOST_LINKS:
                    return links
        return links

    def _span(self, ticket: Ticket, since: float) -> Span:
        """The span of a record, begun at `since` (steady clock); it continues a `traceparent`."""
        known: Span | None = ticket.span
        if known is not None:
            return known
        record = ticket.record
        began = time.time_ns() - round((time.monotonic() - since) * _NANOSECONDS)
        span = ticket.span = self._tracer.start_span(
            f"{record.partition.topic} process",
            _parent(record),
            SpanKind.CONSUMER,
            {
                "messaging.system": "kafka",
                "messaging.destination.name": record.partition.topic,
                "messaging.destination.partition.id": str(record.partition.number),
                "messaging.kafka.offset": record.offset,
            },
            start_time=began,
        )
        return span


def traces() -> Traces:
    """Use the tracer that is set up, or set one up by OpenTelemetry's own variables."""
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        trace.set_tracer_provider(_provider())
    return Traces(trace.get_tracer("hull-planhat"))


def _provider() -> Any:  # noqa: ANN401 - the SDK is imported here only
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - optional
        OTLPSpanExporter,
    )
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - likewise
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - likewise
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - likewise

    # The variables OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES go before what is said here.
    provider = TracerProvider(resource=Resource.create({"service.name": "hull-planhat"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def _parent(record: Record) -> Context | None:
    carrier = {
        name.lower(): value.decode("ascii", "replace")
        for name, value in record.headers
        if value and name.lower() in _NAMES
    }
    return _CONTEXT.extract(carrier) if carrier else None
