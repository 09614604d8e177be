"""Whatever Planhat answers to writes: clear lines, few calls, and nobody else's deleted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson
from hypothesis import given
from hypothesis import strategies as st

from consumer.live.probe.lessons import told
from consumer.live.probe.write import MOST_CALLS, Probing
from planhat_client.client import Endpoints
from planhat_client.protocol import Response
from planhat_client.raw import RawPlanhat
from schemas.custom_field import CustomField
from schemas.dialect import Dialect
from tests.consumer.live.test_hostile_tenant import DOCUMENTS, Wire, fast, is_clear
from tests.consumer.virtual_time import in_no_time
from tests.planhat_client.odd_json import ODD_BODIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.settings.findings import Finding

FIELDS = [
    CustomField.model_validate({"parent": "enduser", "name": kind, "type": kind, "listValues": [1]})
    for kind in ("text", "rich text", "list")
]
ROWS = st.fixed_dictionaries(
    {"_id": st.sampled_from(["a", "b", "facade00facade00facade00", ""])},
    optional={
        "externalId": st.sampled_from(["hull-planhat-check-one", "hull-planhat-check-", "u-1", ""]),
        "email": st.sampled_from(["hull-planhat-check-one@example.invalid", "a@b.example"]),
        "position": st.sampled_from(["old", "new", ""]) | DOCUMENTS,
        "custom": DOCUMENTS,
        "tags": DOCUMENTS,
        "lastActive": st.integers(0, 3),
    },
)
ANSWERS = st.builds(
    lambda status, body: Response(status, {}, body),
    st.sampled_from([200, 200, 200, 200, 206, 400, 403, 404, 500]),
    (ROWS | st.lists(ROWS, max_size=3)).map(orjson.dumps) | ODD_BODIES,
)
COMPANY = Response(200, {}, b'{"_id":"c1","externalId":"acme"}')
EMPTY = Response(200, {}, b"[]")
MADE = [EMPTY, Response(200, {}, b'{"_id":"a","externalId":"hull-planhat-check-one"}')]
BEGINNINGS = st.sampled_from(
    [[], [COMPANY], [COMPANY, *[EMPTY] * 4], [COMPANY, *[EMPTY] * 4, *MADE, *MADE[1:] * 3]]
)


def probed(answers: Sequence[Response | None]) -> tuple[list[Finding], Probing, Wire]:
    wire = Wire(answers)
    api = RawPlanhat(wire, Endpoints("https://a", "https://b", "tenant"), lambda: "token")

    async def run() -> tuple[list[Finding], Probing]:
        probing = Probing(api, fast(), asyncio.Event())
        return await probing.run("acme", FIELDS), probing

    found, probing = in_no_time(run())
    return found, probing, wire


@given(BEGINNINGS, st.lists(ANSWERS | st.none(), min_size=1, max_size=40))
def test_any_answers_end_in_clear_lines_and_few_calls(
    beginning: list[Response], answers: list[Response | None]
) -> None:
    found, probing, wire = probed([*beginning, *answers])

    learnt = Dialect.model_validate(probing.learnt)
    lines = [*found, *told(learnt, probing.why_not)]
    assert all(is_clear(one.message) and one.code for one in lines)
    assert len(wire.requests) <= MOST_CALLS


@given(BEGINNINGS, st.lists(ANSWERS | st.none(), min_size=1, max_size=40))
def test_only_what_was_read_under_one_of_our_keys_is_deleted(
    beginning: list[Response], answers: list[Response | None]
) -> None:
    _, _, wire = probed([*beginning, *answers])

    heard = [*beginning, *answers]
    ours: set[str] = set()
    for at, request in enumerate(wire.requests):
        if request.method == "DELETE":
            assert request.url.removeprefix("https://a/endusers/") in ours
        answer = heard[at % len(heard)]
        if request.method == "GET" and answer is not None:
            ours |= _ours(answer.body)


def _ours(body: bytes) -> set[str]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return set()
    rows = document if isinstance(document, list) else [document]
    return {
        str(row.get("_id"))
        for row in rows
        if isinstance(row, dict)
        and any(
            str(row.get(name)).strip().startswith("hull-planhat-check-")
            for name in ("externalId", "email")
        )
    }


def test_what_is_written_goes_to_the_company_or_to_none_that_is_there() -> None:
    _, _, wire = probed([COMPANY, *[EMPTY] * 4, Response(200, {}, b"{}")])

    items = [orjson.loads(one.body) for one in wire.requests if one.method == "PUT"]
    assert items
    assert {str(item["companyId"]) for batch in items for item in batch} <= {
        "c1",
        "extid-hull-planhat-check-no-company",
        "{'no': 'id'}",
    }
