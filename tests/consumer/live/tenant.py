"""A tenant as it answers, of which all is well for the settings of tests/data; and what may be."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from planhat_client.answers.heard import Heard
from planhat_client.quota import Quota
from schemas.connector import ConnectorSettings
from tests.consumer.cli.commands import CONNECTOR

GOOD_TEXT = CONNECTOR.read_text("utf-8")
NOW = 1_800_000_000.0
HEADERS = {
    "Date": "Fri, 15 Jan 2027 08:00:00 GMT",
    "X-Rate-Limit-Limit": "200",
    "X-Rate-Limit-Remaining": "187",
}


def field(name: str, parent: str = "enduser", kind: str = "text", **more: object) -> dict[str, Any]:
    return {"_id": f"f-{parent}-{name}", "parent": parent, "name": name, "type": kind, **more}


FIELDS = (
    field("Logins (30 days)", kind="number"),
    field("Last login", kind="date"),
    field("Plan"),
    field("Plan", "company"),
    field("Seats", "company", "number"),
    field("Seats", "license", "number"),
)


def contact(number: int, **more: object) -> dict[str, Any]:
    custom = {"Logins (30 days)": number, "Plan": "gold"}
    return {
        "_id": f"{number:024x}",
        "externalId": f"u-{number}",
        "companyId": "c1",
        "updatedAt": f"2027-01-14T00:00:{60 - number:02}.000Z",
        "custom": custom,
        **more,
    }


def company(number: int, **more: object) -> dict[str, Any]:
    return {"_id": f"c{number}", "externalId": f"acme-{number}", "name": "Acme", **more}


GOOD: dict[str, Any] = {
    "companies": [company(1)],
    "endusers": [contact(9)],
    "licenses": [{"_id": "l1"}],
    "users": [{"_id": "p1"}],
    "deals": [],
    "customfields 0": list(FIELDS),
    "customfields 1": [],
    "lean": [company(1), company(2)],
    "beyond": [],
    "newest companies": [company(1)],
    "newest endusers": [contact(number) for number in range(1, 10)],
    "newest licenses": [{"_id": "l1"}],
    "oldest endusers": [contact(9), contact(8)],
    "nobody": Heard(404, "Not found", "404 Not found"),
}
"""By the name of the question; `tell` makes an answer of each list."""


def tell(answers: dict[str, Any] | None = None, **headers: str) -> dict[str, Heard]:
    """What the tenant answers, `answers` instead of its own; None: that was not asked."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()} or HEADERS
    given = {**GOOD, **(answers or {})}
    quota = Quota(int(sent["X-Rate-Limit-Limit"])) if "X-Rate-Limit-Limit" in sent else None
    return {
        name: replace(_heard(answer), headers=sent, at=NOW, quota=quota)
        for name, answer in given.items()
        if answer is not None
    }


def _heard(answer: object) -> Heard:
    return answer if isinstance(answer, Heard) else Heard(200, answer)


def refused(status: int, told: str) -> Heard:
    return Heard(status, told, f"{status} {told}")


def fields(*more: dict[str, Any], without: str = "", **changed: object) -> dict[str, Any]:
    """The tenant's fields: some more, one less, or the contact's Plan changed."""
    plan = [{**one, **changed} if one is FIELDS[2] else one for one in FIELDS]
    return {"customfields 0": [one for one in plan if one["name"] != without] + list(more)}


def connector(old: str = "", new: str = "") -> ConnectorSettings:
    """The settings of tests/data, with one text in place of another."""
    text = re.sub(re.escape(old), new, GOOD_TEXT) if old else GOOD_TEXT
    return ConnectorSettings.from_text(text, "connector.yaml")
