"""What was learnt, as a dialect and as findings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from consumer.live.codes import Code
from consumer.settings.findings import Finding
from schemas.dialect import UNKNOWN, Dialect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from consumer.live.questions import Answers
    from planhat_client.answers.heard import Heard

_NOT_THERE: Final = 404
_SPELLINGS: Final = ("x-rate-limit", "x-ratelimit")


def by_reading(answers: Answers, findings: Sequence[Finding]) -> Dialect:
    """What reads alone tell."""
    codes = {one.code for one in findings}
    nobody = answers.get("nobody")
    return Dialect.model_validate(
        {
            "missing_record": _missing(nobody) if nobody else UNKNOWN,
            "sort_updated": _either(
                codes, Code.SORT_HONOURED, "honoured", Code.SORT_IGNORED, "ignored"
            ),
            "leancompanies": _either(
                codes, Code.COMPANIES_WHOLE, "complete", Code.COMPANIES_INCOMPLETE, "capped"
            ),
            "rate_limit_headers": _headers(answers),
        }
    )


def _either(codes: set[str], one: Code, told: str, other: Code, otherwise: str) -> str:
    if one in codes:
        return told
    return otherwise if other in codes else UNKNOWN


def _missing(nobody: Heard) -> str:
    if nobody.status == _NOT_THERE:
        return "not_found"
    if nobody.reason or nobody.status is None:
        return UNKNOWN
    forms: tuple[tuple[Any, str], ...] = (
        (None, "null"),
        ({}, "empty_object"),
        ([], "empty_list"),
    )
    return next((told for form, told in forms if nobody.document == form), UNKNOWN)


def _headers(answers: Answers) -> str:
    heard = [one for one in answers.values() if one.status is not None]
    names = [name.lower() for one in heard for name in one.headers]
    if not heard:
        return UNKNOWN
    return next((one for one in _SPELLINGS if any(n.startswith(one) for n in names)), "none")


def told(dialect: Dialect, why_not: Mapping[str, str]) -> Iterator[Finding]:
    """A line for each question; `why_not` says of some why they stay open."""
    known = dialect.known()
    for name in Dialect.model_fields:
        if name in known:
            value = known[name]
            shown = ", ".join(value) if isinstance(value, tuple) else str(value)
            yield Finding("ok", f"Planhat: {name}: {shown}", Code.LEARNT)
        else:
            why = why_not.get(name, "no answer tells")
            yield Finding("ok", f"Planhat: {name}: not learnt: {why}", Code.NOT_LEARNT)
