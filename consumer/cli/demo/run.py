"""`hull-planhat demo`: the main job on this machine alone, and whether it adds up."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console

from consumer import log
from consumer.cli.demo import table, warnings_told

_REMEDY: Final = (
    "the demo needs confluent-kafka (librdkafka's mock cluster): pip install 'hull-planhat[demo]'"
)


def main() -> int:
    """Run the demo; 0 only if it adds up."""
    try:
        from consumer.cli.demo.perform import perform  # noqa: PLC0415 - needs an optional extra
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("confluent_kafka"):
            raise
        print(_REMEDY, file=sys.stderr)  # noqa: T201 - this is the command line
        return 1
    console = Console()
    file = Path(tempfile.mkdtemp(prefix="hull-planhat-demo-")) / "service.log"
    try:
        with file.open("w", encoding="utf-8") as stream:
            log.configure("info", "json", stream=stream)
            outcome = asyncio.run(perform(console))
    except KeyboardInterrupt:
        print("stopped before its end", file=sys.stderr)  # noqa: T201 - likewise
        return 1
    table.show(console, outcome)
    warnings_told.show(console, file)
    if outcome.wrong:
        console.print(f"The log of the service: {file}", markup=False, highlight=False)
        return 1
    shutil.rmtree(file.parent)
    return 0
