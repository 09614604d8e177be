"""Which models may be read, how the quota is told, and whether our clocks agree. Pure."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from consumer.live.codes import Code
from consumer.settings.findings import Finding
from schemas.models import MODELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.live.questions import Answers, Wanted
    from planhat_client.answers.heard import Heard

_FORBIDDEN: Final = (401, 403)
_MISSING: Final = (404, 405)
_SKEW_SECONDS: Final = 5.0
"""`Date` counts whole seconds, and an answer takes some."""
_OF_QUOTA: Final = re.compile(r"(?:x-)?rate-?limit.*|x-rate-limit.*|retry-after", re.IGNORECASE)
_MOST_HEADERS: Final = 6
_LONGEST_HEADER: Final = 60
_TABLES: Final = {
    **{model.resource.value: f"{model.plural} are not sent" for model in MODELS.values()},
    "users": "owners stay unknown, and companies wait for them",
}


def access_findings(wanted: Wanted, answers: Answers) -> Iterator[Finding]:
    """Say which of the models that we need may not be read, and what Planhat has instead."""
    readable = []
    for model in wanted.models:
        if model not in answers:
            continue
        answer = answers[model]
        if model == "licenses" and _are_deals(answers):
            yield Finding(
                "error",
                "Planhat: licences are mapped (account_licenses_attribute), but this tenant has"
                " Deals and no Licences: they would not be stored; ask Planhat whether the License"
                " model can be switched on, or remove account_licenses_attribute",
                Code.LICENCES_ARE_DEALS,
            )
        elif answer.rows is not None:
            readable.append(model)
        else:
            yield _unread(model, answer)
    if readable:
        yield Finding("ok", f"Planhat: may read {', '.join(readable)}", Code.MODELS_READABLE)


def _are_deals(answers: Answers) -> bool:
    """Without the model Planhat answers 404, or with no row where there are deals."""
    deals = answers["deals"].rows if "deals" in answers else None
    licences = answers["licenses"]
    has_none = licences.status in (*_FORBIDDEN, *_MISSING) or licences.rows == []
    return bool(deals) and has_none


def _unread(model: str, answer: Heard) -> Finding:
    told = f"Planhat: /{model}: {answer.reason or f'{answer.status} without a list'}"
    effect = _TABLES[model]
    if answer.status in _FORBIDDEN:
        remedy = f"the token may not read it, so {effect}; give its Private App the right"
        return Finding("error", f"{told}: {remedy}", Code.MODEL_FORBIDDEN)
    if answer.status in _MISSING:
        remedy = f"this tenant does not have it, so {effect}; ask Planhat, or do not map it"
        return Finding("error", f"{told}: {remedy}", Code.MODEL_MISSING)
    return Finding("warning", f"{told}; try again, then ask Planhat", Code.MODEL_UNREADABLE)


def quota_findings(answers: Answers, per_minute: float) -> Iterator[Finding]:
    """Say which headers tell the quota, and whether it is what the settings say."""
    told = [one for one in answers.values() if one.status is not None]
    names = {name for one in told for name in one.headers if _OF_QUOTA.fullmatch(name)}
    if not told:
        return
    if not names:
        yield Finding(
            "ok",
            "Planhat: no header tells the quota: PLANHAT_REQUESTS_PER_MINUTE alone bounds us",
            Code.QUOTA_UNTOLD,
        )
        return
    shown = ", ".join(name[:_LONGEST_HEADER] for name in sorted(names)[:_MOST_HEADERS])
    limits = [one.quota.limit for one in told if one.quota and one.quota.limit is not None]
    left = [one.quota.remaining for one in told if one.quota and one.quota.remaining is not None]
    limit = f": {limits[-1]} calls" if limits else ""
    rest = f", {left[-1]} left" if left else ""
    yield Finding("ok", f"Planhat: the quota is told by {shown}{limit}{rest}", Code.QUOTA_HEADERS)
    if limits and 0 < limits[-1] < per_minute:
        yield Finding(
            "warning",
            f"Planhat: allows {limits[-1]} calls a minute, PLANHAT_REQUESTS_PER_MINUTE is"
            f" {per_minute:g}: more than that are refused; set it to {limits[-1]}",
            Code.QUOTA_SMALLER,
        )


def clock_findings(answers: Answers) -> Iterator[Finding]:
    """Say whether our clock and Planhat's agree: moments that we send are ours."""
    told = [one for one in answers.values() if one.status is not None]
    skews = [skew for skew in map(_skew, told) if skew is not None]
    if not told:
        return
    if not skews:
        yield Finding(
            "ok", "Planhat: no answer has a Date, clocks are not compared", Code.CLOCK_UNTOLD
        )
        return
    # What an answer took on its way makes us late: the smallest difference is the truest.
    skew = min(skews, key=abs)
    if abs(skew) <= _SKEW_SECONDS:
        yield Finding("ok", "Planhat: our clocks agree", Code.CLOCK)
        return
    which = "ahead of" if skew > 0 else "behind"
    yield Finding(
        "warning",
        f"Planhat: our clock is {abs(skew):,.0f} s {which} Planhat's: moments that we make up are"
        " wrong by that; set this machine's clock (NTP)",
        Code.CLOCK_SKEW,
    )


def _skew(answer: Heard) -> float | None:
    """Seconds that we are ahead."""
    date = next((value for name, value in answer.headers.items() if name.lower() == "date"), "")
    try:
        moment = parsedate_to_datetime(date)
        # A date in HTTP is always in UTC, whether or not it says so.
        return answer.at - moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
