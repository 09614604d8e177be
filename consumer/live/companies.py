"""Whether all companies are told, one for each external id; and how contacts are found. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from consumer.decide.moment import iso_moment
from consumer.live.codes import Code
from consumer.live.questions import BEYOND, newest
from consumer.live.rows import key, objects, some
from consumer.settings.findings import Finding, error, warning
from consumer.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from consumer.live.questions import Answers
    from planhat_client.answers.heard import Heard

_NOT_THERE: Final = 404
_FEWEST_SORTED: Final = 2
_NOTHING: Final[tuple[object, ...]] = (None, {}, [])


def company_findings(answers: Answers) -> Iterator[Finding]:
    """Say whether /leancompanies has all, and whether one external id means one company."""
    lean = answers.get("lean")
    if lean is None:
        return
    if lean.rows is None:
        yield error(
            f"Planhat: /leancompanies: {lean.reason or 'no list'}: contacts can't be given to their"
            " companies; give the token the right to read companies",
            Code.MODEL_UNREADABLE,
        )
        return
    companies = objects(lean)
    yield _whole(companies, answers)
    keys = [key(row.get("externalId")) for row in companies]
    shared = [name for name, count in Counter(keys).items() if name and count > 1]
    if shared:
        yield error(
            f"Planhat: {len(shared)} external {plural(len(shared), 'id is', 'ids are')} shared by"
            f" several companies, {some(shared)}: nobody knows to which a contact belongs; merge"
            " them in Planhat",
            Code.COMPANY_DUPLICATES,
        )
    if bare := keys.count(""):
        yield warning(
            f"Planhat: {bare} of {_counted(keys)} {plural(bare, 'has', 'have')} no external id: an"
            " account of Hull may create them once more; give them theirs",
            Code.COMPANY_WITHOUT_KEY,
        )


def _counted(companies: Sequence[object]) -> str:
    return f"{len(companies):,} {plural(len(companies), 'company', 'companies')}"


def _whole(companies: Sequence[Mapping[str, Any]], answers: Answers) -> Finding:
    known = {key(row.get("_id")) for row in companies}
    # Whatever only moved between the two reads is known from the first.
    rows = objects(answers.get("beyond"))
    beyond = sum(key(row.get("_id")) not in known for row in rows if key(row.get("_id")))
    if beyond:
        least = "at least " if beyond >= BEYOND else ""
        return error(
            f"Planhat: /leancompanies lists {_counted(companies)}, /companies has {least}{beyond}"
            " more: contacts of those would wait in vain; run this again in a quiet minute, then"
            " ask Planhat for the whole list",
            Code.COMPANIES_INCOMPLETE,
        )
    told = f"Planhat: /leancompanies lists all, {_counted(companies)}"
    return Finding("ok", told, Code.COMPANIES_WHOLE)


def contact_findings(answers: Answers) -> Iterator[Finding]:
    """Say how Planhat tells that a contact is not there, and whether it sorts."""
    nobody = answers.get("nobody")
    if nobody is not None and nobody.status is not None:
        yield _nobody(nobody, nobody.status)
    latest = answers.get(newest("endusers"))
    if latest is not None and latest.rows is not None:
        yield _sorting(latest.rows, objects(answers.get("oldest endusers")))


def _nobody(answer: Heard, status: int) -> Finding:
    is_nothing = not answer.reason and answer.document in _NOTHING
    if status == _NOT_THERE or is_nothing:
        shape = "null" if answer.document is None else str(answer.document)
        how = str(status) if status == _NOT_THERE else f"{status} with {shape}"
        told = f"Planhat: a contact that is not there is answered {how}"
        return Finding("ok", told, Code.MISSING_CONTACT)
    told = answer.reason or f"{status} with something"
    return warning(
        f"Planhat: a contact that is not there is answered {told}: a user that moves can't be"
        " looked up, and may be created twice; ask Planhat whether the token may read contacts",
        Code.MISSING_CONTACT_ODD,
    )


def _sorting(latest: Sequence[object], oldest: Sequence[object]) -> Finding:
    moments = [moment for moment in map(_moment, latest) if moment is not None]
    is_untold = len(moments) < len(latest) or len(set(moments)) < _FEWEST_SORTED
    if is_untold:
        told = "Planhat: too few contacts with an updatedAt to tell whether it sorts"
        return Finding("ok", told, Code.SORT_UNTOLD)
    first = _moment(oldest[0]) if oldest else None
    if moments == sorted(moments, reverse=True) and (first is None or first <= moments[-1]):
        return Finding("ok", "Planhat: sort=-updatedAt is honoured", Code.SORT_HONOURED)
    return warning(
        "Planhat: sort=-updatedAt is not honoured: the rows compared here are any, not the newest;"
        " nothing to do, the service does not sort",
        Code.SORT_IGNORED,
    )


def _moment(row: object) -> datetime | None:
    found = iso_moment(row.get("updatedAt")) if isinstance(row, dict) else None
    return datetime.fromisoformat(found) if found else None
