"""What the settings will do that their owner may not expect: the old status check. Pure.

Wrong values stop the start before this; here each value is right, and the sum of them may not be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from schemas.settings_error import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from consumer.settings import Settings
    from schemas.connector import AttributeMapping, ConnectorSettings

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
    targets = _targets(connector.contact_attributes_outbound)
    if not connector.contact_synchronized_segments:
        yield warning(
            "contact_synchronized_segments: the Contact Filter is empty: no user is sent but by an"
            " export"
        )
    if not targets & {"email", "externalId"}:
        yield error(
            "contact_attributes_outbound: neither email nor externalId is mapped: every user would"
            " be skipped; map one of them, email at best"
        )
    elif "email" not in targets:
        yield warning(
            "contact_attributes_outbound: email is not mapped: Planhat asks for it when it creates"
            " an enduser"
        )
    yield from _repeated(connector, "contact_attributes_outbound")
    yield from _repeated(connector, "contact_custom_attributes_outbound")


def _accounts(connector: ConnectorSettings) -> Iterator[Finding]:
    if not connector.account_synchronized_segments:
        yield warning(
            "account_synchronized_segments: the Account Filter is empty: no account is sent but by"
            " an export"
        )
    if "name" not in _targets(connector.account_attributes_outbound):
        yield error(
            "account_attributes_outbound: name is not mapped: Planhat asks for it, every account"
            " would be skipped"
        )
    yield from _repeated(connector, "account_attributes_outbound")
    yield from _repeated(connector, "account_custom_attributes_outbound")
    yield from _licences(connector)


def _licences(connector: ConnectorSettings) -> Iterator[Finding]:
    targets = _targets(connector.account_licenses_attributes_outbound)
    if not connector.account_licenses_attribute:
        if targets or connector.account_licenses_custom_attributes_outbound:
            yield warning(
                "account_licenses_attribute: not set: the mappings of licences have no effect"
            )
        return
    needed = [name for name in ("externalId", "_currency", "fromDate") if name not in targets]
    if not targets & {"mrr", "value"}:
        needed.append("mrr or value")
    for name in needed:
        yield error(
            f"account_licenses_attributes_outbound: {name} is not mapped: Planhat asks for it,"
            " every licence would be rejected"
        )
    yield from _repeated(connector, "account_licenses_attributes_outbound")
    yield from _repeated(connector, "account_licenses_custom_attributes_outbound")


def _targets(rows: Iterable[AttributeMapping]) -> set[str]:
    return {row.service_field_name for row in rows}


def _repeated(connector: ConnectorSettings, table: str) -> Iterator[Finding]:
    rows: tuple[AttributeMapping, ...] = getattr(connector, table)
    names: set[str] = set()
    seen: dict[str, str] = {}
    for row in rows:
        name = row.service_field_name
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            yield error(
                f"{table}: {other} and {name} differ only in case: Planhat refuses such an object;"
                " keep the one that Planhat has",
                CASE_TWINS,
            )
        elif name in names:
            yield warning(f"{table}: {name} is mapped twice: the last row wins")
        names.add(name)
