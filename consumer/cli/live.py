"""`hull-planhat check --live`: the tenant is asked, with `--write` by contacts of our own."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from consumer.cli.terminal import say, stop_on_signals
from consumer.clock import loop_time
from consumer.live.codes import Code
from consumer.live.fields import fields_of
from consumer.live.look import ORDINARY_CALLS, Look
from consumer.live.probe.lessons import by_reading, told
from consumer.live.probe.write import MOST_CALLS as MOST_WRITING
from consumer.live.probe.write import Probing
from consumer.live.questions import MOST_CALLS
from consumer.settings.findings import Finding, error
from planhat_client.limiter import Limiter
from planhat_client.raw import RawPlanhat
from planhat_client.transport import Transport
from schemas.dialect import Dialect
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.settings import Settings
    from planhat_client.client import Endpoints
    from schemas.connector import ConnectorSettings

ANSWER_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What is asked; `company`: written too, in the one of this external id."""

    company: str | None = None
    dialect: Path | None = None
    yes: bool = False


def is_allowed(settings: Settings, options: LiveOptions) -> bool:
    """Say what will be asked; ask whether it may be, if something is written."""
    per_minute = f"{settings.planhat.requests_per_minute:g} calls a minute"
    if options.company is None:
        say([f"hull-planhat: asks Planhat at most {MOST_CALLS} times, of {per_minute}; only reads"])
        return True
    told = (
        f"hull-planhat: asks Planhat at most {MOST_CALLS + MOST_WRITING} times, of {per_minute},"
        f" makes some 15 contacts in company {options.company!r}, and deletes them; for a test"
        " tenant, or a company made for this"
    )
    say([told], keeps_personal=True)
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise typer.BadParameter("--write asks first: give --yes where nobody can answer")
    return typer.confirm("Go on?", err=True)


async def live_findings(
    settings: Settings,
    connector: ConnectorSettings,
    endpoints: Endpoints,
    token: Callable[[], str],
    options: LiveOptions,
) -> list[Finding]:
    """Ask, and say what was found."""
    api = RawPlanhat(Transport(ANSWER_SECONDS, 1), endpoints, token)
    try:
        limiter = Limiter(settings.planhat.requests_per_minute, settings.planhat.burst)
        for _ in range(ORDINARY_CALLS):
            limiter.landed(limiter.take(loop_time()), works=True)
        look = Look(api, limiter, settings.planhat.requests_per_minute, connector)
        found = await look.run()
        learnt, why_not = by_reading(look.answers, found), {}
        if options.company is not None:
            stop = stop_on_signals()
            probing = Probing(api, limiter, stop)
            fields = (fields_of(look.answers) or {}).get(Resource.ENDUSERS, {})
            found += await probing.run(options.company, fields.values())
            learnt, why_not = Dialect.model_validate(probing.learnt).over(learnt), probing.why_not
            found += told(learnt, why_not)
        if options.dialect is not None:
            found.append(_saved(learnt, options.dialect))
        return found
    finally:
        await api.close()


def _saved(learnt: Dialect, path: Path) -> Finding:
    """Write it beside, and then into its place: never half."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        beside.write_text(learnt.model_dump_json(indent=2) + "\n", encoding="utf-8")
        beside.replace(path)
    except OSError as why:
        with suppress(OSError):
            beside.unlink()
        told = f"--dialect: {path}: {why.strerror}; name a file that may be written"
        return error(told, Code.DIALECT_SAVED)
    known = len(learnt.known())
    told = f"{path} has what was learnt, {known} of {len(Dialect.model_fields)} questions"
    return Finding("ok", told, Code.DIALECT_SAVED)
