"""A secret in the place of any setting: neither `check` nor `run` says it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from consumer.cli.check import run_check
from consumer.settings import Settings, described
from schemas.connector import ConnectorSettings
from schemas.settings_error import InvalidSettings
from schemas.shown import is_random, shown, shown_path
from tests.consumer.cli.commands import CONNECTOR, call, call_here

NAMES = [setting.name for setting in described()]
CANARIES = {
    "hex": "4f1c9e2ab7d05836c1e4f79a20b3d58e6a7c9f01",
    "base64": "aGk0bHQvOXMya1d4UTdmTmJ6/Tm9wZTQy+Zg==",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "a pass phrase": "c0rrect-h0rse!battery$taple",
    "a key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\n-----END PRIVATE KEY-----",
    "a url with a password": "https://:4f1c9e2ab7d05836@api.planhat.com",
    "a url with a token": "https://api.planhat.com?api_key=4f1c9e2a-b7d05836",
    "a url with a path": "https://api.planhat.com/4f1c9e2ab7d05836c1e4f79a20b3d58e",
    "a broker with a login": "SASL_SSL://user:c0rrect-h0rse@kafka:9092",
}
# One of each kind of value; all others are slow only because they are many.
ALWAYS = {
    "CONNECTOR_SETTINGS",
    "COMPANY_WAIT_SECONDS",
    "KAFKA_BOOTSTRAP_SERVERS",
    "KAFKA_SASL_USERNAME",
    "KAFKA_SSL_CA_FILE",
    "PLANHAT_ACCESS_TOKEN_FILE",
    "PLANHAT_API_URL",
    "LOG_LEVEL",
}
PARTS = ("4f1c9e2a", "aGk0bHQv", "dozjgNry", "h0rse", "taple", "MIIEvQ", "b7d05836")


def leaked(text: str) -> list[str]:
    return [part for part in PARTS if part in text]


@pytest.mark.parametrize("kind", CANARIES)
@pytest.mark.parametrize(
    "name",
    [pytest.param(one, marks=[pytest.mark.slow] * (one not in ALWAYS)) for one in NAMES],
)
def test_no_command_says_a_secret_that_was_misplaced(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    told = said(capsys, monkeypatch, **{name: CANARIES[kind]})

    assert leaked(told) == []
    assert "Traceback" not in told


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("KAFKA_GROUP_ID", marks=pytest.mark.slow),
        pytest.param("KAFKA_TOPICS", marks=pytest.mark.slow),
        "PLANHAT_ACCESS_TOKEN_FILE",
    ],
)
def test_the_service_does_not_say_it_either(name: str) -> None:
    added: Any = {name: CANARIES["hex"], "KAFKA_SECURITY_PROTOCOL": "TLS"}

    done = call("run", **added)

    assert done.returncode == 2
    assert leaked(done.stdout + done.stderr) == []


@pytest.mark.parametrize("key", ConnectorSettings.model_fields)
@pytest.mark.parametrize("kind", ["hex", "jwt", "a pass phrase"])
def test_no_line_about_the_connector_settings_says_one(key: str, kind: str) -> None:
    told = ""
    for value in (CANARIES[kind], [CANARIES[kind]], {CANARIES[kind]: 1}):
        try:
            ConnectorSettings.from_text(json.dumps({key: value}), "connector.yaml")
        except InvalidSettings as error:
            told += str(error)

    assert leaked(told) == []


@pytest.mark.parametrize(
    "arguments",
    [
        [CANARIES["hex"]],
        ["run", CANARIES["hex"]],
        ["run", f"--token={CANARIES['hex']}"],
        ["explain", CANARIES["hex"]],
        ["backfill", CANARIES["jwt"]],
        ["backfill", "x", "--topic", CANARIES["base64"]],
        ["forget", "--dry-run", "--email", CANARIES["hex"]],
        ["sandbox", "--port", CANARIES["hex"]],
        ["dead-letters", "show", CANARIES["hex"]],
        ["schema", CANARIES["jwt"]],
    ],
    ids=lambda arguments: arguments[0][:12],
)
def test_no_complaint_about_the_command_line_says_one(arguments: list[str]) -> None:
    done = call_here(*arguments)

    assert done.returncode == 2
    assert leaked(done.stdout + done.stderr) == []
    assert len(done.stderr.splitlines()) == 1


def test_a_name_that_looks_like_a_secret_is_taken_hidden_and_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = said(capsys, monkeypatch, KAFKA_GROUP_ID=CANARIES["hex"])

    assert "KAFKA_GROUP_ID: looks like a secret, and is hidden like one" in told


@pytest.mark.parametrize(
    "usual",
    [
        "hull-planhat-7d9c5b6f4d-x2x8z",
        "b-1.mycluster.abc123.c2.kafka.eu-west-1.amazonaws.com:9098",
        "pkc-4nym6.us-east-1.aws.confluent.cloud:9092",
        "hull.events.v2",
        "11111111-2222-3333-4444-555555555555",
    ],
)
def test_usual_names_are_no_secrets(usual: str) -> None:
    assert not is_random(usual)
    assert shown(usual) == repr(usual)


@pytest.mark.parametrize(
    "path",
    ["/run/secrets/hull-planhat/planhat-access-token", "./token", "connector.yaml", "../a b/c.pem"],
)
def test_the_name_of_a_file_is_shown(path: str) -> None:
    assert shown_path(path) == repr(path)


def test_a_token_in_the_place_of_its_file_is_told_by_its_length() -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.read({"PLANHAT_ACCESS_TOKEN_FILE": CANARIES["hex"]})

    assert caught.value.lines == (
        (
            "PLANHAT_ACCESS_TOKEN_FILE: *** (40 characters, unlike the name of a file):"
            " No such file or directory"
        ),
    )


def said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, **environ: str
) -> str:
    """What `check --offline` says."""
    usual = {"CONNECTOR_SETTINGS": str(CONNECTOR), "PLANHAT_ACCESS_TOKEN": "sandbox-token"}
    if "PLANHAT_ACCESS_TOKEN_FILE" in environ:
        del usual["PLANHAT_ACCESS_TOKEN"]
    for name, value in {**usual, **environ}.items():
        monkeypatch.setenv(name, value)
    run_check(as_json=False, offline=True)
    told = capsys.readouterr()
    return told.out + told.err
