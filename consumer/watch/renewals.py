"""Tells of the credentials for Kafka that are rotated while the service runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from consumer.watch.metrics import Metrics

_log = structlog.get_logger("consumer.renewals")


class Renewals:
    """Writes to the log and to the metrics what became of new files."""

    def __init__(self, metrics: Metrics) -> None:
        """Nothing is said before something changes."""
        self._metrics = metrics

    def note(self, setting: str, trouble: str) -> None:
        """New connections are made with what the files of `setting` hold, or not: `trouble`."""
        self._metrics.credentials("unusable" if trouble else "renewed")
        if trouble:
            _log.warning("kafka.credentials_unusable", setting=setting, reason=trouble)
        else:
            _log.info("kafka.credentials_renewed", setting=setting)
