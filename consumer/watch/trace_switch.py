"""Whether spans are made: OpenTelemetry is imported here, and only if TRACES says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.settings_error import InvalidSettings

if TYPE_CHECKING:
    from consumer.settings import Settings
    from consumer.watch.trace import Traces


def traces_of(settings: Settings) -> Traces | None:
    """Return what makes spans, None if it is off; raises InvalidSettings if it can't be."""
    if not settings.traces:
        return None
    try:
        from consumer.watch.trace import traces  # noqa: PLC0415 - an optional extra

        return traces()
    except ImportError as error:
        raise InvalidSettings(
            "TRACES: true: OpenTelemetry is not installed; install hull-planhat[otel]"
        ) from error
