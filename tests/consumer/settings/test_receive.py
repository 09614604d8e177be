from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from consumer.settings import Settings
from schemas.settings_error import InvalidSettings

if TYPE_CHECKING:
    from pathlib import Path

    from consumer.settings.receive import ReceiveSettings


def receive(**environ: str) -> ReceiveSettings:
    return Settings.read({f"RECEIVE_{name}": value for name, value in environ.items()}).receive


def test_hosts_are_names_with_a_port_where_it_is_not_that_of_https() -> None:
    assert receive(HOSTS="A.example, b.example:443,c.example:9000").hosts == (
        "a.example",
        "b.example",
        "c.example:9000",
    )


def test_a_token_is_read_from_its_file_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("one\n")
    token = receive(TOKEN_FILE=str(path)).token
    assert token is not None

    before = token()
    path.write_text("two\n")

    assert (before, token()) == ("one", "two")


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, "RECEIVE_SIGNATURE: required, but no key can be had"),
        ({"TOKEN": "x"}, "RECEIVE_SIGNATURE: required, but no key can be had"),
        ({"SIGNATURE": "ignored"}, "RECEIVE_TOKEN: not set"),
        ({"SIGNATURE": "ignored", "HOSTS": "a.example"}, "RECEIVE_TOKEN: not set"),
    ],
)
def test_where_nobody_or_everybody_could_post_it_does_not_start(
    environ: dict[str, str], name: str
) -> None:
    with pytest.raises(InvalidSettings, match=f"^{name}"):
        receive(**environ).insist()


@pytest.mark.parametrize(
    "environ", [{"HOSTS": "a.example"}, {"SIGNATURE": "Ignored", "TOKEN": "x"}]
)
def test_one_proof_is_enough(environ: dict[str, str]) -> None:
    receive(**environ).insist()
