"""What Hull posts, over real sockets."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from consumer.errors import KafkaUnavailable
from consumer.receive.fetch import Fetch
from consumer.receive.keys import Keys
from tests.consumer.receive.receiving import MIB, TOKEN, receiving
from tests.consumer.receive.test_signature import ID, OTHER, SECRET, jwt, pem

USER = {"user": {"id": "u1", "email": "a@example.com"}, "account": {}}


def body(*messages: Any, secret: str = TOKEN, **rest: Any) -> bytes:  # noqa: ANN401 - any JSON
    found = {
        "notification_id": ID,
        "channel": "user:update",
        "configuration": {"id": "c", "organization": "o", "secret": secret},
        "messages": messages,
    }
    return json.dumps({**found, **rest}).encode()


async def test_a_notification_is_answered_when_kafka_has_it() -> None:
    async with receiving() as found:
        found.topic.is_open.clear()
        posted = asyncio.create_task(found.post(body(USER)))
        done, _ = await asyncio.wait([posted], timeout=0.2)
        found.topic.is_open.set()
        answer = await posted

    assert not done
    assert (answer.status, answer.flow) == (200, {"type": "next", "size": 100, "in": 1})
    assert [one[0] for one in found.topic.records] == [b"u1"]
    assert found.counted('received_total{outcome="written"}') == 1
    assert found.counted('posts_total{path="/smart-notifier",status="200"}') == 1


async def test_while_kafka_has_it_not_the_same_is_asked_for_again() -> None:
    async with receiving() as found:
        found.topic.errors.append(KafkaUnavailable("no answer from 10.0.0.7:9092"))
        refused = await found.post(body(USER))
        trouble = found.posts.trouble
        taken = await found.post(body(USER))

    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    assert refused.flow == {"type": "retry", "in": 1000}
    assert "10.0.0.7" not in refused.text
    assert (trouble, found.posts.trouble) == ("no answer from 10.0.0.7:9092", "")
    assert (taken.status, len(found.topic.records)) == (200, 1)


@pytest.mark.parametrize(
    ("path", "headers", "secret"),
    [
        (f"/smart-notifier?token={TOKEN}", {}, ""),
        (f"/smart-notifier?secret={TOKEN}", {}, ""),
        ("/smart-notifier", {"Authorization": f"Bearer {TOKEN}"}, ""),
        ("/smart-notifier", {}, TOKEN),
    ],
)
async def test_a_token_may_be_shown_in_each_of_its_places(
    path: str, headers: dict[str, str], secret: str
) -> None:
    async with receiving() as found:
        answer = await found.post(body(USER, secret=secret), path, **headers)

    assert answer.status == 200


@pytest.mark.parametrize(
    ("path", "headers", "secret"),
    [
        ("/smart-notifier", {}, ""),
        ("/smart-notifier", {}, "wrong"),
        ("/smart-notifier?token=wrong", {}, ""),
        ("/smart-notifier?token=%F0%9F%98%80", {}, ""),
        ("/smart-notifier", {"Authorization": f"Basic {TOKEN}"}, ""),
        ("/smart-notifier", {"Authorization": "Bearer wrong"}, ""),
        ("/batch", {}, TOKEN),
        ("/batch-accounts?secret=wrong", {}, TOKEN),
    ],
)
async def test_without_it_nothing_is_written(
    path: str, headers: dict[str, str], secret: str
) -> None:
    async with receiving() as found:
        answer = await found.post(body(USER, secret=secret), path, **headers)

    assert (answer.status, found.topic.records) == (401, [])
    assert answer.document["errors"][0]["code"] == "INVALID_TOKEN"


def signed(key: Any = SECRET, notification: str = ID) -> dict[str, str]:  # noqa: ANN401 - RSA's
    return {
        "X_Hull_Smart_Notifier": "true",
        "X_Hull_Smart_Notifier_Signature_Version": "v1",
        "X_Hull_Smart_Notifier_Signature": jwt({"jti": notification}, key),
    }


async def test_a_signature_proves_a_notification() -> None:
    async with receiving(Keys(Fetch(()), pem(SECRET)), token="") as found:
        answer = await found.post(body(USER), **signed())

    assert (answer.status, len(found.topic.records)) == (200, 1)


@pytest.mark.parametrize("headers", [{}, signed(OTHER), signed(notification="another")])
async def test_a_wrong_signature_writes_nothing(headers: dict[str, str]) -> None:
    async with receiving(Keys(Fetch(()), pem(SECRET)), token="") as found:
        answer = await found.post(body(USER), **headers)

    assert (answer.status, found.topic.records) == (401, [])
    assert answer.document["errors"][0]["code"] == "INVALID_SIGNATURE"


async def test_where_both_are_asked_for_one_is_not_enough() -> None:
    async with receiving(Keys(Fetch(()), pem(SECRET))) as found:
        unsigned = await found.post(body(USER))
        unknown = await found.post(body(USER, secret=""), **signed())
        both = await found.post(body(USER), **signed())

    assert [one.status for one in (unsigned, unknown, both)] == [401, 401, 200]


@pytest.mark.parametrize("chunked", [False, True])
async def test_of_a_body_that_is_too_large_less_is_asked_for(chunked: bool) -> None:  # noqa: FBT001 - a case
    large = body({"user": {"id": "u1", "text": "x" * 20_000_000}})
    async with receiving(largest=10 * MIB, pending=40 * MIB) as found:
        if chunked:
            status, flow = await _in_chunks(found.port, large)
        else:
            answer = await found.post(large)
            status, flow = answer.status, answer.flow
        after = await found.post(body(USER))

    assert (status, flow) == (413, {"type": "retry", "in": 1000, "size": 1})
    assert after.flow["size"] == 2
    assert len(found.topic.records) == 1
    assert found.counted("receive_pending_bytes") == 0


async def _in_chunks(port: int, content: bytes) -> tuple[int, Any]:
    """Post without telling the length."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /smart-notifier HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    try:
        for at in range(0, len(content), MIB):
            piece = content[at : at + MIB]
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
    except ConnectionError:
        pass
    answer = await reader.read()
    writer.close()
    head, _, text = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(text)["flow_control"]


