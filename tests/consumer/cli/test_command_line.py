import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from consumer.cli import main
from tests.consumer.cli.commands import call_here

ROOT = Path(__file__).parents[3]
CONNECTOR = ROOT / "tests" / "data" / "connector.yaml"
SAMPLES = CONNECTOR.with_name("records.jsonl")
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
        timeout=120,
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
        timeout=120,
        check=True,
    )

    assert done.stdout.strip() == "[]"


def test_the_service_loads_no_parser_of_options() -> None:
    code = """
import sys
from consumer.cli import main
try:
    main(["run"])
except SystemExit as ended:
    print(ended.code, "consumer.app" in sys.modules, "typer" in sys.modules)
"""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", code],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    assert done.stdout.strip() == "2 True False"


def test_the_version_is_told() -> None:
    assert call("--version").stdout.startswith("hull-planhat ")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nope"], "hull-planhat: No such command 'nope'; see hull-planhat --help"),
        (["run", "--nope"], "hull-planhat: No such option: --nope; see hull-planhat --help"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments: list[str], line: str) -> None:
    done = call_here(*arguments)

    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{line}\n")


@pytest.mark.parametrize(("arguments", "named"), [([], "backfill"), (["dead-letters"], "replay")])
def test_without_a_command_the_help_is_shown_and_it_is_wrong_use(
    arguments: list[str], named: str
) -> None:
    done = call_here(*arguments)

    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.lstrip().startswith(f"Usage: {' '.join(['hull-planhat', *arguments])} ")
    assert named in done.stdout


HALF = os.fsdecode(b"\xff")
LONG = "a" * 80
WRONG_VALUES: dict[str, tuple[list[str], str]] = {
    "a port above all": (["sandbox", "--port", "99999"], "'--port'"),
    "a port below zero": (["sandbox", "--port", "-1"], "'--port'"),
    "a port that is a word": (["sandbox", "--port", "x"], "'--port'"),
    "a host that is no text": (["sandbox", "--host", HALF], "must be UTF-8"),
    "a file without a name": (["explain", ""], "the name of the file is empty; - is stdin"),
    "an offset below zero": (["explain", "--offset", "-1"], "'--offset'"),
    "an offset above all": (["explain", "--offset", str(1 << 63)], "'--offset'"),
    "a partition below zero": (["explain", "--offset", "1", "--partition", "-1"], "'--partition'"),
    "a partition above all": (
        ["explain", "--offset", "1", "--partition", str(1 << 31)],
        "'--partition'",
    ),
    "no records": (["explain", "--key", "k", "--count", "0"], "'--count'"),
    "hours below zero": (["explain", "--key", "k", "--hours", "-1"], "'--hours'"),
    "hours without end": (["explain", "--key", "k", "--hours", "inf"], "'--hours'"),
    "hours that are no number": (["explain", "--key", "k", "--hours", "nan"], "'--hours'"),
    "a key that is no text": (["explain", "--key", HALF], "must be UTF-8"),
    "a topic that none can be": (["explain", "--offset", "1", "--topic", "a b"], "'a b': must be"),
    "a topic that is too long": (["backfill", "x", "--topic", "t" * 250], "must be a name of"),
    "a topic that is no text": (["backfill", "x", "--topic", HALF], "must be a name of"),
    "rows of what there is not": (["backfill", "x", "--of", "leads"], "'leads' is not one of"),
    "a rate of nothing": (["backfill", "x", "--rate", "0"], "'--rate'"),
    "a rate without end": (["backfill", "x", "--rate", "inf"], "must be a finite number"),
    "a line below zero": (["backfill", "x", "--from-line", "-1"], "'--from-line'"),
    "an extract without a name": (["backfill", ""], "the name of the file is empty; - is stdin"),
    "letters below zero": (["dead-letters", "list", "--limit", "-1"], "'--limit'"),
    "a moment that is none": (["dead-letters", "list", "--since", "-1h"], "'-1h': must be like"),
    "a key of letters that is no text": (["dead-letters", "list", "--key", HALF], "must be UTF-8"),
    "a letter that is none": (["dead-letters", "show", "-1"], "No such option: -1"),
    "a replay without end": (
        ["dead-letters", "replay", "--all", "--rate", "inf"],
        "must be a finite number",
    ),
    "no replays": (["dead-letters", "replay", "--all", "--max-replays", "0"], "'--max-replays'"),
    "a schema of what there is not": (["schema", "x"], "'x' is not one of"),
    "one word too many": (["demo", "x"], "unexpected extra argument"),
}


@pytest.mark.parametrize(("arguments", "said"), WRONG_VALUES.values(), ids=WRONG_VALUES)
def test_a_wrong_value_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    told = capsys.readouterr()
    (line,) = told.err.splitlines()
    assert (ended.value.code, told.out) == (2, "")
    assert line.startswith("hull-planhat: ")
    assert said in line
    assert line.endswith("; see hull-planhat --help")


