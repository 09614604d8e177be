"""Which Kafka the tests run on: the one that is named, one in Docker, or one of our own."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from testcontainers.core.container import DockerContainer

from tests.integration.kafka_broker import Node, properties
from tests.integration.kafka_client import broker_count, until
from tests.integration.kafka_cluster import READY_SECONDS, KafkaCluster, free_ports
from tests.integration.kafka_jars import NoKafka, jars, version

if TYPE_CHECKING:
    from collections.abc import Iterator

_DOCKER_SECONDS = 30
_REMEDY = "start Docker, or install a JDK 17 and Maven, or set KAFKA_BOOTSTRAP_SERVERS"


@contextmanager
def any_kafka() -> Iterator[str]:
    """Addresses of a Kafka that answers, in this order; raises NoKafka with reason and remedy."""
    named = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    with ExitStack() as stack:
        if named:
            _wait(named)
            yield named
        elif _has_docker():
            yield stack.enter_context(_in_docker())
        else:
            yield stack.enter_context(_of_our_own())


@contextmanager
def _of_our_own() -> Iterator[str]:
    try:
        found = jars()
    except NoKafka as error:
        msg = f"no real Kafka: no Docker daemon, and {error}. Remedy: {_REMEDY}"
        raise NoKafka(msg) from error
    with KafkaCluster(found) as cluster:
        yield cluster.bootstrap_servers


@contextmanager
def _in_docker() -> Iterator[str]:
    (port,) = free_ports(1)
    node = Node(1, 9092, 9093)
    settings = properties(node, [node]) | {
        "listeners": f"PLAINTEXT://:{node.port},CONTROLLER://:{node.controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
    }
    names = {f"KAFKA_{key.upper().replace('.', '_')}": value for key, value in settings.items()}
    container = DockerContainer(f"apache/kafka:{version()}")
    with container.with_envs(**names).with_bind_ports(node.port, port):
        address = f"127.0.0.1:{port}"
        _wait(address)
        yield address


def _has_docker() -> bool:
    """Whether a daemon answers: a client alone is of no use."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    try:
        told = subprocess.run(  # noqa: S603  # the Docker of this machine
            [docker, "version"], capture_output=True, timeout=_DOCKER_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return told.returncode == 0


def _wait(address: str) -> None:
    """Return when a broker at `address` answers; raises NoKafka if none does in time."""

    async def answered() -> bool:
        return await broker_count(address) > 0

    try:
        with ThreadPoolExecutor(1) as thread:  # pytest's own loop is not ours to touch
            thread.submit(asyncio.run, until(answered, READY_SECONDS)).result()
    except TimeoutError as error:
        msg = f"no Kafka answers at {address}: start it there, or unset KAFKA_BOOTSTRAP_SERVERS"
        raise NoKafka(msg) from error
