"""`hull-planhat run` and `receive`: a service in the foreground, ended by signals."""

from __future__ import annotations

import asyncio
import gc
import os
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer import log
from consumer.app import Service
from consumer.cli.read import read_environment, read_settings
from consumer.cli.terminal import FAILED, WRONG_USE, say, stop_on_signals
from consumer.errors import KafkaError
from consumer.log.troubles import Troubles
from consumer.settings import findings as status
from consumer.settings import unknown_names
from consumer.watch.port.descriptors import raise_limit
from consumer.watch.port.ops import PortTaken
from consumer.watch.report import credentials_changed
from schemas.settings_error import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from consumer.settings import Settings
    from consumer.watch.metrics import Metrics
    from schemas.connector import ConnectorSettings

_OBJECTS_A_LOOK = 500_000
_log = structlog.get_logger("consumer.cli")


class Life(Protocol):
    """What is served."""

    metrics: Metrics

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set; raises KafkaRefused, PortTaken."""


def run_service() -> int:
    """Serve until SIGTERM or SIGINT; a second one ends at once. Return the exit code."""

    def service() -> tuple[Settings, Callable[[], Life]]:
        settings, connector = read_settings(os.environ)
        troubles = Troubles()
        _configure_logs(settings, troubles)
        _tell_findings(settings, connector)
        return settings, partial(Service, settings, connector, troubles)

    return _foreground(service)


def run_receiver() -> int:
    """Take what Hull posts, likewise."""

    def receiver() -> tuple[Settings, Callable[[], Life]]:
        from consumer.receive.receiver import Receiver  # noqa: PLC0415 - the service needs it not

        settings = read_environment(os.environ)
        _configure_logs(settings)
        return settings, partial(Receiver, settings)

    return _foreground(receiver)


def _foreground(prepare: Callable[[], tuple[Settings, Callable[[], Life]]]) -> int:
    try:
        settings, make = prepare()
        raise_limit()
        collect_seldom()
        with asyncio.Runner(loop_factory=loop_factory(settings)) as runner:
            return runner.run(_serve(settings, make))
    except InvalidSettings as error:
        say(error.lines, keeps_personal=True)
        return WRONG_USE


async def _serve(settings: Settings, make: Callable[[], Life]) -> int:
    stop = stop_on_signals()
    try:
        service = make()
        settings.kafka.follow_credentials(partial(credentials_changed, service.metrics))
        await service.run(stop)
    except InvalidSettings:
        raise
    except Exception as error:  # noqa: BLE001 - the last words of the process, whatever it was
        refusals = (one for one in _leaves(error) if isinstance(one, KafkaError | PortTaken))
        known = next(refusals, "ended by an error of its own; the last line of the log tells more")
        if isinstance(known, str):
            _log.critical("service.crashed", exc_info=error)
        say([f"hull-planhat: {known}"])
        return FAILED
    return 0


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """What a task group wraps, however deep."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error


def _configure_logs(settings: Settings, troubles: Troubles | None = None) -> None:
    log.configure(
        settings.log.level,
        settings.log.format,
        keeps_emails=settings.log.pii,
        watch=None if troubles is None else troubles.note,
    )
    for line in unknown_names(os.environ):
        _log.warning("settings.unknown", reason=line)


def _tell_findings(settings: Settings, connector: ConnectorSettings) -> None:
    for finding in status.findings(settings, connector):
        if finding.status != "setupRequired":
            _log.warning("settings.finding", status=finding.status, reason=finding.message)


def collect_seldom() -> None:
    """Let Python look for cyclic garbage less often: we make next to none.

    Up to 16,000 records are in work at once, some hundred thousand objects. At the usual 700 new
    ones a look, a third of all CPU time went into looking through them, in vain.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_A_LOOK)


def loop_factory(settings: Settings) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Give what makes the event loop, None for asyncio's own; raises InvalidSettings."""
    if not settings.uvloop:
        return None
    if find_spec("uvloop") is None:
        raise InvalidSettings("UVLOOP: true: uvloop is not installed; install hull-planhat[uvloop]")
    import uvloop  # noqa: PLC0415 - an optional extra

    return uvloop.new_event_loop
