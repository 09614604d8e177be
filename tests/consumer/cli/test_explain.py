import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.consumer.cli.commands import DATA, ROOT, call, call_here

LIVES = DATA / "lives.yaml"
RECORDS = str(DATA / "records.jsonl")
PAGE = (ROOT / "docs" / "explain.md").read_text("utf-8")


def told(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def without_ends(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def test_the_page_shows_what_the_command_prints() -> None:
    done = call("explain", "tests/data/records.jsonl", COLUMNS="100")

    assert (done.returncode, done.stderr) == (0, "")
    assert without_ends(done.stdout) in PAGE


def test_the_page_lists_the_twelve_answers() -> None:
    done = call_here("explain", "--json", RECORDS)

    for record in told(done.stdout):
        answers = [f"{one['verdict']}: {one['reason']}" for one in record["messages"]]
        answer = "; ".join(one.removesuffix(": ") for one in answers)
        assert f"| {record['line']} | {record['note']} | {answer} |" in PAGE


def lives(*arguments: str, width: str = "100", settings: Path = LIVES) -> str:
    """What is said of fourteen lives."""
    file = "tests/data/lives.jsonl"
    done = call("explain", *arguments, file, COLUMNS=width, CONNECTOR_SETTINGS=str(settings))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_page_lists_what_becomes_of_fourteen_lives() -> None:
    records = told(lives("--json"))

    assert len(records) == 14
    for record in records:
        (one,) = record["messages"]
        answer = f"{one['verdict']}: {one['reason']}".removesuffix(": ")
        steps = {step["name"]: step["detail"] for step in one["steps"]}
        (row,) = re.findall(
            rf"^\| {record['line']} \| {re.escape(record['note'])} \| (.*) \|$", PAGE, re.MULTILINE
        )
        verdict, _, words = row.partition(" · ")
        assert verdict == answer
        for word in re.findall("`([^`]+)`", words):
            assert word in " ".join([*steps.values(), json.dumps(one["requests"])])


def test_the_page_shows_a_merge_in_full() -> None:
    first, _, _ = without_ends(lives()).partition("\n\nline 2\n")

    assert first in PAGE


def test_without_a_word_in_the_settings_nobody_is_archived_or_ended(tmp_path: Path) -> None:
    plain = tmp_path / "plain.yaml"
    rows = LIVES.read_text("utf-8").splitlines()
    plain.write_text("\n".join(row for row in rows if not row.startswith("on_")), "utf-8")

    answers = {one["line"]: one["messages"][0] for one in told(lives("--json", settings=plain))}

    assert [line for line, one in answers.items() if '"archived"' in json.dumps(one)] == []
    assert answers[7]["reason"] == "Its account was unlinked in Hull."
    assert "its contact stays as it is" in json.dumps(answers[1]["steps"])


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b'{"channel": "ship:update"}', [1]),
        (b'{\n  "channel":\n  "ship:update"\n}\n', [1]),
        (b'[{"channel": "ship:update"},\n {"channel": "x:y"}]', [1, 2]),
        (b'{"channel": "ship:update"}\n\n{"record": {"channel": "x:y"}}\n', [1, 3]),
        (b"", []),
    ],
    ids=["one", "pretty", "array", "lines and a wrapper", "nothing"],
)
def test_input_may_have_any_layout(content: bytes, lines: list[int]) -> None:
    done = call_here("explain", "--json", "-", stdin=content)

    found = told(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert [one["line"] for one in found] == lines
    assert all(one["messages"][0]["reason"] == "unsupported channel" for one in found)


def test_e_mail_addresses_are_masked_unless_asked_for() -> None:
    masked, full = call_here("explain", RECORDS), call_here("explain", "--pii", RECORDS)

    assert ("ada.byron+test@" in masked.stdout, "ada.byron+test@" in full.stdout) == (False, True)


def test_secrets_are_never_shown() -> None:
    message = {"user": {"id": "1", "name": "s3cret-token"}, "is_export": True}

    done = call(
        "explain", "-", stdin=json.dumps(message).encode(), PLANHAT_ACCESS_TOKEN="s3cret-token"
    )

    assert ("s3cret-token" in done.stdout, done.returncode) == (False, 0)


def test_signs_in_a_message_do_not_command_the_terminal() -> None:
    message = {"user": {"id": "1", "name": "a\x1b[2J\x9b"}, "is_export": True}

    done = call_here("explain", "-", stdin=json.dumps(message).encode())

    assert not set(done.stdout) & {"\x1b", "\x9b"}


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        ([], 2, "Invalid value: give a file (- for stdin), or --offset or --key of a topic"),
        (
            ["x", "--key", "k"],
            2,
            "Invalid value: give a file (- for stdin), or --offset or --key of a topic",
        ),
        (
            ["--key", "k", "--hours", "1000000"],
            2,
            "Invalid value for '--hours': Input should be less than or equal to 87600",
        ),
        (
            ["--key", "k", "--hours", "nan"],
            2,
            "Invalid value for '--hours': Input should be less than or equal to 87600",
        ),
        (["--key", "k", "--offset", "1"], 2, "Invalid value: give either --offset or --key"),
        (["no-such-file"], 2, "no-such-file: No such file or directory"),
    ],
)
def test_what_cannot_be_read_is_one_line(arguments: list[str], code: int, line: str) -> None:
    done = call_here("explain", *arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.removesuffix("; see hull-planhat --help\n") in {
        f"hull-planhat: {line}",
        f"hull-planhat: {line}\n",
    }


def test_kafka_that_does_not_answer_is_one_line() -> None:
    done = call("explain", "--offset", "0", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "hull-planhat: no answer from 127.0.0.1:9: is it Kafka, and does it run there?\n"
    )
