"""Users that came to another account, or lost theirs, explained."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from consumer.decide import reasons
from consumer.decide.rules import Rules
from consumer.engine.directory import CompanyDirectory
from consumer.watch.explain import explain
from consumer.watch.explain.known import Known
from schemas.planhat import LeanCompany
from tests.consumer.watch.explain.hull_messages import RECORDS, RULES, SETTINGS

if TYPE_CHECKING:
    from consumer.watch.explain.explanation import MessageExplanation

ARCHIVING = Rules.compile(SETTINGS.model_copy(update={"on_user_unlinked": "archive"}))
UNLINKED: dict[str, Any] = {
    **RECORDS[0],
    "account": {},
    "events": [],
    "changes": {"is_new": False, "account": {"id": ["a-old", None]}},
}


def explained(
    record: dict[str, Any], rules: Rules = RULES, known: Known | None = None
) -> MessageExplanation:
    (found,) = explain(json.dumps(record).encode(), (), rules, known or Known())
    return found


def details(found: MessageExplanation) -> dict[str, str]:
    return {step.name: step.detail for step in found.steps}


def test_who_was_unlinked_is_told_so_and_what_the_setting_is() -> None:
    found = explained(UNLINKED)

    assert (found.verdict, found.reason) == ("skip", reasons.UNLINKED)
    assert details(found)["Gate"] == "its account was unlinked"
    assert details(found)["Unlinked"] == f"{reasons.UNLINKED} on_user_unlinked is keep"


@pytest.mark.parametrize("has_id", [True, False])
def test_who_is_archived_for_it_is_sent_without_a_company(has_id: bool) -> None:  # noqa: FBT001 - a column
    known = {"planhat/id": "5" * 24} if has_id else {}
    record = {**UNLINKED, "user": {**UNLINKED["user"], **known}}

    found = explained(record, ARCHIVING)

    (request,) = found.requests
    assert isinstance(request.body, list)
    sent: Any = request.body[0]
    assert (sent["archived"], sent.get("_id"), "companyId" in sent) == (
        True,
        known.get("planhat/id"),
        False,
    )
    assert found.conditions == (
        () if has_id else (f"Planhat has this contact; else skipped: {reasons.UNLINKED}",)
    )
    assert details(found)["Unlinked"] == f"{reasons.UNLINKED} on_user_unlinked is archive"


def test_which_setting_archives_who_left_is_named() -> None:
    left = {**UNLINKED, "segments": [], "changes": {**UNLINKED["changes"], "segments": {}}}
    left["changes"]["segments"] = {"left": RECORDS[0]["segments"]}

    assert details(explained(left, ARCHIVING))["Left"] == (
        "it left the filter: on_user_unlinked is archive"
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"id": ["a", "b"]}, "the user moved to another account"),
        ({"external_id": ["old", "acme-01"]}, "account.external_id changed"),
        ({"domain": ["old.example", "new.example"]}, "account.domain changed"),
        ({"planhat/id": ["p1", "p2"]}, "account.planhat/id changed"),
        ({"domain": [None, "new.example"]}, "account.domain appeared"),
    ],
    ids=str,
)
def test_what_of_the_account_opened_the_gate_is_named(changes: dict[str, Any], told: str) -> None:
    record = {**RECORDS[0], "changes": {"is_new": False, "account": changes}}

    assert details(explained(record))["Gate"] == told


def test_a_company_that_is_known_by_the_external_id_before_is_told_so() -> None:
    directory = CompanyDirectory()
    directory.read([LeanCompany(_id="c1", name="Acme Ltd", externalId="old")], 0.0)
    changes = {"is_new": False, "account": {"external_id": ["old", "acme-01"]}}

    found = explained({**RECORDS[0], "changes": changes}, known=Known(companies=directory))

    assert details(found)["Company link"] == (
        "Planhat has its company by the external_id before, 'old'"
    )
    assert [request.path for request in found.requests] == ["/endusers", "/analytics/bulk/***"]
