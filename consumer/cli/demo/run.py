"""`hull-planhat demo`: the main job on this machine alone, and whether it adds up."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from consumer import log
from consumer.cli.demo import table
from consumer.cli.demo.workload import Options
from consumer.cli.terminal import say


def run_demo() -> int:
    """Run the demo. Return 0 only if everything adds up."""
    if find_spec("confluent_kafka") is None:
        say(["hull-planhat: the demo needs confluent-kafka; install hull-planhat[demo]"])
        return 1
    from consumer.cli.demo.perform import perform  # noqa: PLC0415 - needs an optional extra

    console = Console()
    file = Path(tempfile.mkdtemp(prefix="hull-planhat-demo-")) / "service.log"
    try:
        with file.open("w", encoding="utf-8") as stream:
            log.configure("info", "json", stream=stream)
            outcome = asyncio.run(perform(console, Options()))
    except KeyboardInterrupt:
        say(["stopped before its end"])
        return 1
    table.show(console, outcome)
    with file.open(encoding="utf-8") as lines:
        table.show_log(console, lines)
    if outcome.wrong:
        console.print(f"The log of the service: {file}", markup=False, highlight=False)
        return 1
    shutil.rmtree(file.parent)
    return 0
