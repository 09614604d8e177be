"""One or three brokers that a test may stop, start and kill."""

from __future__ import annotations

import asyncio
import shutil
import socket
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.integration.kafka_broker import Broker, Node
from tests.integration.kafka_client import KafkaClient, broker_count, until
from tests.integration.kafka_jars import NoKafka

if TYPE_CHECKING:
    from types import TracebackType

    from tests.integration.kafka_broker import Listener
    from tests.integration.kafka_jars import Jars

READY_SECONDS = 60.0


class KafkaCluster:
    """Brokers 1 to `size` in a temporary folder, on free ports of the loopback address.

    Entering starts them all and returns when they answer; leaving stops and forgets them.
    """

    def __init__(
        self,
        jars: Jars,
        size: int = 1,
        proxied: tuple[int, int] | None = None,
        guard: Listener | None = None,
    ) -> None:
        """Nothing runs yet; `proxied` and `guard` are those of a single node."""
        self.folder = Path(tempfile.mkdtemp(prefix="hull-planhat-kafka-"))
        ports = free_ports(2 * size)
        nodes = [Node(i + 1, ports[2 * i], ports[2 * i + 1], proxied) for i in range(size)]
        self.brokers = {
            node.number: Broker(jars, self.folder / str(node.number), node, nodes) for node in nodes
        }
        if guard is not None:
            self.brokers[1].guard(guard)

    @property
    def bootstrap_servers(self) -> str:
        """Addresses of all brokers, running or not."""
        return ",".join(f"127.0.0.1:{one.node.port}" for one in self.brokers.values())

    def client(self) -> KafkaClient:
        """An `async with` client of this cluster."""
        return KafkaClient(self.bootstrap_servers)

    def __enter__(self) -> Self:
        """Format and start all; raises NoKafka with the end of a broker's log."""
        try:
            with ThreadPoolExecutor() as threads:
                list(threads.map(Broker.format, self.brokers.values()))
                for broker in self.brokers.values():
                    broker.start()
                threads.submit(asyncio.run, self.wait_until_ready()).result()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop all."""
        self.close()

    def close(self) -> None:
        """End all and remove their data.

        Not in order: the last controller would wait for a quorum that is gone.
        """
        with ThreadPoolExecutor() as threads:
            list(threads.map(Broker.kill, self.brokers.values()))
        shutil.rmtree(self.folder, ignore_errors=True)

    async def start_broker(self, number: int) -> None:
        """Start it again on its data; return when all running brokers answer."""
        await asyncio.to_thread(self.brokers[number].start)
        await self.wait_until_ready()

    async def stop_broker(self, number: int) -> None:
        """Stop it in order, as an upgrade does."""
        await asyncio.to_thread(self.brokers[number].stop)

    async def kill_broker(self, number: int) -> None:
        """End it as a crash does."""
        await asyncio.to_thread(self.brokers[number].kill)

    async def wait_until_ready(self) -> None:
        """Return when each running broker answers and knows all others that run.

        Raises NoKafka when one ends or it takes too long.
        """
        running = [broker for broker in self.brokers.values() if broker.is_running]

        async def all_answer() -> bool:
            if not all(broker.is_running for broker in running):
                raise NoKafka(self._why("a broker ended at its start"))
            ports = [broker.node.port for broker in running]
            counts = [await broker_count(f"127.0.0.1:{port}") for port in ports]
            return min(counts) >= len(running)

        try:
            await until(all_answer, READY_SECONDS)
        except TimeoutError as error:
            raise NoKafka(self._why(f"no answer in {READY_SECONDS:.0f} s")) from error

    def _why(self, reason: str) -> str:
        logs = [broker.log.read_text() for broker in self.brokers.values() if broker.log.exists()]
        last = " | ".join(log[-300:].strip() for log in logs).replace("\n", " ")
        return f"Kafka did not start: {reason}; its log ends with {last!r}"


def free_ports(count: int) -> list[int]:
    """As many ports of the loopback address, all different, that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
