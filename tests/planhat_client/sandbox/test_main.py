"""The sandbox as a process of its own."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.request import Request, urlopen

import pytest

from planhat_client.sandbox.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "planhat_client.sandbox"]


def test_a_process_tells_its_url_and_ends_on_sigterm() -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]

        with urlopen(f"{url}/sandbox/state?full=0") as response:  # noqa: S310 - our own URL
            state = json.load(response)
        process.send_signal(signal.SIGTERM)

        assert process.wait(60) == 0
        assert state["counts"]["companies"] == 0


def test_a_process_speaks_the_dialect_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "dialect.json"
    file.write_text('{"missing_record": "empty_list"}')
    command = [*COMMAND, "--dialect", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        asked = Request(  # noqa: S310 - our own URL
            f"{url}/endusers/extid-x", headers={"Authorization": "Bearer sandbox-token"}
        )

        with urlopen(asked) as response:  # noqa: S310 - our own URL
            answer = response.read()
        process.terminate()

    assert answer == b"[]"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param("{", "--options: ", id="no JSON"),
        pytest.param(
            '{"quota": {"x": 1}}',
            "--options: options: Object contains unknown field `x` - at `$.quota`",
            id="unknown",
        ),
        pytest.param(
            '{"faults": [{}]}',
            "--options: fault: Object missing required field `kind`",
            id="bad fault",
        ),
    ],
)
def test_wrong_options_are_told_in_one_line(
    capsys: pytest.CaptureFixture[str], options: str, message: str
) -> None:
    assert main(["--options", options]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(message)


@pytest.mark.parametrize(
    ("text", "line"),
    [(None, "No such file or directory"), ('{"array": 1}', "array: Input should be 'replaces'")],
    ids=["no file", "no dialect"],
)
def test_a_wrong_dialect_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str | None, line: str
) -> None:
    file = tmp_path / "dialect.json"
    if text:
        file.write_text(text)

    assert main(["--dialect", str(file)]) == 2

    assert capsys.readouterr().err.startswith(f"{file}: {line}")


@pytest.mark.parametrize("port", ["99999", "-1", "x"])
def test_a_port_that_is_none_is_told(capsys: pytest.CaptureFixture[str], port: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--port={port}"])

    assert ended.value.code == 2
    assert f"'{port}': must be a number from 0 to 65535" in capsys.readouterr().err


def test_a_host_that_none_can_be_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--host", "a" * 80]) == 1

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("aaa")


def test_a_taken_port_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["--port", str(taken.getsockname()[1])]) == 1

    assert "in use" in capsys.readouterr().err
