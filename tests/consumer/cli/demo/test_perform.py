"""The demo as a whole, in small."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

pytest.importorskip("confluent_kafka", reason="needs confluent-kafka: pip install confluent-kafka")

from consumer.cli.demo import run
from consumer.cli.demo.perform import perform
from consumer.cli.demo.workload import Options


@pytest.mark.slow
async def test_a_small_stream_adds_up() -> None:
    console = Console(file=io.StringIO(), width=120)
    options = Options(users=150, accounts=30, records=800, seed=3)

    outcome = await perform(console, options, at_most_seconds=30.0)
    run.show(console, outcome)

    assert outcome.wrong == []
    assert outcome.tally.messages == outcome.ledger.endings
    assert "It adds up" in console.file.getvalue()  # type: ignore[attr-defined]
