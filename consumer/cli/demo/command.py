"""`hull-planhat demo`: the main job on this machine alone."""

from __future__ import annotations

from importlib.util import find_spec

from consumer.cli.output import say


def run_demo() -> int:
    """Run the demo. Return 0 only if everything adds up."""
    if find_spec("confluent_kafka") is None:
        say(["hull-planhat: the demo needs confluent-kafka; install hull-planhat[demo]"])
        return 1
    from consumer.cli.demo.run import main  # noqa: PLC0415 - an optional extra

    return main()
