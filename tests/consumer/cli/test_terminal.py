"""What the commands print: clean, and unable to command a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from consumer.cli.terminal import say, shown, tell, tell_json
from consumer.log import hide
from tests.consumer.cli.commands import call_here

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cr3t-of-test-output"
EVIL = "\x1b[2J\x9b31m\u202e\u2028\x00"


@pytest.fixture(autouse=True)
def _hidden() -> None:
    hide(SECRET)


def test_lines_are_clean_on_both_streams(capsys: pytest.CaptureFixture[str]) -> None:
    line = f"{SECRET.upper()} of jane@acme.com{EVIL}"

    say([line])
    tell(line)

    printed = capsys.readouterr()
    expected = "*** of j***@a***.com\\x1b[2J\\x9b31m\\u202e\\u2028\\x00\n"
    assert (printed.out, printed.err) == (expected, expected)


def test_what_the_user_typed_is_repeated_without_secrets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say([f"jane@acme.com: no such file, {SECRET}"], keeps_personal=True)

    assert capsys.readouterr().err == "jane@acme.com: no such file, ***\n"


def test_a_document_keeps_its_form_and_its_signs(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"at": [1, None, True], "text": f"ü {EVIL}", SECRET: SECRET, "long": "x" * 50_000}

    tell_json(shown(keeps_personal=False).value(document), indent=2)

    printed = capsys.readouterr().out
    assert all(line.isprintable() for line in printed.split("\n"))
    assert "ü" in printed
    assert json.loads(printed) == {
        "at": [1, None, True],
        "text": f"ü {EVIL}",
        "***": "***",
        "long": "x" * 50_000,
    }


@pytest.mark.parametrize("arguments", [["explain"], ["backfill", "--of", "users"]])
def test_a_name_of_a_file_commands_no_terminal(arguments: list[str]) -> None:
    done = call_here(*arguments, "no\x1b[2Jfile\u202e")

    assert done.returncode == 2
    assert done.stderr.rstrip("\n").isprintable()
    assert done.stderr.endswith(": No such file or directory\n")


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_a_message_commands_no_terminal(arguments: list[str], tmp_path: Path) -> None:
    user = {"id": "u", "email": "a@b.example", "name": EVIL, f"traits_{EVIL}": EVIL}
    file = tmp_path / "messages"
    file.write_text(json.dumps({"user": user, "account": {"name": EVIL}, "segments": []}))

    done = call_here("explain", str(file), *arguments, "--pii")

    assert done.returncode == 0
    assert all(line.isprintable() for line in done.stdout.split("\n"))
