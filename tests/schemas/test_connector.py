from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from schemas.connector import ConnectorSettings, InvalidSettings
from schemas.models import LICENSES

EXAMPLE = Path(__file__).parent.parent / "data" / "connector.yaml"


def read(text: str) -> ConnectorSettings:
    return ConnectorSettings.from_text(text, "connector.yaml")


def error(text: str) -> str:
    with pytest.raises(InvalidSettings) as caught:
        read(text)
    return str(caught.value).removeprefix("connector.yaml: ")


def targets(table: str, *named: str) -> list[str]:
    rows = [{"hull_field_name": "x", "service_field_name": name} for name in named]
    found = ConnectorSettings.model_validate({table: rows})
    return [row.service_field_name for row in getattr(found, table)]


def test_the_example_is_read() -> None:
    found = read(EXAMPLE.read_text())

    assert len(found.contact_attributes_outbound) == 7
    assert getattr(found, LICENSES.list_attribute) == "billing/licenses"
    assert found.api_url == "https://api.planhat.com"


def test_no_settings_are_the_defaults() -> None:
    assert read("") == read("{}") == ConnectorSettings()
    assert ConnectorSettings().account_require_externalid
    assert not ConnectorSettings().send_null_values
    assert ConnectorSettings().on_segment_left == "ignore"


@pytest.mark.parametrize("key", ["personal_acccess_token", "personal_access_token"])
def test_the_token_is_taken_in_both_spellings_and_never_shown(key: str) -> None:
    found = read(f"{key}: s3cret")

    assert found.personal_access_token == SecretStr("s3cret")
    assert "s3cret" not in repr(found)


def test_what_was_wrapped_as_private_settings_is_unwrapped() -> None:
    assert read("private_settings: {contact_events: [Signed in]}").contact_events == ("Signed in",)


@pytest.mark.parametrize("unset", ["null", '""', ""])
@pytest.mark.parametrize(
    "key",
    ["api_prefix", "tenant_id", "contact_events", "account_require_externalid", "send_null_values"],
)
def test_a_setting_that_was_cleared_is_the_default(key: str, unset: str) -> None:
    assert read(f"{key}: {unset}") == ConnectorSettings()


def test_json_is_read_even_if_indented_by_tabs() -> None:
    assert read('{\n\t"contact_events": ["Signed in", null]\n}').contact_events == ("Signed in",)


def test_plain_words_and_numbers_stay_as_they_are_written() -> None:
    found = read("contact_events: [Yes, 1_000, 2019-07-10]\ncontact_synchronized_segments: [0123]")

    assert found.contact_events == ("Yes", "1_000", "2019-07-10")
    assert found.contact_synchronized_segments == ("0123",)


@pytest.mark.parametrize(
    "text",
    [
        "contact_events: ['Signed in ', ' ']\ntenant_id: ' t '",
        '{"contact_events": ["\\tSigned in", ""], "tenant_id": "t\\n"}',
    ],
    ids=["YAML", "JSON"],
)
def test_blanks_around_ids_and_names_are_left_out_and_told(text: str) -> None:
    found = ConnectorSettings.from_text(text, "test")

    assert found.contact_events == ("Signed in",)
    assert found.tenant_id is not None
    assert found.tenant_id.get_secret_value() == "t"
    assert {"contact_events[0]", "tenant_id"} <= set(found.trimmed)


@pytest.mark.parametrize("text", ["contact_events: [x]", '{\n\t"contact_events": ["x"]\n}'])
def test_a_byte_order_mark_is_no_part_of_the_settings(text: str) -> None:
    assert ConnectorSettings.from_text(f"\ufeff{text}", "test").contact_events == ("x",)


def test_segments_may_be_numbers() -> None:
    found = ConnectorSettings.model_validate({"account_synchronized_segments": [17]})

    assert found.account_synchronized_segments == ("17",)


@pytest.mark.parametrize(
    "written", ["", ", overwrite: always", ", overwrite: null", ', overwrite: ""']
)
def test_a_row_overwrites_always_unless_it_says_otherwise(written: str) -> None:
    row = f"{{hull_field_name: name, service_field_name: name{written}}}"

    (found,) = read(f"contact_attributes_outbound: [{row}]").contact_attributes_outbound

    assert found.overwrite == "always"


@pytest.mark.parametrize(
    "table", [name for name in ConnectorSettings.model_fields if "s_outbound" in name]
)
def test_a_row_of_any_table_may_overwrite_if_set(table: str) -> None:
    row = "{hull_field_name: id, service_field_name: externalId, overwrite: if_set}"

    (found,) = getattr(read(f"{table}: [{row}]"), table)

    assert found.overwrite == "if_set"


def test_a_wrong_overwrite_is_one_line_with_what_would_be_right() -> None:
    row = "{hull_field_name: name, service_field_name: name, overwrite: never}"

    assert error(f"contact_attributes_outbound: [{row}]") == (
        "contact_attributes_outbound[0].overwrite: 'never': input should be 'always' or 'if_set'"
    )


def test_a_misspelt_overwrite_is_named() -> None:
    row = "{hull_field_name: name, service_field_name: name, overwrit: if_set}"

    assert error(f"contact_attributes_outbound: [{row}]").endswith("did you mean overwrite?")


