"""Keys that are fetched, from a host that speaks HTTPS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from consumer.receive.fetch import Fetch, NotFetched
from consumer.receive.keys import Keys
from consumer.receive.signature import Unsigned
from tests.consumer.receive.receiving import Host, hosted
from tests.consumer.receive.test_signature import ID, OTHER, SECRET, jwt, pem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TOKEN = jwt({"jti": ID})


@pytest.fixture(name="host")
async def _host(tmp_path: Path) -> AsyncIterator[Host]:
    async with hosted(tmp_path) as host:
        host.answers["/key"] = web.Response(text=pem(SECRET))
        yield host


@pytest.fixture(name="fetch")
async def _fetch(host: Host) -> AsyncIterator[Fetch]:
    fetch = Fetch([host.name], host.trust)
    yield fetch
    await fetch.close()


async def test_a_key_is_asked_for_once(host: Host, fetch: Fetch) -> None:
    keys = Keys(fetch)

    await keys.prove(TOKEN, host.url("/key"), ID)
    await keys.prove(TOKEN, host.url("/key"), ID)

    assert host.asked == [("POST", "/key", TOKEN)]


async def test_a_key_may_be_read_too(host: Host, fetch: Fetch) -> None:
    host.answers["/other"] = web.Response(status=405)

    with pytest.raises(NotFetched, match="status 405"):
        await Keys(fetch).prove(TOKEN, host.url("/other"), ID)

    assert [method for method, _, _ in host.asked] == ["POST", "GET"]


async def test_a_host_that_is_not_set_is_never_asked(host: Host) -> None:
    keys = Keys(Fetch([]))

    with pytest.raises(Unsigned, match="RECEIVE_HOSTS"):
        await keys.prove(TOKEN, host.url("/key"), ID)
    assert host.asked == []


async def test_a_redirect_is_not_followed(host: Host, fetch: Fetch) -> None:
    host.answers["/there"] = web.Response(status=302, headers={"Location": host.url("/key")})

    with pytest.raises(NotFetched, match="status 302"):
        await Keys(fetch).prove(TOKEN, host.url("/there"), ID)
    assert [path for _, path, _ in host.asked] == ["/there"]


async def test_a_certificate_that_nobody_vouches_for_is_not_believed(host: Host) -> None:
    fetch = Fetch([host.name])

    with pytest.raises(NotFetched, match="network: ClientConnectorCertificateError"):
        await Keys(fetch).prove(TOKEN, host.url("/key"), ID)
    await fetch.close()


async def test_what_is_no_key_may_be_one_later(host: Host, fetch: Fetch) -> None:
    keys = Keys(fetch)
    host.answers["/late"] = web.Response(text="<html>")

    with pytest.raises(NotFetched, match="is no public key"):
        await keys.prove(TOKEN, host.url("/late"), ID)
    host.answers["/late"] = web.Response(text=pem(SECRET))
    await keys.prove(TOKEN, host.url("/late"), ID)


async def test_a_wrong_signature_does_not_ask_again_and_again(host: Host, fetch: Fetch) -> None:
    keys = Keys(fetch)

    for _ in range(3):
        with pytest.raises(Unsigned, match="is not of this key"):
            await keys.prove(jwt({"jti": ID}, OTHER), host.url("/key"), ID)

    assert len(host.asked) == 1


async def test_a_key_that_was_replaced_is_fetched_anew(host: Host, fetch: Fetch) -> None:
    keys = Keys(fetch)
    url = host.url("/key")
    await keys.prove(TOKEN, url, ID)
    key, since = keys._kept[url]
    keys._kept[url] = (key, since - 120)
    host.answers["/key"] = web.Response(text=pem(OTHER))

    await keys.prove(jwt({"jti": ID}, OTHER), url, ID)

    assert len(host.asked) == 2
