"""Health, readiness and metrics over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from aiohttp import web

if TYPE_CHECKING:
    from consumer.metrics import Metrics


class State(Protocol):
    """What the probes ask; both answer with the reason."""

    def healthy(self) -> tuple[bool, str]:
        """Tell whether the service turns."""

    def ready(self) -> tuple[bool, str]:
        """Tell whether it has partitions and may send."""


class PortTaken(Exception):
    """Somebody else listens where we should."""


class Ops:
    """The small server beside the service."""

    def __init__(self, state: State, metrics: Metrics) -> None:
        """Nothing listens before `start`."""
        self._state = state
        self._metrics = metrics
        app = web.Application()
        app.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._show_metrics),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def start(self, host: str, port: int) -> None:
        """Listen; raises PortTaken."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise PortTaken(f"HTTP_PORT: {host}:{port}: {error.strerror}") from error

    async def stop(self) -> None:
        """Close the port."""
        await self._runner.cleanup()

    async def _healthz(self, _request: web.Request) -> web.Response:
        return _answer(*self._state.healthy())

    async def _readyz(self, _request: web.Request) -> web.Response:
        return _answer(*self._state.ready())

    async def _show_metrics(self, _request: web.Request) -> web.Response:
        kind = "text/plain; version=0.0.4; charset=utf-8"
        return web.Response(body=self._metrics.text(), headers={"Content-Type": kind})


def _answer(good: bool, reason: str) -> web.Response:  # noqa: FBT001 - a pair, unpacked
    return web.json_response({"ok": good, "reason": reason}, status=200 if good else 503)
