"""What the settings will do that their owner may not expect: the old status check. Pure.

Wrong values stop the start before this; here each value is right, and the sum of them may not be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from schemas.models import COMPANIES, ENDUSERS, MODELS
from schemas.settings_error import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from consumer.settings import Settings
    from schemas.connector import AttributeMapping, ConnectorSettings
    from schemas.models import Model

Status = Literal["ok", "warning", "error", "setupRequired"]
CASE_TWINS: Final = "targets-differ-in-case"
WORST_LAST: Final[tuple[Status, ...]] = ("ok", "warning", "error", "setupRequired")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know before the service runs; `message` says what to do.

    `code` is for scripts: it stays when the words change. What only settings tell has none.
    """

    status: Status
    message: str
    code: str = ""


def findings(settings: Settings, connector: ConnectorSettings) -> list[Finding]:
    """Everything worth saying, in the order in which it would be set up."""
    return [
        *(
            warning(f"{name}: looks like a secret, and is hidden like one: does it belong there?")
            for name, _ in settings.misplaced()
        ),
        *_kafka(settings),
        *_access(settings, connector),
        *_users(connector),
        *_accounts(connector),
        *(
            warning(f"{place}: has blanks around it; they are left out")
            for place in connector.trimmed
        ),
    ]


def worst(found: Iterable[Finding]) -> Status:
    """Sum up."""
    return max((finding.status for finding in found), key=WORST_LAST.index, default="ok")


def warning(message: str, code: str = "") -> Finding:
    """What may be meant so."""
    return Finding("warning", message, code)


def error(message: str, code: str = "") -> Finding:
    """What keeps something from working."""
    return Finding("error", message, code)


def _kafka(settings: Settings) -> Iterator[Finding]:
    kafka = settings.kafka
    for name in ("ssl_ca_file", "ssl_cert_file", "ssl_key_file"):
        if kafka.tls is None and getattr(kafka, name):
            yield warning(
                f"KAFKA_{name.upper()}: set, but KAFKA_SECURITY_PROTOCOL is"
                f" {kafka.security_protocol}: it is not used"
            )


def _access(settings: Settings, connector: ConnectorSettings) -> Iterator[Finding]:
    asked: tuple[Callable[[ConnectorSettings], object], ...] = (
        settings.planhat.token,
        settings.planhat.endpoints,
    )
    for ask in asked:
        try:
            ask(connector)
        except InvalidSettings as wrong:
            yield from (Finding("setupRequired", line) for line in wrong.lines)


def _users(connector: ConnectorSettings) -> Iterator[Finding]:
    if not connector.contact_synchronized_segments:
        yield warning(
            "contact_synchronized_segments: the Contact Filter is empty: no user is sent but by an"
            " export"
        )
    targets = _targets(connector, ENDUSERS)
    if _unmapped(ENDUSERS, targets):
        yield error(
            "contact_attributes_outbound: neither email nor externalId is mapped: every user would"
            " be skipped; map one of them, email at best"
        )
    elif "email" not in targets:
        yield warning(
            "contact_attributes_outbound: email is not mapped: Planhat asks for it when it creates"
            " an enduser"
        )
    yield from _repeated(connector, ENDUSERS)


def _accounts(connector: ConnectorSettings) -> Iterator[Finding]:
    if not connector.account_synchronized_segments:
        yield warning(
            "account_synchronized_segments: the Account Filter is empty: no account is sent but by"
            " an export"
        )
    for names in _unmapped(COMPANIES, _targets(connector, COMPANIES)):
        yield _needed(COMPANIES, names, "every account would be skipped")
    yield from _repeated(connector, COMPANIES)
    for model in MODELS.values():
        if model.is_listed:
            yield from _listed(connector, model)


def _listed(connector: ConnectorSettings, model: Model) -> Iterator[Finding]:
    targets = _targets(connector, model)
    if not getattr(connector, model.list_attribute):
        if targets or getattr(connector, model.custom_table):
            yield warning(
                f"{model.list_attribute}: not set: the mappings of {model.plural} have no effect"
            )
        return
    for names in _unmapped(model, targets):
        yield _needed(model, names, f"every {model.word} would be rejected")
    yield from _repeated(connector, model)


def _unmapped(model: Model, targets: set[str]) -> list[str]:
    """Give the fields without which no record is made; of several that do, all."""
    found = {need.names: None for need in model.required if need.where is None}
    varying = [name for need in model.required if need.where for name in need.names]
    found[tuple(dict.fromkeys(varying))] = None
    return [" or ".join(names) for names in found if names and targets.isdisjoint(names)]


def _needed(model: Model, names: str, or_else: str) -> Finding:
    return error(f"{model.table}: {names} is not mapped: Planhat asks for it, {or_else}")


def _targets(connector: ConnectorSettings, model: Model) -> set[str]:
    return {row.service_field_name for row in _rows(connector, model.table)}


def _rows(connector: ConnectorSettings, table: str) -> tuple[AttributeMapping, ...]:
    rows: tuple[AttributeMapping, ...] = getattr(connector, table)
    return rows


def _repeated(connector: ConnectorSettings, model: Model) -> Iterator[Finding]:
    for table in (model.table, model.custom_table):
        names: set[str] = set()
        seen: dict[str, str] = {}
        for row in _rows(connector, table):
            name = row.service_field_name
            other = seen.setdefault(name.casefold(), name)
            if other != name:
                yield error(
                    f"{table}: {other} and {name} differ only in case: Planhat refuses such an"
                    " object; keep the one that Planhat has",
                    CASE_TWINS,
                )
            elif name in names:
                yield warning(f"{table}: {name} is mapped twice: the last row wins")
            names.add(name)
