"""`hull-planhat run`: the service in the foreground, ended by signals."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

import structlog

from consumer import log
from consumer.app import Service
from consumer.errors import KafkaRefused
from consumer.ops import PortTaken
from consumer.settings import Settings, unknown_names
from schemas.connector import ConnectorSettings
from schemas.settings_error import InvalidSettings

if TYPE_CHECKING:
    from pathlib import Path


async def run_service() -> int:
    """Serve until SIGTERM or SIGINT; a second one ends at once. Returns the exit code."""
    settings = Settings.read(os.environ)
    connector = read_connector(settings.connector_settings)
    secrets: list[str] = []
    settings.hide_secrets(connector, secrets.append)
    log.configure(settings.log.level, settings.log.format, secrets, keeps_emails=settings.log.pii)
    for warning in unknown_names(os.environ):
        structlog.get_logger("consumer.settings").warning("settings.unknown", reason=warning)
    stop = asyncio.Event()
    _on_signals(stop)
    try:
        await Service(settings, connector).run(stop)
    except (KafkaRefused, PortTaken) as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is the command line
        return 1
    return 0


def read_connector(path: Path) -> ConnectorSettings:
    """Read the file of connector settings; raises InvalidSettings."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise InvalidSettings(f"CONNECTOR_SETTINGS: {path}: {reason}") from error
    return ConnectorSettings.from_text(text, str(path))


def _on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def asked(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked, number)
