"""Whatever a tenant answers, each finding is one clear line, within the calls promised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.live.judge import live_findings, wanted
from consumer.live.look import Look
from consumer.live.questions import MOST_CALLS, next_question
from planhat_client.answers.heard import Heard
from planhat_client.client import Endpoints
from planhat_client.errors import PlanhatUnavailable
from planhat_client.limiter import Limiter
from planhat_client.protocol import Request, Response
from planhat_client.raw import RawPlanhat
from tests.consumer.live import tenant
from tests.consumer.virtual_time import in_no_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumer.settings.findings import Finding


def fast() -> Limiter:
    """A quota that nobody waits for."""
    return Limiter(100_000, 1000)


CONNECTOR = tenant.connector()
NAMES = st.sampled_from(
    [
        *("_id", "externalId", "companyId", "updatedAt", "custom", "parent", "name", "type"),
        *("error", "listValues", "isLocked", "isMandatory", "Plan", "plan", "Seats"),
    ]
)
WORDS = st.sampled_from(
    [
        "company",
        "enduser",
        "list",
        "number",
        "Plan",
        "2027-01-14",
        "true",
        "\x1b[2J\n",
        "\ud800"[:0],
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(width=32)
    | WORDS
    | st.text(max_size=5)
)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=20,
)
ROWS = st.lists(st.dictionaries(NAMES, LEAVES | st.dictionaries(NAMES, LEAVES, max_size=3)))
ANSWERS = st.builds(
    lambda status, body: Response(status, {"date": "x", "x-rate-limit-remaining": "1"}, body),
    st.sampled_from([200, 200, 200, 206, 400, 401, 403, 404, 500]),
    (DOCUMENTS | ROWS).map(orjson.dumps) | st.binary(max_size=20),
)


class Wire:
    """A Planhat that gives these answers, one after the other; None is none."""

    def __init__(self, answers: Sequence[Response | None]) -> None:
        self._answers = answers
        self.requests: list[Request] = []

    async def send(self, request: Request) -> Response:
        answer = self._answers[len(self.requests) % len(self._answers)]
        self.requests.append(request)
        if answer is None:
            raise PlanhatUnavailable("no answer in 10 s")
        return answer

    async def close(self) -> None:
        pass


def looked(answers: Sequence[Response | None]) -> tuple[list[Finding], Wire]:
    wire = Wire(answers)
    api = RawPlanhat(wire, Endpoints("https://a", "https://b", "tenant"), lambda: "token")
    return in_no_time(Look(api, fast(), 200.0, CONNECTOR).run()), wire


def is_clear(line: str) -> bool:
    return 0 < len(line) < 600 and "\n" not in line


@given(st.lists(ANSWERS | st.none(), min_size=1, max_size=30))
def test_any_answers_end_in_clear_lines_and_few_reads(answers: list[Response | None]) -> None:
    found, wire = looked(answers)

    assert len(wire.requests) <= MOST_CALLS - 2
    assert {request.method for request in wire.requests} <= {"GET"}
    assert all(is_clear(one.message) and one.code for one in found)


@given(st.dictionaries(st.sampled_from([*tenant.GOOD]), DOCUMENTS | ROWS))
def test_any_rows_end_in_clear_lines(documents: dict[str, object]) -> None:
    found = live_findings(CONNECTOR, tenant.tell(documents), 200.0)

    assert all(is_clear(one.message) for one in found)


def test_pages_that_never_end_are_not_read_for_ever() -> None:
    answers: dict[str, Heard] = {}
    while question := next_question(wanted(CONNECTOR), answers):
        answers[question.name] = Heard(200, [{"name": f"{question.path} {at}"} for at in range(9)])

    assert len(answers) <= MOST_CALLS - 2


@pytest.mark.parametrize(
    ("answers", "told", "calls"),
    [
        ([None], "Planhat does not answer (no answer in 10 s)", 2),
        ([Response(429, {"retry-after": "0"}, b"{}")], "Planhat answers 429", 2),
        ([Response(200, {"x-rate-limit-remaining": "0"}, b"[]")], "", 8),
    ],
    ids=["silence", "429", "none remain"],
)
def test_who_must_not_ask_asks_no_more(
    answers: list[Response | None], told: str, calls: int
) -> None:
    found, wire = looked(answers)

    assert len(wire.requests) == calls
    assert [told in one.message for one in found if one.code == "stopped"] == [True] * bool(told)


def test_a_long_wait_is_not_waited_for() -> None:
    found, wire = looked([Response(429, {"retry-after": "3600"}, b"{}")])

    assert len(wire.requests) == 1
    assert any("the quota is used up for" in one.message for one in found)


def test_people_are_counted_and_not_named() -> None:
    jane = {"email": "jane@acme.example", "firstName": "Jane", "phone": "+4612345678"}
    rows = [tenant.contact(at, custom={"Logins (30 days)": "jane", **jane}) for at in range(9)]
    found = [*live_findings(CONNECTOR, tenant.tell({"newest endusers": rows}), 200.0)]

    told = " ".join(one.message for one in found).lower()
    assert "row-type" in {one.code for one in found}
    assert "jane" not in told
    assert "4612345678" not in told
