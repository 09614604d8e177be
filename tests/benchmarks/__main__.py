"""`python -m tests.benchmarks SCENARIO ...`: measure, print tables, write JSON. Asserts nothing."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.figures import machine, markdown, refill, save, say, show
from tests.benchmarks.options import Options
from tests.benchmarks.stand import Stand
from tests.integration.kafka_choice import any_kafka
from tests.integration.kafka_client import KafkaClient
from tests.integration.kafka_jars import NoKafka

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.figures import Result

SCENARIOS = {
    "stages": "CPU time of each stage by itself, without Kafka",
    "throughput": "messages a second of the real service on one core",
    "calls": "calls for each 1,000 changed profiles",
    "latency": "from append to answer, when there is little to do",
    "sparing": "how much of the quota is used while nothing is late; 429 with 400 in flight",
    "keyorder": "the workload of Parallel Consumer's README",
    "singles": "requests of one profile a second",
    "scaling": "1, 2 and 4 processes; longer backlogs; more attributes",
    "memory": "resident memory with a long backlog, and with a dead API",
    "console_overhead": "throughput without the console, with it, and with it asked each second",
    "history": "taking outcomes into the store of the history, and searching it, without Kafka",
    "startup": "start to first request, and SIGTERM to the end",
    "baselines": "other ways to do the same work",
}
_WITHOUT_KAFKA = {"history", "stages"}


def main() -> int:
    """Run what was named, or all."""
    arguments = _arguments()
    options = Options(
        size=arguments.size,
        runs=arguments.runs or (1 if arguments.quick else 3),
        quick=arguments.quick,
        latency_ms=arguments.latency_ms,
        mapped=arguments.mapped,
        profile=arguments.profile,
        uvloop=arguments.uvloop,
    )
    names = arguments.scenarios or list(SCENARIOS)
    say(f"{machine()}")
    try:
        results = _measure(names, options)
    except NoKafka as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if arguments.json:
        save(arguments.json, results)
    if arguments.markdown:
        arguments.markdown.write_text(markdown(results), "utf-8")
    if arguments.into:
        page = arguments.into.read_text("utf-8")
        arguments.into.write_text(refill(page, results), "utf-8")
    return 0


def _measure(names: Sequence[str], options: Options) -> list[Result]:
    results = []
    for name in names:
        if name in _WITHOUT_KAFKA:
            results.append(import_module(f"tests.benchmarks.{name}").run(options))
            show(results[-1])
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a starting broker is no news
    rest = [name for name in names if name not in _WITHOUT_KAFKA]
    if rest:
        with any_kafka() as address, tempfile.TemporaryDirectory(prefix="bench-") as folder:
            results += asyncio.run(_with_kafka(rest, options, address, Path(folder)))
    return results


async def _with_kafka(
    names: Sequence[str], options: Options, address: str, folder: Path
) -> list[Result]:
    results: list[Result] = []
    async with KafkaClient(address) as kafka:
        stand = Stand(kafka, folder)
        for name in names:
            results.append(await import_module(f"tests.benchmarks.{name}").run(stand, options))
            show(results[-1])
    return results


def _arguments() -> argparse.Namespace:
    about = "\n".join(f"  {name:<18}{what}" for name, what in SCENARIOS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=f"Scenarios (all, if none is named):\n{about}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenarios", nargs="*", choices=[*SCENARIOS, []], metavar="SCENARIO")
    parser.add_argument("--quick", action="store_true", help="small sizes, one run")
    parser.add_argument("--size", type=int, default=0, help="records (0: as fits the scenario)")
    parser.add_argument("--runs", type=int, default=0, help="of which the median is told")
    parser.add_argument("--latency-ms", type=float, default=50.0, help="of Planhat's answers")
    parser.add_argument("--mapped", type=int, default=7, help="custom attributes that are sent")
    parser.add_argument("--uvloop", action="store_true", help="run the service on uvloop")
    parser.add_argument("--json", type=Path, help="write every run to this file")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file")
    parser.add_argument("--into", type=Path, help="put the tables into this page")
    parser.add_argument("--profile", type=Path, help="stages: write a cProfile to this file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
