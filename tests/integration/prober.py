"""Asks a service's probes from a thread: what it measures must not wait for the test's own loop."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from tests.integration.service_process import ServiceProcess

_PAUSE_SECONDS = 0.05
_GIVE_UP_SECONDS = 30.0


class Prober:
    """Asks `/healthz` again and again, by a connection for each question, until it ends.

    A service that does not listen, as it starts or has ended, is asked again later; `slowest` is
    in seconds, `failed` are the answers that were not 200.
    """

    def __init__(self, services: Iterable[ServiceProcess], path: str = "/healthz") -> None:
        """Nothing is asked before `with`."""
        self._services = list(services)
        self._request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(s,)) for s in self._services]
        self.asked = 0
        self.slowest = 0.0
        self.failed: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, service: ServiceProcess) -> None:
        while not self._ends.wait(_PAUSE_SECONDS):
            process, began = service.process, time.monotonic()
            try:
                answer = self._answer(service.port)
            except ConnectionError:
                continue  # it starts, or was killed
            except TimeoutError:
                answer = "no answer"
            if process is not service.process:
                continue
            self.asked += 1
            self.slowest = max(self.slowest, time.monotonic() - began)
            if answer and " 200 " not in answer:
                self.failed.append(answer)

    def _answer(self, port: int) -> str:
        with socket.create_connection(("127.0.0.1", port), timeout=_GIVE_UP_SECONDS) as asked:
            asked.sendall(self._request.encode())
            return asked.recv(200).decode(errors="replace").partition("\r\n")[0]
