import pytest

from tests.consumer.cli.commands import call, call_here


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["replay"], "Invalid value: give a name or a filter, or else --all"),
        (
            ["replay", "--all", "--key", "k"],
            "Invalid value: give a name or a filter, or else --all",
        ),
        (
            ["list", "--since", "soon"],
            "Invalid value: 'soon': must be like 2h, 3d or 2026-11-24T10:00:00Z",
        ),
        (
            ["show", "x"],
            "Invalid value: 'x': must be PARTITION:OFFSET, as `dead-letters list` shows it",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_wrong_use_is_one_line(arguments: list[str], line: str) -> None:
    done = call_here("dead-letters", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"hull-planhat: {line}; see hull-planhat --help\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        pytest.param(["show", "0"], marks=pytest.mark.slow),
        pytest.param(["replay", "--all"], marks=pytest.mark.slow),
    ],
)
def test_kafka_that_does_not_answer_is_one_line(arguments: list[str]) -> None:
    done = call("dead-letters", *arguments, KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "hull-planhat: no answer from 127.0.0.1:9: is it Kafka, and does it run there?\n"
    )
