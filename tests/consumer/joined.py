"""The engine as the service joins it, for tests: the one place where they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from consumer.decide.rules import Rules
from consumer.engine.engine import Engine, EnginePolicy
from consumer.lanes.policy import LanePolicy
from planhat_client.limiter import Gate
from schemas.connector import ConnectorSettings
from schemas.models import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from consumer.engine.intake import Report
    from consumer.lanes.part import Ended
    from consumer.offsets.ticket import Receipt, Ticket


class Silence:
    """A report that nobody reads."""

    def part_ended(self, end: Ended) -> None: ...

    def message_ended(self, receipt: Receipt) -> None: ...

    def record_rejected(self, ticket: Ticket) -> None: ...

    def record_ended(self, ticket: Ticket) -> None: ...


def rules_of(settings: str) -> Rules:
    return Rules.compile(ConnectorSettings.from_text(settings, "settings"))


def joined(
    rules: Rules | None = None,
    *,
    report: Report | None = None,
    reject: Callable[[Ticket], None] | None = None,
    limiter: Gate | None = None,
    lanes: Mapping[str, Any] | None = None,
    **policy: Any,  # noqa: ANN401 - of EnginePolicy
) -> Engine:
    """An engine without jitter; `lanes` is what differs in the policy of each lane."""
    told = lanes or {}
    lane_policies = {
        name: LanePolicy(name, **{"merges": model.merges, **told}) for name, model in MODELS.items()
    }
    return Engine(
        rules or rules_of("contact_synchronized_segments: []"),
        EnginePolicy(lane_policies, **policy),
        limiter or Gate(),
        report or Silence(),
        reject or (lambda _: None),
        lambda: 0.5,
    )
