"""`forget` as people call it: over real sockets, whatever Planhat does, interrupted or not."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from planhat_client.sandbox import SandboxServer
from planhat_client.sandbox.faults import Fault
from tests.consumer.cli.commands import call_here
from tests.consumer.cli.forgetting import (
    ANN,
    BOB,
    SHARED,
    contact,
    events,
    forget,
    left,
    started,
    tenant,
    told,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--email", "a@b.example"), "give --receipt FILE (- prints it), or --dry-run"),
        (("--dry-run",), "nobody is named"),
        (("--email", "a@b.example", "--receipt", "r"), "asks before it deletes: give --yes"),
        (("--email", "ann", "--dry-run"), "email: must be an address with an @"),
        (("--external-id", " ", "--dry-run"), "external_id: must be 1 to 1000 printable letters"),
        (("--email", "a@b.example", "--dry-run", "--hours", "-1"), "'--hours'"),
        (("--email", "a@b.example", "--dry-run", "--reason", "x" * 501), "at most 500 letters"),
        (("--hull-id", "x", "--dry-run"), "Planhat knows no Hull ids, the topics do"),
    ],
)
def test_wrong_use_is_said_before_anything_is_asked(arguments: tuple[str, ...], line: str) -> None:
    done = call_here("forget", *arguments, PLANHAT_ACCESS_TOKEN="sandbox-token")

    assert (done.returncode, done.stdout) == (2, "")
    assert line in done.stderr


@pytest.mark.parametrize(
    "name",
    [("--email", "ann@example.com"), ("--external-id", "u-1"), ("--planhat-id", "5a01")],
    ids=["email", "external id", "planhat id"],
)
async def test_a_contact_is_found_by_each_of_its_names_deleted_and_seen_to_be_gone(
    name: tuple[str, str], tmp_path: Path
) -> None:
    receipt = tmp_path / "receipt"
    # As Planhat filters may, too: the spelling counts. Nothing but a scan finds the other.
    spelled = (name[0], name[1].replace("ann", "Ann"))
    async with SandboxServer(tenant()) as server:
        code, out, err = await forget(
            server, *spelled, "--yes", "--receipt", str(receipt), "--asked-by", "Legal 12"
        )

        assert (code, err) == (0, "")
        assert left(server) == ["5a02", "5a03"]
    assert "5a01  external id u-1  e-mail A***@e***.com  company 5c01" in out
    assert "1 of 1 contact deleted, and seen to be gone" in out
    assert told(receipt) == ["begun", "named", "deleting", "deleted", "gone", "ended"]
    assert events(receipt)[0]["asked_by"] == "Legal 12"
    assert receipt.stat().st_mode & 0o777 == 0o600


async def test_neither_the_receipt_nor_what_is_printed_names_anybody(tmp_path: Path) -> None:
    receipt = tmp_path / "receipt"
    async with SandboxServer(tenant()) as server:
        _, out, err = await forget(
            server, "--email", "Ann@example.com", "--yes", "--receipt", str(receipt)
        )

    everything = (out + err + receipt.read_text("utf-8")).lower()
    assert "leigh" not in everything
    assert "ann@" not in everything


async def test_a_dry_run_deletes_nothing_and_writes_no_receipt(tmp_path: Path) -> None:
    receipt = tmp_path / "receipt"
    async with SandboxServer(tenant()) as server:
        code, out, _ = await forget(
            server, "--external-id", "u-1", "--dry-run", "--receipt", str(receipt)
        )

        assert len(left(server)) == 3
    assert code == 0
    assert "would delete 1 contact (dry run)" in out
    assert not receipt.exists()


async def test_a_name_that_fits_two_contacts_is_left_unless_all_are_meant(tmp_path: Path) -> None:
    receipt = tmp_path / "receipt"
    given = ("--email", "bob@example.com", "--external-id", "u-1", "--yes")
    async with SandboxServer(tenant(hides_archived=True)) as server:
        code, out, _ = await forget(server, *given, "--receipt", str(receipt))

        assert code == 1
        assert "left: it fits 2 contacts; --all takes all, --planhat-id one" in out
        assert left(server) == ["5a02", "5a03"]

        code, _, _ = await forget(server, *given, "--receipt", str(receipt), "--all")

        assert code == 0
        assert left(server) == []
    assert told(receipt).count("refused") == 1


async def test_several_come_from_a_file(tmp_path: Path) -> None:
    names = tmp_path / "names.csv"
    names.write_text("email,external_id\nAnn@example.com,\n,u-2\n", "utf-8")
    async with SandboxServer(tenant()) as server:
        code, out, _ = await forget(
            server, "--file", str(names), "--yes", "--receipt", str(tmp_path / "receipt")
        )

        assert left(server) == ["5a03"]
    assert code == 0
    assert "2 of 2 contacts deleted" in out


async def test_a_receipt_may_be_printed_alone() -> None:
    async with SandboxServer(tenant()) as server:
        code, out, err = await forget(server, "--external-id", "u-1", "--yes", "--receipt", "-")

    assert code == 0
    assert told(out) == ["begun", "named", "deleting", "deleted", "gone", "ended"]
    assert "1 of 1 contact deleted" in err


async def test_where_filters_are_ignored_all_contacts_are_read(tmp_path: Path) -> None:
    more = [contact(f"6a{at:04}", email=f"c{at}@example.com") for at in range(3999)]
    options = tenant(*more, ANN, BOB, SHARED, filters=False, hides_archived=True)
    async with SandboxServer(options) as server:
        code, _, err = await forget(
            server, "--email", "ann@example.com", "--yes", "--receipt", str(tmp_path / "receipt")
        )

        assert left(server)[-2:] == ["5a02", "5a03"]
    assert code == 0
    assert "reads all contacts, 2,000 a call" in err


async def test_a_scan_finds_what_a_filter_that_minds_the_case_does_not(tmp_path: Path) -> None:
    receipt = str(tmp_path / "receipt")
    given = ("--email", "ann@example.com", "--yes", "--receipt", receipt)
    async with SandboxServer(tenant()) as server:
        code, out, _ = await forget(server, *given)
        assert (code, "email a***@e***.com: no contact" in out) == (0, True)

        await forget(server, *given, "--scan")

        assert left(server) == ["5a02", "5a03"]


async def test_one_external_id_in_two_companies_fits_two_contacts() -> None:
    rows = (ANN, contact("5a09", externalId="u-1", email="x@example.com") | {"companyId": "5c02"})
    async with SandboxServer(tenant(*rows)) as server:
        code, out, _ = await forget(server, "--external-id", "u-1", "--dry-run")

    assert code == 1
    assert "it fits 2 contacts" in out


FAULTS: dict[str, dict[str, Any]] = {
    "a 429": {"kind": "status", "status": 429, "count": 1, "retry_after": 0.1},
    "a 503": {"kind": "status", "status": 503, "count": 2},
    "a connection that breaks": {"kind": "reset", "count": 1},
    "an answer that is lost": {"kind": "reset_after_write", "count": 1},
    "a deletion without an answer": {"kind": "empty", "method": "DELETE", "count": 1},
    "an answer that is torn": {"kind": "malformed", "method": "DELETE", "count": 1},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_what_passes_is_survived(fault: dict[str, Any], method: str, tmp_path: Path) -> None:
    receipt = tmp_path / "receipt"
    given = {"resource": "endusers", "method": method, **fault}
    async with SandboxServer(tenant(faults=(given,))) as server:
        code, _, err = await forget(
            server, "--external-id", "u-1", "--yes", "--receipt", str(receipt)
        )

        assert left(server) == ["5a02", "5a03"]
    assert code == 0
    assert "Traceback" not in err
    assert told(receipt)[-2:] == ["gone", "ended"]


async def test_a_deletion_that_takes_effect_late_is_waited_for(tmp_path: Path) -> None:
    receipt = tmp_path / "receipt"
    async with SandboxServer(tenant(late_deletions=2)) as server:
        code, _, _ = await forget(
            server, "--external-id", "u-1", "--yes", "--receipt", str(receipt)
        )

    assert code == 0
    assert told(receipt)[-2:] == ["gone", "ended"]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a token that is refused": ({"kind": "unauthorized"}, "401 Unauthorized"),
    "no right to delete": ({"kind": "forbidden", "method": "DELETE"}, "403 Forbidden"),
    "a host that is another": ({"kind": "html", "method": "DELETE"}, "502"),
}


@pytest.mark.parametrize(("fault", "line"), REFUSED.values(), ids=REFUSED)
async def test_what_nobody_can_do_ends_with_a_line(
    fault: dict[str, Any], line: str, tmp_path: Path
) -> None:
    receipt = tmp_path / "receipt"
    async with SandboxServer(tenant(faults=(fault,))) as server:
        code, out, err = await forget(
            server, "--external-id", "u-1", "--yes", "--receipt", str(receipt)
        )

        assert len(left(server)) == 3
    assert code == 1
    assert line in out + err
    assert "Traceback" not in err


async def test_one_that_planhat_refuses_to_delete_does_not_stop_the_others(
    tmp_path: Path,
) -> None:
    receipt = tmp_path / "receipt"
    refusal = {"kind": "status", "status": 422, "method": "DELETE", "count": 1}
    async with SandboxServer(tenant(faults=(refusal,))) as server:
        given = ("--external-id", "u-1", "--external-id", "u-2", "--yes")
        code, out, _ = await forget(server, *given, "--receipt", str(receipt))

        assert code == 1
        assert "5a01  Planhat refuses to delete it: 422" in out
        assert left(server) == ["5a01", "5a03"]

        code, _, _ = await forget(
            server, "--external-id", "u-2", "--yes", "--receipt", str(receipt)
        )

        assert (code, left(server)) == (0, ["5a03"])


async def test_a_run_that_was_killed_is_gone_on_with(tmp_path: Path) -> None:
    receipt = tmp_path / "receipt"
    slow = Fault("slow", "endusers", "DELETE", after=1, delay_seconds=20)
    given = ("--external-id", "u-1", "--external-id", "u-2", "--yes", "--receipt", str(receipt))
    async with SandboxServer(tenant()) as server:
        server.faults.add([slow], 0.0)
        process = await started(server, *given)
        while not receipt.exists() or told(receipt).count("deleting") < 2:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
        process.kill()
        await process.wait()
        server.faults.clear()
        with receipt.open("a") as file:
            file.write('{"event": "to')

        code, out, _ = await forget(server, *given)

        assert code == 0
        assert left(server) == ["5a03"]
    assert "2 of 2 contacts deleted, and seen to be gone" in out
    lines = receipt.read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith('{"event": "gone"')][1:]


async def test_what_is_done_is_done_and_the_receipt_says_so(tmp_path: Path) -> None:
    given = ("--external-id", "u-1", "--yes", "--receipt", str(tmp_path / "receipt"))
    async with SandboxServer(tenant()) as server:
        await forget(server, *given)
        code, out, _ = await forget(server, *given)

    assert code == 0
    assert "external id u-1: no contact, it was forgotten at 20" in out
    assert "0 of 0 contacts deleted" in out


async def test_a_signal_ends_it_between_two_contacts(tmp_path: Path) -> None:
    receipt = tmp_path / "receipt"
    slow = Fault("slow", "endusers", "DELETE", delay_seconds=1)
    given = ("--external-id", "u-1", "--external-id", "u-2", "--yes", "--receipt", str(receipt))
    async with SandboxServer(tenant()) as server:
        server.faults.add([slow], 0.0)
        process = await started(server, *given)
        while not receipt.exists() or "deleting" not in told(receipt):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 130
    assert b"interrupted" in err
    assert told(receipt)[-2:] == ["ended", "interrupted"]
    assert told(receipt).count("deleted") == 1


async def test_what_is_no_receipt_is_left_alone(tmp_path: Path) -> None:
    other, link = tmp_path / "other", tmp_path / "link"
    other.write_text("notes\n", "utf-8")
    link.symlink_to(other)
    async with SandboxServer(tenant()) as server:
        for path in (other, link, tmp_path):
            code, _, err = await forget(
                server, "--external-id", "u-1", "--yes", "--receipt", str(path)
            )
            assert code in (1, 2), err
            assert "Traceback" not in err

        assert len(left(server)) == 3
    assert other.read_text("utf-8") == "notes\n"


async def test_it_asks_at_a_terminal(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    async with SandboxServer(tenant()) as server:
        process = await started(
            server, "--external-id", "u-1", "--receipt", str(tmp_path / "receipt"), stdin=theirs
        )
        os.write(ours, b"n\n")
        _, err = await asyncio.wait_for(process.communicate(), 30)

        assert process.returncode == 1
        assert b"Delete 1 contact in Planhat for good?" in err
        assert b"nothing was deleted" in err
        assert len(left(server)) == 3
    os.close(ours)
    os.close(theirs)
