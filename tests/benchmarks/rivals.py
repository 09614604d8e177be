"""Other ways to do the same work, as a process: `python -m tests.benchmarks.rivals NAME`.

All of them use our own reading, rules and mapping, so that only the flow differs: how records are
taken, how requests are made, when is committed. They ask for a request each change, because none of
them has anything that would put changes of many profiles into one.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiokafka import AIOKafkaConsumer

from consumer.decide.decide import decide
from consumer.decide.decision import Payload, UserDecision
from consumer.decide.message import Messages, UserMessage
from consumer.decide.parse import parse
from consumer.decide.rules import Rules
from schemas.connector import ConnectorSettings

_AT_ONCE = 100
_POLL = 500


class Work:
    """What is done for a record: an upsert of the enduser, then a post for each event."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """Read the settings; `open` must come next."""
        self._session = session
        self._url = os.environ["PLANHAT_API_URL"]
        text = Path(os.environ["CONNECTOR_SETTINGS"]).read_text("utf-8")
        self._rules = Rules.compile(ConnectorSettings.from_text(text, "settings"))
        self._companies: dict[str, str] = {}

    async def open(self) -> None:
        """Read the companies, as the service does: a lookup a user would double the calls."""
        async with self._session.get(f"{self._url}/leancompanies") as response:
            rows = orjson.loads(await response.read())
        self._companies = {row["externalId"]: row["_id"] for row in rows}

    async def do(self, value: bytes | None) -> None:
        """Bring one record to Planhat; what can't be read is passed over."""
        parsed = parse(value)
        for message in parsed.messages if isinstance(parsed, Messages) else ():
            if isinstance(message, UserMessage):
                decision = decide(message, self._rules)
                assert isinstance(decision, UserDecision)
                await self._send(decision)

    async def _send(self, decision: UserDecision) -> None:
        if isinstance(decision.enduser, Payload):
            external_id = decision.link.external_id if decision.link else None
            company = self._companies.get(external_id or "")
            body = [{**decision.enduser.body, "companyId": company}]
            await self._write("PUT", "endusers", orjson.dumps(body))
        for activity in decision.activities:
            await self._write("POST", "analytics/tenant", orjson.dumps(activity.body))

    async def _write(self, method: str, path: str, body: bytes) -> None:
        async with self._session.request(method, f"{self._url}/{path}", data=body) as response:
            await response.read()
            response.raise_for_status()


def _consumer() -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        os.environ["KAFKA_TOPICS"],
        bootstrap_servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        group_id=os.environ["KAFKA_GROUP_ID"],
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )


async def plain(work: Work) -> None:
    """One record after the other, a commit after each."""
    async with _consumer() as consumer:
        async for record in consumer:
            await work.do(record.value)
            await consumer.commit()


async def gather(work: Work) -> None:
    """All records of a poll at once, a commit after each poll."""
    async with _consumer() as consumer:
        while True:
            found = await consumer.getmany(timeout_ms=200, max_records=_POLL)
            records = [record for batch in found.values() for record in batch]
            if records:
                await asyncio.gather(*(work.do(record.value) for record in records))
                await consumer.commit()


async def faststream(work: Work) -> None:
    """As FastStream's manual has it: a subscriber, acknowledged when it returns."""
    from faststream import AckPolicy  # noqa: PLC0415 - of the group `bench`

    await _faststream(work, ack_policy=AckPolicy.REJECT_ON_ERROR)


async def faststream_workers(work: Work) -> None:
    """With `max_workers`, which FastStream allows only with a commit before the work."""
    from faststream import AckPolicy  # noqa: PLC0415 - of the group `bench`

    await _faststream(work, ack_policy=AckPolicy.ACK_FIRST, max_workers=_AT_ONCE)


async def _faststream(work: Work, **options: Any) -> None:  # noqa: ANN401 - as FastStream has them
    from faststream import FastStream  # noqa: PLC0415 - of the group `bench`
    from faststream.kafka import KafkaBroker  # noqa: PLC0415 - likewise

    broker = KafkaBroker(os.environ["KAFKA_BOOTSTRAP_SERVERS"], logger=None)

    async def handle(body: bytes) -> None:
        await work.do(body)

    broker.subscriber(
        os.environ["KAFKA_TOPICS"],
        group_id=os.environ["KAFKA_GROUP_ID"],
        auto_offset_reset="earliest",
        decoder=_as_it_is,
        **options,
    )(handle)

    await FastStream(broker, logger=None).run()


async def _as_it_is(message: Any) -> bytes:  # noqa: ANN401 - FastStream's own
    return bytes(message.body)


WAYS = {
    "plain": plain,
    "gather": gather,
    "faststream": faststream,
    "faststream-workers": faststream_workers,
}


async def _main(name: str) -> None:
    connector = aiohttp.TCPConnector(limit=_AT_ONCE)
    headers = {"Content-Type": "application/json", "Authorization": "Bearer token"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        work = Work(session)
        await work.open()
        await WAYS[name](work)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
