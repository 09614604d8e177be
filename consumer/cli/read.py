"""Reads the settings that the commands need: the environment and the file it names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from consumer.log import hide
from consumer.settings import Settings
from consumer.settings.secret import mounted
from schemas.connector import ConnectorSettings
from schemas.settings_error import InvalidSettings
from schemas.settings_text import LONGEST
from schemas.shown import shown_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_WAIT_SECONDS: Final = 10.0
"""How long a pipe, like that of `<(...)`, may take to bring the settings."""


def read_settings(environ: Mapping[str, str]) -> tuple[Settings, ConnectorSettings]:
    """Read both, and hide their secrets at every door from then on; raises InvalidSettings."""
    settings = read_environment(environ)
    connector = read_connector(settings.connector_settings)
    settings.hide_secrets(connector, hide)
    return settings, connector


def read_environment(environ: Mapping[str, str]) -> Settings:
    """Read the environment alone, likewise."""
    settings = Settings.read(environ)
    settings.hide_secrets(ConnectorSettings(), hide)
    return settings


def read_connector(path: Path) -> ConnectorSettings:
    """Read the file of connector settings; raises InvalidSettings."""
    where = f"CONNECTOR_SETTINGS: {shown_path(path)}"
    try:
        text = mounted(path, LONGEST + 1, _WAIT_SECONDS).decode("utf-8")
    except OSError as error:
        raise InvalidSettings(f"{where}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidSettings(f"{where}: not UTF-8") from error
    return ConnectorSettings.from_text(text, str(path))
