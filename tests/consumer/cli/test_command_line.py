import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
CONNECTOR = ROOT / "tests" / "data" / "connector.yaml"
START = [sys.executable, "-c", "from consumer.cli import main; main()"]


def environment(**added: str) -> dict[str, str]:
    ours = ("KAFKA_", "PLANHAT_", "HTTP_", "LOG_", "CONNECTOR_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **added}


def call(*arguments: str, **added: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [*START, *arguments],
        env=environment(**added),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_help_lists_the_commands() -> None:
    done = call("--help")

    assert done.returncode == 0
    assert all(name in done.stdout for name in ("run", "sandbox", "demo", "check", "schema"))


def test_help_loads_nothing_heavy() -> None:
    heavy = "aiohttp", "aiokafka", "pydantic", "rich", "prometheus_client", "structlog"
    code = f"import sys, consumer.cli; print([m for m in {heavy!r} if m in sys.modules])"

    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    assert done.stdout.strip() == "[]"


def test_the_version_is_told() -> None:
    assert call("--version").stdout.startswith("hull-planhat ")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "hull-planhat: Missing command; see hull-planhat --help"),
        (["nope"], "hull-planhat: No such command 'nope'; see hull-planhat --help"),
        (["run", "--nope"], "hull-planhat: No such option: --nope; see hull-planhat --help"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments: list[str], line: str) -> None:
    done = call(*arguments)

    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{line}\n")


@pytest.mark.parametrize(
    ("added", "line"),
    [
        ({"PLANHAT_BURST": "x"}, "PLANHAT_BURST: 'x': must be a number"),
        (
            {"CONNECTOR_SETTINGS": "/no/file.yaml"},
            "CONNECTOR_SETTINGS: '/no/file.yaml': No such file or directory",
        ),
        (
            {},
            (
                "PLANHAT_ACCESS_TOKEN: missing: set it, or PLANHAT_ACCESS_TOKEN_FILE, or"
                " personal_access_token in the connector settings"
            ),
        ),
    ],
)
def test_wrong_settings_stop_the_start_with_one_line(added: dict[str, str], line: str) -> None:
    done = call("run", **{"CONNECTOR_SETTINGS": str(CONNECTOR), "HTTP_PORT": "0", **added})

    assert (done.returncode, done.stderr) == (2, f"{line}\n")


def test_check_is_content_with_good_settings() -> None:
    done = call(
        "check", "--offline", CONNECTOR_SETTINGS=str(CONNECTOR), PLANHAT_ACCESS_TOKEN="token"
    )

    assert (done.returncode, done.stdout) == (0, "ok             the settings are good\n")


def test_check_tells_all_as_json_and_fails() -> None:
    done = call(
        "check", "--offline", "--json", CONNECTOR_SETTINGS=str(CONNECTOR), PLANHAT_TOKEN="token"
    )

    told: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode, told["status"]) == (1, "setupRequired")
    assert [one["status"] for one in told["messages"]] == ["warning", "setupRequired"]
    assert "did you mean PLANHAT_ACCESS_TOKEN?" in told["messages"][0]["message"]


@pytest.mark.parametrize("of", ["record", "settings", "environment"])
def test_a_schema_is_json(of: str) -> None:
    done = call("schema", of)

    assert done.returncode == 0
    assert json.loads(done.stdout)["$schema"].endswith("2020-12/schema")


def test_the_sandbox_serves_until_a_signal() -> None:
    with subprocess.Popen(  # noqa: S603 - our own command
        [*START, "sandbox", "--port", "0"], env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=10)

    assert (code, line.startswith("Planhat's sandbox at http://127.0.0.1:")) == (0, True)


def test_a_port_that_is_taken_is_one_line_and_exit_code_1() -> None:
    done = call("sandbox", "--host", "203.0.113.5", "--port", "1")

    assert done.returncode == 1
    assert done.stderr.startswith("hull-planhat: cannot listen at 203.0.113.5:1: ")
    assert done.stderr.count("\n") == 1


def test_a_wrong_setting_is_one_line_of_check_and_exit_code_2() -> None:
    done = call("check", "--offline", KAFKA_BOOTSTRAP_SERVERS="me:pass-word@kafka:9092")

    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith("error          KAFKA_BOOTSTRAP_SERVERS: '***@kafka:9092': must")
    assert len(done.stdout.splitlines()) == 1
