"""What is asked of the tenant, and in which order; later questions come of earlier answers. Pure.

`sort` and `select` are asked for as the API reference has them; whether they are honoured is one of
the questions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote

from schemas.models import LICENSES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from planhat_client.answers.heard import Heard

MOST_CALLS: Final = 25
"""Of the quota, those of the ordinary check included."""
FIELDS_PAGE: Final = 2000
_FIELD_PAGES: Final = 5
NEWEST: Final = 50
BEYOND: Final = 20
"""Rows that are read behind where the list of companies should end."""
PREFIX: Final = "hull-planhat-check-"
"""How each external id begins that this command makes up."""
NOBODY: Final = f"{PREFIX}nobody"

Answers: TypeAlias = "Mapping[str, Heard]"
"""What was answered, by the name of the question."""


@dataclass(frozen=True, slots=True)
class Question:
    """One read; `path` with its query."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the settings make worth asking: `sent` are the models that they send."""

    sent: tuple[str, ...]
    has_owners: bool

    @property
    def models(self) -> tuple[str, ...]:
        """The models that the service reads or writes."""
        return (*self.sent, *(("users",) if self.has_owners else ()))


def next_question(wanted: Wanted, answers: Answers) -> Question | None:
    """Give what is still to be asked, None if nothing is."""
    return next((one for one in _questions(wanted, answers) if one.name not in answers), None)


def fields_pages(answers: Answers) -> list[Heard]:
    """The answers to /customfields, page by page."""
    return [answers[name] for name in map(_field_page, range(_FIELD_PAGES)) if name in answers]


def is_last(pages: Sequence[Heard]) -> bool:
    """Whether the last page has nothing that those before it have not: some have small pages."""
    if not pages or pages[-1].rows is None:
        return bool(pages)
    known = {_row(row) for page in pages[:-1] for row in page.rows or ()}
    return known.issuperset(map(_row, pages[-1].rows))


def _row(row: object) -> object:
    names = ("_id", "parent", "name")
    return tuple(str(row.get(name)) for name in names) if isinstance(row, dict) else None


def newest(model: str) -> str:
    """The name of the question for the newest rows of a model."""
    return f"newest {model}"


def _questions(wanted: Wanted, answers: Answers) -> Iterator[Question]:
    for model in wanted.models:
        yield Question(model, f"{model}?limit=1")
    if LICENSES.resource in wanted.sent:
        yield Question("deals", "deals?limit=1")
    yield from _fields(answers)
    yield Question("nobody", f"endusers/extid-{quote(NOBODY, safe='')}")
    yield Question("lean", "leancompanies")
    lean = answers["lean"].rows if "lean" in answers else None
    if lean:
        yield Question("beyond", f"companies?limit={BEYOND}&offset={len(lean)}&select=_id")
    for model in wanted.models:
        if model != "users" and model in answers and answers[model].rows:
            yield _sorted(newest(model), model, "-updatedAt", NEWEST)
    if answers["endusers"].rows if "endusers" in answers else None:
        yield _sorted("oldest endusers", "endusers", "updatedAt", 2)


def _sorted(name: str, model: str, order: str, rows: int) -> Question:
    select = "_id,externalId,companyId,updatedAt,custom"
    return Question(name, f"{model}?limit={rows}&sort={order}&select={select}")


def _fields(answers: Answers) -> Iterator[Question]:
    pages = fields_pages(answers)
    if not is_last(pages) and len(pages) < _FIELD_PAGES:
        offset = sum(len(page.rows or ()) for page in pages)
        path = f"customfields?limit={FIELDS_PAGE}&offset={offset}"
        yield Question(_field_page(len(pages)), path)


def _field_page(page: int) -> str:
    return f"customfields {page}"