async def test_large_messages_are_asked_for_in_smaller_numbers() -> None:
    async with receiving(largest=MIB) as found:
        answer = await found.post(body(*[{**USER, "text": "x" * 90_000}] * 10))

    assert answer.flow == {"type": "next", "size": 5, "in": 1}


async def test_more_than_may_be_held_at_once_is_asked_for_again() -> None:
    large = body({**USER, "text": "x" * 600_000})
    async with receiving(largest=MIB, pending=MIB) as found:
        found.topic.is_open.clear()
        first = asyncio.create_task(found.post(large))
        await found.until(lambda: found.counted("receive_pending_bytes") >= 600_000)
        second = await found.post(large)
        found.topic.is_open.set()
        taken = await first

    assert (second.status, second.document["errors"][0]["code"]) == (503, "BUSY")
    assert (taken.status, len(found.topic.records)) == (200, 1)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"messages": 7}'])
async def test_what_is_no_notification_is_refused(text: bytes) -> None:
    async with receiving() as found:
        answer = await found.post(text, f"/smart-notifier?token={TOKEN}")

    assert (answer.status, found.topic.records) == (400, [])


async def test_a_message_that_can_t_be_read_is_told_counted_and_kept() -> None:
    async with receiving() as found:
        answer = await found.post(body(7, USER))

    assert answer.status == 200
    assert answer.document["errors"] == [
        {"code": "INVALID_MESSAGE", "reason": "not a Hull message: not a JSON object"}
    ]
    assert found.topic.records[0][:2] == (None, b"7")
    assert found.counted('received_total{outcome="unusable"}') == 1
    assert found.counted('received_total{outcome="written"}') == 1


async def test_a_message_too_large_for_the_topic_leaves_a_trace_under_its_key() -> None:
    large = {"user": {"id": "u2", "text": "x" * 5000}}
    async with receiving() as found:
        found.topic.largest = 4000
        answer = await found.post(body(large, USER))

    assert answer.status == 200
    assert [one[0] for one in found.topic.records] == [b"u1", b"u2"]
    assert json.loads(found.topic.records[1][1] or b"")["too_large"] > 5000
    assert answer.document["errors"][0]["reason"].startswith("too large: ")


async def test_other_channels_are_taken_and_counted_and_not_written() -> None:
    async with receiving() as found:
        answer = await found.post(body({"ship": {}}, channel="ship:update"))

    assert (answer.status, found.topic.records) == (200, [])
    assert found.counted('received_total{outcome="foreign"}') == 1


async def test_who_ends_answers_what_came_and_takes_nothing_more() -> None:
    async with receiving() as found:
        found.topic.is_open.clear()
        posted = asyncio.create_task(found.post(body(USER)))
        await found.until(lambda: found.counted("receive_pending_bytes") > 0)
        stopped = asyncio.create_task(found.posts.stop(5))
        await asyncio.sleep(0)
        late = await found.post(body(USER))
        is_waiting = not stopped.done()
        found.topic.is_open.set()
        answer = await posted
        await stopped

    assert (late.status, late.document["errors"][0]["code"]) == (503, "STOPPING")
    assert (answer.status, is_waiting) == (200, True)


async def test_a_get_is_no_post() -> None:
    async with receiving() as found:
        reader, writer = await asyncio.open_connection("127.0.0.1", found.port)
        writer.write(b"GET /smart-notifier HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readline()
        writer.close()

    assert b" 405 " in head
