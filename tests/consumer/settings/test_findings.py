from pathlib import Path
from typing import Any

import pytest

from consumer.settings import Settings
from consumer.settings.findings import Finding, findings, worst
from schemas.connector import ConnectorSettings

GOOD: dict[str, Any] = {
    "personal_access_token": "token",
    "tenant_id": "tenant",
    "contact_synchronized_segments": ["s1"],
    "account_synchronized_segments": ["s2"],
    "contact_attributes_outbound": [{"hull_field_name": "email", "service_field_name": "email"}],
    "account_attributes_outbound": [{"hull_field_name": "name", "service_field_name": "name"}],
}


def row(name: str) -> dict[str, str]:
    return {"hull_field_name": name, "service_field_name": name}


def found(**changed: object) -> list[Finding]:
    connector = ConnectorSettings.model_validate({**GOOD, **changed})
    return findings(Settings.read({}), connector)


def test_good_settings_leave_nothing_to_say() -> None:
    assert found() == []
    assert worst(found()) == "ok"


def test_files_of_tls_that_are_not_used_are_told(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("whatever")
    settings = Settings.read({"KAFKA_SSL_CA_FILE": str(tmp_path / "ca.pem")})

    (finding,) = findings(settings, ConnectorSettings.model_validate(GOOD))

    line = "KAFKA_SSL_CA_FILE: set, but KAFKA_SECURITY_PROTOCOL is PLAINTEXT: it is not used"
    assert finding == Finding("warning", line)


@pytest.mark.parametrize(
    ("changed", "status", "about"),
    [
        ({"personal_access_token": None}, "setupRequired", "PLANHAT_ACCESS_TOKEN: missing"),
        ({"tenant_id": None}, "setupRequired", "PLANHAT_TENANT_ID: missing"),
        ({"contact_synchronized_segments": []}, "warning", "the Contact Filter is empty"),
        ({"account_synchronized_segments": []}, "warning", "the Account Filter is empty"),
        ({"contact_attributes_outbound": []}, "error", "neither email nor externalId is mapped"),
        (
            {"contact_attributes_outbound": [row("externalId")]},
            "warning",
            "email is not mapped",
        ),
        ({"account_attributes_outbound": []}, "error", "name is not mapped"),
        (
            {"account_attributes_outbound": [row("name"), row("name")]},
            "warning",
            "name is mapped twice",
        ),
        (
            {"account_licenses_attributes_outbound": [row("product")]},
            "warning",
            "the mappings of licences have no effect",
        ),
    ],
)
def test_what_will_surprise_is_told(changed: dict[str, Any], status: str, about: str) -> None:
    one = found(**changed)

    assert [finding.status for finding in one] == [status]
    assert about in one[0].message


def test_each_field_that_a_licence_needs_is_told() -> None:
    missing = found(
        account_licenses_attribute="licenses",
        account_licenses_attributes_outbound=[row("externalId"), row("fromDate")],
    )

    assert [finding.message.split(": ")[1] for finding in missing] == [
        "_currency is not mapped",
        "mrr or value is not mapped",
    ]


def test_the_worst_finding_sums_up() -> None:
    assert worst([Finding("error", ""), Finding("warning", "")]) == "error"
    assert worst([Finding("setupRequired", ""), Finding("error", "")]) == "setupRequired"