@pytest.mark.parametrize(
    "command", [["explain"], ["backfill", "--of", "users"], ["sandbox", "--dialect"]], ids=str
)
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "Is a directory"),
        ("missing", "No such file or directory"),
    ],
    ids=["a folder", "no such file"],
)
def test_a_file_that_cannot_be_opened_is_one_line_and_exit_code_2(
    tmp_path: Path, command: list[str], name: str, said: str
) -> None:
    file = str(tmp_path / name)

    done = call_here(*command, file)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"hull-planhat: {file}: {said}\n"


@pytest.mark.parametrize(
    ("redirected", "code", "said"),
    [
        pytest.param("{many} | head -1", 1, "", id="whoever reads it has gone"),
        pytest.param(
            f"{SAMPLES} > /dev/full", 1, "hull-planhat: No space left on device\n", id="a full disk"
        ),
        pytest.param("- <&-", 0, "", id="no stdin"),
        pytest.param(f"{SAMPLES} >&-", 0, "", id="no stdout"),
    ],
)
def test_streams_that_fail_are_no_traceback(
    tmp_path: Path, redirected: str, code: int, said: str
) -> None:
    many = tmp_path / "many"
    many.write_bytes(SAMPLES.read_bytes() * 10)  # what is said of it fits into no pipe
    script = f'set -o pipefail; "$@" explain --json {redirected.format(many=many)}'

    done = subprocess.run(  # noqa: S603 - our own command
        ["bash", "-c", script, "bash", *START],  # noqa: S607 - the user's shell
        env=environment(CONNECTOR_SETTINGS=str(CONNECTOR)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (code, said)


def test_ctrl_c_is_one_line() -> None:
    # Where tests run in the background of a shell, SIGINT is ignored, and children inherit that.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    python, option, start = START
    with subprocess.Popen(  # noqa: S603 - our own command
        [python, option, f"{heard}; {start}", "explain", "--json", "-"],
        env=environment(CONNECTOR_SETTINGS=str(CONNECTOR), PYTHONUNBUFFERED="1"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write('{"user": {"id": "u1"}}\n' * 3)
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=60)
        _, said = process.communicate()

    assert (code, said) == (130, "hull-planhat: interrupted\n")


@pytest.mark.parametrize(
    ("added", "line"),
    [
        pytest.param(
            {"PLANHAT_BURST": "x"},
            "PLANHAT_BURST: 'x': must be a number",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            {"CONNECTOR_SETTINGS": "/no/file.yaml"},
            "CONNECTOR_SETTINGS: '/no/file.yaml': No such file or directory",
            marks=pytest.mark.slow,
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
    done = call_here("check", "--offline", PLANHAT_ACCESS_TOKEN="sandbox-token")

    assert (done.returncode, done.stdout) == (0, "ok             the settings are good\n")


def test_check_tells_all_as_json_and_fails() -> None:
    done = call_here("check", "--offline", "--json", PLANHAT_TOKEN="sandbox-token")

    told: dict[str, Any] = json.loads(done.stdout)
    assert (done.returncode, told["status"]) == (1, "setupRequired")
    assert [one["status"] for one in told["messages"]] == ["warning", "setupRequired"]
    assert "did you mean PLANHAT_ACCESS_TOKEN?" in told["messages"][0]["message"]


@pytest.mark.parametrize("of", ["record", "settings", "environment", "dialect", "outcome"])
def test_a_schema_is_json(of: str) -> None:
    done = call_here("schema", of)

    assert done.returncode == 0
    assert json.loads(done.stdout)["$schema"].endswith("2020-12/schema")


def test_the_sandbox_serves_until_a_signal() -> None:
    with subprocess.Popen(  # noqa: S603 - our own command
        [*START, "sandbox", "--port", "0"], env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=60)

    assert (code, line.startswith("Planhat's sandbox at http://127.0.0.1:")) == (0, True)


def test_a_host_that_none_can_be_is_one_line_and_exit_code_1() -> None:
    done = call_here("sandbox", "--host", LONG)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("hull-planhat: cannot listen at aaa")
    assert done.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_one_line_and_exit_code_1() -> None:
    done = call_here("sandbox", "--host", "203.0.113.5", "--port", "1")

    assert done.returncode == 1
    assert done.stderr.startswith("hull-planhat: cannot listen at 203.0.113.5:1: ")
    assert done.stderr.count("\n") == 1


def test_a_wrong_setting_is_one_line_of_check_and_exit_code_2() -> None:
    done = call_here("check", "--offline", KAFKA_BOOTSTRAP_SERVERS="me:pass-word@kafka:9092")

    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.startswith("error          KAFKA_BOOTSTRAP_SERVERS: '***@kafka:9092': must")
    assert len(done.stdout.splitlines()) == 1
