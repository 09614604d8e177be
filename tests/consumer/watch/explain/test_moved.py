"""Users that came to another account, or lost theirs, explained."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from consumer.decide import reasons
from consumer.decide.rules import Rules
from consumer.watch.explain import explain
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


def explained(record: dict[str, Any], rules: Rules = RULES) -> MessageExplanation:
    (found,) = explain(json.dumps(record).encode(), (), rules)
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
