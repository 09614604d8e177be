"""What the demo found: figures, differences, and whether it adds up. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from consumer.cli.demo.expectation import Expectation
from consumer.cli.demo.reconcile import differences, miscounted, misplaced
from consumer.watch.report import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from consumer.cli.demo.expectation import Rejected


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a person wants to know of a run. `stored` counts what Planhat holds, by model."""

    expected: Expectation
    tally: Tally
    stored: dict[str, int]
    seconds: float
    wrong: list[str] = field(default_factory=list)

    @property
    def calls(self) -> int:
        """Requests that carried changes."""
        return self.tally.requests.total()

    @property
    def calls_per_thousand(self) -> float:
        """Requests for a thousand changed profiles."""
        return 1000 * self.calls / max(1, self.expected.profiles)


def judge(
    expected: Expectation,
    tally: Tally,
    sandbox: Mapping[str, Any],
    counters: Mapping[str, int],
    dead_letters: Iterable[Rejected],
) -> list[str]:
    """Tell everything that doesn't add up; `sandbox` is its contents, `counters` its witness."""
    return [
        *differences(expected, sandbox),
        *misplaced(expected, dead_letters),
        *miscounted("messages", expected.outcomes, tally.messages),
        *miscounted("skipped", expected.skips, skips(tally)),
        *(
            f"the sandbox counted {counters[name]} {name}"
            for name in ("overtakes", "overlaps")
            if counters[name]
        ),
    ]


def skips(tally: Tally) -> Counter[tuple[str, str]]:
    """Skips by kind and reason."""
    found: Counter[tuple[str, str]] = Counter()
    for (kind, ending, reason), count in tally.parts.items():
        if ending == "skipped":
            found[kind, reason] += count
    return found
