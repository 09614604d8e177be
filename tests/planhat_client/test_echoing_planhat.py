"""The client at a Planhat that repeats each request: nothing that it got is in what we say."""

from __future__ import annotations

import re
from base64 import b64encode
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from planhat_client import Planhat, PlanhatError
from planhat_client.answers.verdict import verdicts
from planhat_client.client import Endpoints
from planhat_client.protocol import Answer, Delivered, Partial
from planhat_client.transport import Transport
from schemas.planhat import Resource
from tests.planhat_client.echoing import SHAPES, STATUSES, echoing

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKEN = "phat_9fQ2xV7kLmN4pR8sT1uW3yZ5"
TENANT = "0f8fad5b-d9cb-469f-a165-70867728950e"
PERSON = {
    "name": "Quentin Roesner",
    "firstName": "Quentin",
    "email": "jane.roesner@acme.example",
    "externalId": "zoe-ext-4711",
    "companyId": "65f1c0ffee65f1c0ffee65f1",
    "position": "Head of Yachts",
    "phone": "+49 170 1234567",
}
OTHER = {**PERSON, "name": "Wanda Ypsilanti", "externalId": "ext-2", "email": "wy@acme.example"}
ADDRESS = re.compile(r"[\w.]+@[\w.]+")
"""What is an address is masked at the doors (tests/consumer)."""
LEAKS = re.compile(
    "|".join(
        [
            *(TOKEN[at : at + 8] for at in range(len(TOKEN) - 7)),
            *(TENANT[at : at + 8] for at in range(len(TENANT) - 7)),
            *("Quentin", "Roesner", "Wanda", "Ypsilanti", "Yachts", "1234567"),
            *(b64encode(one.encode()).decode()[2:-4] for one in (TOKEN, TENANT, "Quentin Roe")),
        ]
    ),
    re.IGNORECASE,
)


def said(answer: Answer, items: Sequence[dict[str, Any]]) -> list[str]:
    """All words about an answer that go any further."""
    texts = [getattr(answer, name, "") for name in ("reason", "told", "note")]
    if isinstance(answer, Delivered | Partial):
        texts += [getattr(one, "reason", "") for one in verdicts(items, answer)]
    return [ADDRESS.sub("", one) for one in texts]


@pytest.mark.parametrize("shape", SHAPES)
async def test_nothing_of_a_request_is_in_what_is_said_of_its_answer(shape: str) -> None:
    told: list[str] = []
    items = [orjson.dumps(PERSON), orjson.dumps(OTHER)]

    async with echoing() as planhat:
        wire, where = Transport(10.0, 4), Endpoints(planhat.url, planhat.url, TENANT)
        client = Planhat(wire, where, lambda: TOKEN)
        single = Planhat(wire, where, lambda: TOKEN, tracks_singly=True)
        for status in STATUSES:
            planhat.echo(status, shape, reads=True)
            told += said(await client.upsert(Resource.ENDUSERS, items), [PERSON, OTHER])
            told += said(await client.upsert(Resource.ENDUSERS, items[:1]), [PERSON])
            told += said(await client.track(items), [PERSON, OTHER])
            told += said(await single.track(items[:1]), [PERSON])
            for read in (client.probe, client.companies, client.users):
                with suppress(PlanhatError):
                    try:
                        await read()
                    except PlanhatError as error:
                        told.append(str(error))
                        raise
        await client.close()

    assert [one for one in told if LEAKS.search(one)] == []
    assert all(one.isprintable() and len(one) < 300 for one in told)


async def test_people_are_told_of_where_that_is_wanted_and_secrets_are_not() -> None:
    async with echoing() as planhat:
        where = Endpoints(planhat.url, planhat.url, TENANT)
        client = Planhat(Transport(10.0, 4), where, lambda: TOKEN, keeps_personal=True)
        planhat.echo(400, "body first")
        people = await client.upsert(Resource.ENDUSERS, [orjson.dumps(PERSON)])
        planhat.echo(400, "head first")
        head = await client.upsert(Resource.ENDUSERS, [orjson.dumps(PERSON)])
        await client.close()

    assert "Quentin Roesner" in repr(people)
    assert "'Authorization': 'Bearer ***'" in getattr(head, "reason", "")
