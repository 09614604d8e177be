"""Extracts that Hull names by URL, from a host that speaks HTTPS."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from consumer import log
from consumer.errors import KafkaUnavailable
from consumer.receive.fetch import Fetch
from tests.consumer.receive.receiving import TOKEN, Answer, Host, Receiving, hosted, receiving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BATCH = f"/batch?ship=c&secret={TOKEN}&organization=o"


@pytest.fixture(name="host")
async def _host(tmp_path: Path) -> AsyncIterator[Host]:
    async with hosted(tmp_path) as host:
        yield host


@pytest.fixture(name="found")
async def _found(host: Host) -> AsyncIterator[Receiving]:
    async with receiving(fetch=Fetch([host.name], host.trust)) as found:
        yield found


def lines(*numbers: int) -> bytes:
    return b"".join(b'{"id": "u%d", "email": "u%d@example.com"}\n' % (n, n) for n in numbers)


async def order(
    found: Receiving, url: str, path: str = BATCH, kind: str = "user_report", form: str = "json"
) -> Answer:
    text = json.dumps({"url": url, "format": form, "object_type": kind}).encode()
    return await found.post(text, path)


async def ended(found: Receiving, outcome: str) -> None:
    await found.until(lambda: found.counted(f'extracts_total{{outcome="{outcome}"}}') > 0)


async def test_an_extract_is_written_row_by_row(host: Host, found: Receiving) -> None:
    host.answers["/x"] = web.Response(body=lines(*range(500)) + b"{broken\n")

    answer = await order(found, host.url("/x"))
    await ended(found, "done")

    assert (answer.status, answer.text) == (200, "ok")
    assert [one[0] for one in found.topic.records] == [b"u%d" % at for at in range(500)]
    message = json.loads(found.topic.records[0][1] or b"")
    assert (message["channel"], message["is_export"]) == ("user:update", True)
    assert found.counted('received_total{outcome="bad row"}') == 1


async def test_accounts_may_come_as_csv(host: Host, found: Receiving) -> None:
    host.answers["/x"] = web.Response(body=b"id,name\na1,Acme\n")

    await order(found, host.url("/x"), f"/batch-accounts?secret={TOKEN}", "account_report", "csv")
    await ended(found, "done")

    (record,) = found.topic.records
    assert json.loads(record[1] or b"")["account"] == {"id": "a1", "name": "Acme"}


async def test_kafka_may_be_away_meanwhile(host: Host, found: Receiving) -> None:
    host.answers["/x"] = web.Response(body=lines(*range(300)))
    found.topic.errors.append(KafkaUnavailable("away"))

    await order(found, host.url("/x"))
    await ended(found, "done")

    assert len(found.topic.records) == 300


async def test_a_download_that_breaks_off_goes_on_where_it_was(
    host: Host, found: Receiving
) -> None:
    host.answers["/x"] = [lines(*range(400)), OSError(), lines(*range(400, 500))]

    await order(found, host.url("/x"))
    await ended(found, "done")

    keys = [one[0] for one in found.topic.records]
    assert set(keys) == {b"u%d" % at for at in range(500)}
    assert len(host.asked) == 2
    assert keys == sorted(keys, key=lambda key: int((key or b"u")[1:]))


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://169.254.169.254/latest/meta-data", 400),
        ("http://127.0.0.1/", 400),
        ("file:///etc/passwd", 400),
    ],
)
async def test_no_other_address_is_asked(found: Receiving, url: str, status: int) -> None:
    answer = await order(found, url)

    assert answer.status == status
    assert answer.document["errors"][0]["code"] == "INVALID_EXTRACT"


async def test_what_is_not_there_is_said_at_once(host: Host, found: Receiving) -> None:
    host.answers["/x"] = web.Response(status=403)

    answer = await order(found, host.url("/x"))

    assert (answer.status, answer.document["errors"][0]["reason"]) == (503, "status 403")


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"url": 7}'])
async def test_what_names_no_url_is_refused(found: Receiving, text: bytes) -> None:
    assert (await found.post(text, BATCH)).status == 400


async def test_without_a_token_nobody_may_order(host: Host) -> None:
    async with receiving(token="", fetch=Fetch([host.name], host.trust)) as found:
        answer = await order(found, host.url("/x"))

    assert (answer.status, host.asked) == (401, [])


async def test_two_at_once_are_enough(host: Host, found: Receiving) -> None:
    host.answers["/x"] = web.Response(body=lines(1))
    found.topic.is_open.clear()

    first = [await order(found, host.url("/x")) for _ in range(2)]
    third = await order(found, host.url("/x"))

    assert [one.status for one in first] == [200, 200]
    assert (third.status, third.document["errors"][0]["code"]) == (503, "BUSY")


async def test_who_ends_tells_what_is_not_written(host: Host) -> None:
    out = io.StringIO()
    log.configure(stream=out)
    async with receiving(fetch=Fetch([host.name], host.trust)) as found:
        host.answers["/x"] = web.Response(body=lines(*range(1000)))
        found.topic.is_open.clear()
        await order(found, host.url("/x"))
        await found.posts._extracts.stop()

    (line,) = [json.loads(one) for one in out.getvalue().splitlines() if "extract.stopped" in one]
    assert (line["level"], line["line"], line["written"]) == ("error", 1, 0)
