import json
from pathlib import Path

from consumer.cli.backfill_state import BackfillState
from tests.consumer.cli.commands import DATA, call


def test_a_dry_run_tells_what_would_be_written() -> None:
    done = call("backfill", str(DATA / "records.jsonl"), "--dry-run")

    assert (done.returncode, done.stdout) == (
        1,
        "11 records would be written to hull.events, 2 rows bad\n",
    )
    assert done.stderr.splitlines() == [
        "line 11: not of users nor of accounts: ship:update",
        "line 12: neither user nor account: not a Hull message",
    ]


def test_a_row_of_a_user_without_an_id_is_told_as_one_of_a_user(tmp_path: Path) -> None:
    extract = tmp_path / "users.csv"
    extract.write_text("id,email,account.id\nu1,a@b.example,a1\n,c@d.example,a1\n")

    done = call("backfill", str(extract), "--of", "users", "--dry-run")

    assert done.stderr == "line 3: user without an id\n"
    assert done.stdout == "1 record would be written to hull.events, 1 row bad\n"


def test_profiles_by_themselves_need_a_word() -> None:
    done = call("backfill", "-", "--dry-run", stdin=b'{"id": "u1"}\n')

    line = "hull-planhat: -: line 1: a profile by itself: say --of users or --of accounts\n"
    assert (done.returncode, done.stderr) == (2, line)


def test_a_file_that_is_missing_is_one_line() -> None:
    done = call("backfill", "no-such-file", "--of", "users")

    assert (done.returncode, done.stderr) == (
        2,
        "hull-planhat: no-such-file: No such file or directory\n",
    )


def test_a_backfill_goes_on_from_the_line_that_is_not_safe(tmp_path: Path) -> None:
    extract = tmp_path / "users.jsonl"
    extract.write_text("x")
    state = BackfillState(extract, "events", keeps=True)
    for line in range(1, 8):
        state.safe(line)
    state.save()

    assert BackfillState(extract, "events", keeps=True).next_line() == 7
    assert BackfillState(extract, "others", keeps=True).next_line() == 1
    extract.write_text("changed")
    assert BackfillState(extract, "events", keeps=True).next_line() == 1


def test_a_state_that_is_broken_counts_for_nothing(tmp_path: Path) -> None:
    extract = tmp_path / "users.jsonl"
    for text in ("", "[]", "{}", json.dumps({"line": "x"})):
        (tmp_path / "users.jsonl.backfill").write_text(text)

        assert BackfillState(extract, "events", keeps=True).next_line() == 1


def test_what_is_done_leaves_nothing(tmp_path: Path) -> None:
    extract = tmp_path / "users.jsonl"
    extract.write_text("x")
    state = BackfillState(extract, "events", keeps=True)
    state.safe(1)
    state.save()

    state.done()

    assert list(tmp_path.iterdir()) == [extract]