def test_rows_that_were_never_filled_in_are_ignored() -> None:
    rows = (
        "[null, {}, {hull_field_name: email, service_field_name: null},"
        " {hull_field_name: '', service_field_name: email},"
        " {hull_field_name: email, service_field_name: email}]"
    )

    assert len(read(f"contact_attributes_outbound: {rows}").contact_attributes_outbound) == 1


def test_the_intervals_of_the_old_connector_are_accepted() -> None:
    assert (
        read("fetch_interval_accounts: 1800\nfetch_interval_users: x").fetch_interval_users == "x"
    )


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("Full name", "name"),
        ("Email", "email"),
        ("External id", "externalId"),
        ("Position", "position"),
        ("Phone", "phone"),
        ("Featured", "featured"),
        ("Tags", "tags"),
        ("First name", "firstName"),
        ("Last Name", "lastName"),
        ("Date created", "createDate"),
        ("Company name", "companyName"),
        ("Company id (*)", "companyId"),
        ("Name (*)", "name"),
        ("full NAME", "name"),
        ("externalId", "externalId"),
    ],
)
def test_a_historic_label_is_written_as_its_api_key(label: str, key: str) -> None:
    assert targets("contact_attributes_outbound", label) == [key]


def test_labels_mean_the_fields_of_their_own_table() -> None:
    company = targets("account_attributes_outbound", "Name (*)", "Co-Owner", "Phase", "External id")
    licence = targets("account_licenses_attributes_outbound", "_currency", "Currency", "From date")

    assert company == ["name", "coOwner", "phase", "externalId"]
    assert licence == ["_currency", "_currency", "fromDate"]


def test_custom_targets_are_kept_word_for_word() -> None:
    custom = targets("contact_custom_attributes_outbound", "Full name", "a.b", "custom.x", " y ")

    assert custom == ["Full name", "a.b", "custom.x", " y "]


def row(target: str) -> str:
    return f"contact_attributes_outbound: [{{hull_field_name: x, service_field_name: {target}}}]"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("contact_event: []", "contact_event: no such setting; did you mean contact_events?"),
        ("zzz: 1", "zzz: no such setting"),
        ("contact_events: x", "contact_events: 'x': should be a list"),
        (
            "account_require_externalid: perhaps",
            "account_require_externalid: 'perhaps': should be true or false",
        ),
        (
            "unknown_list_values: go",
            "unknown_list_values: 'go': input should be 'send' or 'skip'",
        ),
        (
            "on_user_merged: go",
            "on_user_merged: 'go': input should be 'ignore', 'archive' or 'delete'",
        ),
        ("on_segment_left: go", "on_segment_left: 'go': input should be 'ignore' or 'archive'"),
        (
            "api_prefix: https://api-eu.planhat.com/",
            (
                "api_prefix: 'https://api-eu.planhat.com/':"
                " should be the first part of a host name, like api-eu"
            ),
        ),
        (
            "api_prefix: evil.example/",
            "api_prefix: 'evil.example/': should be the first part of a host name, like api-us2",
        ),
        (
            row("mail"),
            (
                "contact_attributes_outbound[0]:"
                " 'mail' is not a standard field of Planhat; did you mean email or otherEmails?"
            ),
        ),
        (
            "contact_attributes_outbound: [x]",
            (
                "contact_attributes_outbound[0]: 'x':"
                " should be {hull_field_name: ..., service_field_name: ...}"
            ),
        ),
        (
            "contact_attributes_outbound: [{hull_name: x, service_field_name: email}]",
            (
                "contact_attributes_outbound[0].hull_field_name: missing; connector.yaml:"
                " contact_attributes_outbound[0].hull_name:"
                " no such setting; did you mean hull_field_name?"
            ),
        ),
        (
            "a: 1\nb: [",
            "not YAML or JSON, line 2: expected the node content, but found '<stream end>'",
        ),
        (
            "contact_events: []\ncontact_events: [x]",
            "not YAML or JSON, line 1: contact_events is there twice",
        ),
        (
            '{"contact_events": ["x"], "contact_events": []}',
            "contact_events is there twice",
        ),
        (
            '{"contact_attributes_outbound": [{"hull_field_name": "a", "hull_field_name": "b"}]}',
            "hull_field_name is there twice",
        ),
        ("- contact_events", "must be a mapping of settings to values"),
        ("\0", "not YAML or JSON: no text that can be read"),
        ("[" * 5000, "not YAML or JSON: no text that can be read"),
    ],
    ids=lambda text: text[:40],
)
def test_a_wrong_setting_says_in_a_line_what_would_be_right(text: str, line: str) -> None:
    assert error(text) == line


def test_a_target_that_resembles_none_names_them_all() -> None:
    assert "use one of externalId, sourceId, email, name" in error(row("zzz"))


@pytest.mark.parametrize(
    "text",
    [
        "personal_access_token: [s3cret]",
        "personal_acccess_token: {a: s3cret}",
        "personal_acces_token: s3cret",
        "token: s3cret",
        "tenant_id: s3cret/../x",
        "personal_access_token: s3cret\ncontact_events: 7",
    ],
)
def test_a_secret_is_never_shown(text: str) -> None:
    assert "s3cret" not in error(text)


@pytest.mark.parametrize("prefix", ["api", "api-eu", "api-us2", " API-EU3 "])
def test_any_plain_host_name_is_a_prefix(prefix: str) -> None:
    found: Any = ConnectorSettings.model_validate({"api_prefix": prefix})

    assert found.api_url == f"https://{prefix.strip().lower()}.planhat.com"
