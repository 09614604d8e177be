"""`hull-planhat check`: what is wrong with the settings, and what to do."""

from __future__ import annotations

import json
import os

from consumer import status
from consumer.cli.read import read_settings
from consumer.settings import unknown_names
from consumer.status import Finding
from schemas.settings_error import InvalidSettings


def run_check(*, as_json: bool) -> int:
    """Print the findings; return 0 if the service may run, else 1."""
    found = [Finding("warning", line) for line in unknown_names(os.environ)]
    try:
        found += status.findings(*read_settings(os.environ))
    except InvalidSettings as error:
        found += [Finding("error", line) for line in error.lines]
    print(_json(found) if as_json else _lines(found))  # noqa: T201 - this is the command line
    return 0 if status.worst(found) in {"ok", "warning"} else 1


def _json(found: list[Finding]) -> str:
    messages = [{"status": finding.status, "message": finding.message} for finding in found]
    return json.dumps({"status": status.worst(found), "messages": messages}, indent=2)


def _lines(found: list[Finding]) -> str:
    if not found:
        return "ok             the settings are good"
    return "\n".join(f"{finding.status:<14} {finding.message}" for finding in found)
