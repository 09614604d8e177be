"""One broker of Apache Kafka as a plain Java process, in KRaft mode."""

from __future__ import annotations

import atexit
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tests.integration.kafka_jars import FOLDER, NoKafka

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.integration.kafka_jars import Jars

CLUSTER_ID = "aHVsbC1wbGFuaGF0LWRldg"
"""Any 16 bytes in base64, without the padding: all brokers of a cluster are formatted with it."""

_FORMAT_SECONDS = 60
_STOP_SECONDS = 30
_JVM = ("-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


class Listener(NamedTuple):
    """One more port for clients, who have to prove there who they are."""

    port: int
    protocol: str
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Node:
    """Where a broker listens: for clients, and for the other controllers.

    `proxied` is another port for clients, and the one of a proxy that they are told to use.
    """

    number: int
    port: int
    controller_port: int
    proxied: tuple[int, int] | None = None


def properties(node: Node, nodes: Sequence[Node]) -> dict[str, str]:
    """Settings of one of `nodes`: both roles in one process, small, and quick to fail over."""
    replicas = str(min(3, len(nodes)))
    voters = ",".join(f"{one.number}@127.0.0.1:{one.controller_port}" for one in nodes)
    behind, before = node.proxied or (None, None)
    return {
        "node.id": str(node.number),
        "process.roles": "broker,controller",
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": (
            f"PLAINTEXT://127.0.0.1:{node.port},CONTROLLER://127.0.0.1:{node.controller_port}"
            + (f",PROXIED://127.0.0.1:{behind}" if behind else "")
        ),
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{node.port}"
        + (f",PROXIED://127.0.0.1:{before}" if before else ""),
        "listener.security.protocol.map": (
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT"
        ),
        "auto.create.topics.enable": "false",
        "default.replication.factor": replicas,
        "offsets.topic.num.partitions": "2",
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.num.partitions": "1",
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        "broker.heartbeat.interval.ms": "500",
        "broker.session.timeout.ms": "3000",
        "log.retention.ms": "-1",
        "log.cleaner.dedupe.buffer.size": "8388608",
        "log.cleaner.backoff.ms": "500",
        "num.network.threads": "2",
        "num.io.threads": "4",
    }


def guarded(lines: Mapping[str, str], listener: Listener) -> dict[str, str]:
    """The same settings with one more listener."""
    address = f",GUARDED://127.0.0.1:{listener.port}"
    protocols = "listener.security.protocol.map"
    return {
        **lines,
        "listeners": lines["listeners"] + address,
        "advertised.listeners": lines["advertised.listeners"] + address,
        protocols: f"{lines[protocols]},GUARDED:{listener.protocol}",
        **{f"listener.name.guarded.{name}": value for name, value in listener.settings.items()},
    }


class Broker:
    """A broker that can be started, stopped in order, killed, and started again on its data."""

    def __init__(self, jars: Jars, folder: Path, node: Node, nodes: Sequence[Node]) -> None:
        """Write its settings into `folder`, where its data and its log are too."""
        self.node = node
        self.log = folder / "broker.log"
        self._jars = jars
        self._settings = folder / "server.properties"
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)
        self._lines = {**properties(node, nodes), "log.dirs": str(folder / "data")}
        self._write(self._lines)

    def guard(self, listener: Listener) -> None:
        """Have this listener too, instead of an earlier one, from the next start on."""
        self._write(guarded(self._lines, listener))

    def _write(self, lines: Mapping[str, str]) -> None:
        self._settings.write_text("".join(f"{key}={value}\n" for key, value in lines.items()))

    @property
    def is_running(self) -> bool:
        """Whether the process lives; it may not answer yet."""
        return self._process is not None and self._process.poll() is None

    def format(self) -> None:
        """Make its data folder; once, before the first start."""
        told = subprocess.run(  # noqa: S603  # Kafka's own tool
            [
                *self._java("kafka.tools.StorageTool"),
                *("format", "--cluster-id", CLUSTER_ID, "--config", str(self._settings)),
            ],
            capture_output=True,
            text=True,
            timeout=_FORMAT_SECONDS,
            check=False,
        )
        if told.returncode != 0:
            msg = f"Kafka cannot format its folder: {(told.stderr or told.stdout)[-500:]!r}"
            raise NoKafka(msg)

    def start(self) -> None:
        """Start the process; it answers somewhat later."""
        if self.is_running:
            return
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # Kafka's own main class
                [*self._java("kafka.Kafka"), str(self._settings)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._guard = _guard(self._process.pid)
        atexit.register(self.kill)

    def stop(self) -> None:
        """Let it hand over its partitions and end; kill it if it does not."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._clear()

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._clear()

    def _clear(self) -> None:
        for process in (self._process, self._guard):
            if process is not None:
                process.kill()
                process.wait()
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
        self._process = self._guard = None
        atexit.unregister(self.kill)

    def _java(self, main_class: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={FOLDER / 'log4j2.properties'}"
        return [self._jars.java, *_JVM, logging, "-cp", self._jars.class_path, main_class]


def _guard(number: int) -> subprocess.Popen[bytes]:
    """Start a process that kills process `number` when ours is gone, however it went."""
    return subprocess.Popen(  # noqa: S603  # the number is an int
        ["/bin/sh", "-c", f"read nothing; kill -9 {number}"],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
