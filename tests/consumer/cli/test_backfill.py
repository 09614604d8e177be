from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from consumer.cli.backfill import BackfillState
from tests.consumer.cli.commands import DATA, call, call_here

if TYPE_CHECKING:
    from collections.abc import Callable


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

    done = call_here("backfill", str(extract), "--of", "users", "--dry-run")

    assert done.stderr == "line 3: user without an id\n"
    assert done.stdout == "1 record would be written to hull.events, 1 row bad\n"


def test_profiles_by_themselves_need_a_word() -> None:
    done = call_here("backfill", "-", "--dry-run", stdin=b'{"id": "u1"}\n')

    line = "hull-planhat: -: line 1: a profile by itself: say --of users or --of accounts\n"
    assert (done.returncode, done.stderr) == (2, line)


def test_a_file_that_is_missing_is_one_line() -> None:
    done = call_here("backfill", "no-such-file", "--of", "users")

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


def _link(state: Path) -> None:
    (state.parent / "secret").write_text("{}")
    state.symlink_to(state.parent / "secret")


def _of_another(state: Path) -> None:
    state.write_text("{}")
    os.chown(state, 65532, 65532)


ODD: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda state: state.write_text(""), "is no state of a backfill"),
    "a list": (lambda state: state.write_text("[]"), "is no state of a backfill"),
    "no line": (lambda state: state.write_text("{}"), "is no state of a backfill"),
    "a word": (lambda state: state.write_text('{"line": "x"}'), "is no state of a backfill"),
    "yes": (lambda state: state.write_text('{"line": true}'), "is no state of a backfill"),
    "below": (lambda state: state.write_text('{"line": -1}'), "is no state of a backfill"),
    "above": (lambda state: state.write_text('{"line": 1e999}'), "is no state of a backfill"),
    "deep": (lambda state: state.write_text("[" * 4000), "is no state of a backfill"),
    "noise": (lambda state: state.write_bytes(b"\xff\xfe"), "is no state of a backfill"),
    "much": (lambda state: os.truncate(_new(state), 1 << 40), "is too large"),
    "a folder": (Path.mkdir, "is no file"),
    "a pipe": (os.mkfifo, "is no file"),
    "a link": (_link, "is a link"),
    "a round": (lambda state: state.symlink_to(state), "is a link"),
    "of another": (_of_another, "belongs to somebody else"),
}


def _new(state: Path) -> Path:
    state.write_text("")
    return state


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_state_is_one_line_and_left_alone(tmp_path: Path, kind: str) -> None:
    make, reason = ODD[kind]
    if kind == "of another" and os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    extract, state = tmp_path / "users.jsonl", tmp_path / "users.jsonl.backfill"
    extract.write_text('{"id": "u1"}\n')
    make(state)
    before = state.lstat()

    done = call_here(
        "backfill", str(extract), "--of", "users", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9"
    )

    (line,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    assert line.startswith(f"hull-planhat: {state}: {reason}")
    assert line.endswith(": remove it, and the backfill begins anew")
    assert state.lstat()[:4] == before[:4]


def test_the_state_is_for_its_owner_alone_and_replaces_a_link(tmp_path: Path) -> None:
    extract, state = tmp_path / "users.jsonl", tmp_path / "users.jsonl.backfill"
    extract.write_text("x")
    victim = tmp_path / "victim"
    victim.write_text("precious")
    kept = BackfillState(extract, "events", keeps=True)
    kept.safe(7)
    state.symlink_to(victim)
    (tmp_path / "users.jsonl.backfill.new").symlink_to(victim)

    kept.save()

    assert victim.read_text() == "precious"
    assert stat.S_ISREG(state.lstat().st_mode)
    assert stat.S_IMODE(state.lstat().st_mode) == 0o600
    assert kept.next_line() == 7


def test_beside_what_is_no_file_nothing_is_kept(tmp_path: Path) -> None:
    extract = tmp_path / "pipe"
    os.mkfifo(extract)
    kept = BackfillState(extract, "events", keeps=True)
    kept.safe(7)

    kept.save()

    assert list(tmp_path.iterdir()) == [extract]


def test_what_is_done_leaves_nothing(tmp_path: Path) -> None:
    extract = tmp_path / "users.jsonl"
    extract.write_text("x")
    state = BackfillState(extract, "events", keeps=True)
    state.safe(1)
    state.save()

    state.done()

    assert list(tmp_path.iterdir()) == [extract]
