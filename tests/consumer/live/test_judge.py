"""Each finding has its case and its line in docs/check.md."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from consumer.live.codes import Code
from consumer.live.judge import live_findings
from consumer.live.questions import BEYOND
from consumer.settings.findings import CASE_TWINS
from planhat_client.answers.heard import Heard
from tests.consumer.cli.commands import ROOT
from tests.consumer.live import tenant
from tests.consumer.live.tenant import company, contact, fields, refused

PAGE = (ROOT / "docs" / "check.md").read_text("utf-8")
BY_THE_RUN = {
    *(Code.CALLS, Code.STOPPED, Code.DIALECT_SAVED, Code.LEARNT, Code.NOT_LEARNT),
    *(one for one in Code if one.startswith("write-")),
}
"""What asking itself tells: test_look.py and probe/test_write.py."""


@dataclass
class Case:
    """A tenant that answers so, and settings with `new` for `old`."""

    answers: dict[str, Any] = field(default_factory=dict)
    old: str = ""
    new: str = ""
    headers: dict[str, str] = field(default_factory=dict)


LEAN = {"lean": [company(1), company(2, externalId="acme-1"), company(3, externalId="")]}
AT = "Fri, 15 Jan 2027 08:00:42 GMT"

CASES = {
    Code.MODELS_READABLE: Case(),
    Code.MODEL_FORBIDDEN: Case({"users": refused(403, "Forbidden")}),
    Code.MODEL_MISSING: Case({"licenses": refused(404, "Not found")}),
    Code.MODEL_UNREADABLE: Case({"companies": refused(500, "oops"), "newest companies": None}),
    Code.LICENCES_ARE_DEALS: Case(
        {"licenses": refused(404, "Not found"), "deals": [{"_id": "d1"}]}
    ),
    Code.FIELDS_READ: Case(),
    Code.FIELDS_UNREADABLE: Case({"customfields 0": refused(403, "Forbidden")}),
    Code.FIELD_UNKNOWN: Case(fields(tenant.field("Planned"), without="Plan")),
    Code.FIELD_OTHER_CASE: Case(fields(name="PLAN")),
    Code.FIELD_OF_OTHER_MODEL: Case(fields(name="Tier")),
    Code.FIELD_TWINS: Case(fields(tenant.field("plan"))),
    Code.FIELD_LOCKED: Case(fields(isLocked=True)),
    Code.FIELD_FORMULA: Case(fields(isFormula=True)),
    Code.FIELD_HIDDEN: Case(fields(isHidden=True)),
    Code.FIELD_MANDATORY: Case(fields(tenant.field("Region", "company", isMandatory=True))),
    Code.FIELD_TYPE: Case(
        old="service_field_name: Last login}", new="service_field_name: Logins (30 days)}"
    ),
    Code.FIELD_TYPE_UNKNOWN: Case(fields(type="hologram")),
    Code.FIELD_TEAM_MEMBER: Case(fields(type="team member")),
    Code.FIELD_RICH_TEXT: Case(fields(type="rich text")),
    Code.FIELD_LIST: Case(fields(type="list", listValues=["gold", "silver"])),
    Code.COMPANIES_WHOLE: Case(),
    Code.COMPANIES_INCOMPLETE: Case({"beyond": [company(at) for at in range(5, 5 + BEYOND)]}),
    Code.COMPANY_DUPLICATES: Case(LEAN),
    Code.COMPANY_WITHOUT_KEY: Case(LEAN),
    Code.MISSING_CONTACT: Case({"nobody": Heard(200, {})}),
    Code.MISSING_CONTACT_ODD: Case({"nobody": refused(500, "oops")}),
    Code.SORT_HONOURED: Case(),
    Code.SORT_IGNORED: Case({"newest endusers": [contact(3), contact(1)]}),
    Code.SORT_UNTOLD: Case({"newest endusers": [contact(3)]}),
    Code.ROW_WITHOUT_KEY: Case({"newest endusers": [contact(1, externalId=""), contact(2)]}),
    Code.ROW_TWINS: Case({"newest endusers": [contact(1), contact(2, externalId="u-1")]}),
    Code.ROW_FIELD_UNDECLARED: Case({"newest endusers": [contact(1, custom={"plan": "x"})]}),
    Code.ROW_TYPE: Case({"newest endusers": [contact(1, custom={"Logins (30 days)": "7"})]}),
    Code.ROW_LIST_VALUE: Case(fields(type="list", listValues=["silver"])),
    Code.LEFTOVERS: Case({"newest endusers": [contact(1, externalId="hull-planhat-check-1")]}),
    Code.QUOTA_HEADERS: Case(),
    Code.QUOTA_UNTOLD: Case(headers={"Date": AT}),
    Code.QUOTA_SMALLER: Case(headers={"X-Rate-Limit-Limit": "100"}),
    Code.CLOCK: Case(),
    Code.CLOCK_SKEW: Case(headers={"Date": AT}),
    Code.CLOCK_UNTOLD: Case(headers={"X-Rate-Limit-Limit": "200"}),
}


def findings(case: Case) -> dict[str, str]:
    """The lines by their codes."""
    connector = tenant.connector(case.old, case.new)
    answers = tenant.tell(case.answers, **{k.replace("-", "_"): v for k, v in case.headers.items()})
    found = live_findings(connector, answers, 200.0)
    return {one.code: f"{one.status}: {one.message}" for one in found}


@pytest.mark.parametrize("code", CASES)
def test_the_page_has_the_line_of_each_code(code: Code) -> None:
    line = findings(CASES[code])[code]

    assert f"| `{code}` | `{line}` |" in PAGE


def test_the_page_has_all_codes_and_no_other() -> None:
    told = re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)

    assert sorted(told) == sorted([*Code, CASE_TWINS])
    assert CASES.keys() | BY_THE_RUN == set(Code)


def test_where_all_is_well_there_is_nothing_to_do() -> None:
    found = live_findings(tenant.connector(), tenant.tell(), 200.0)

    assert [one for one in found if one.status != "ok"] == []
