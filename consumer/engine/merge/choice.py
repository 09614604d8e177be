"""Of the contacts that a merge concerns: which one is kept, and which end. Pure.

The rules are those of docs/decisions/0022. E-mail addresses are the same in any case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from schemas.planhat import Enduser

Key: TypeAlias = Literal["_id", "externalId", "email"]
Ask: TypeAlias = tuple[Key, str]
"""A key, and its value: contacts that have it are to be found."""


class Keys:
    """By what contacts are found; addresses in small letters."""

    __slots__ = ("emails", "external_ids", "ids")

    def __init__(
        self, ids: Iterable[str] = (), external_ids: Iterable[str] = (), emails: Iterable[str] = ()
    ) -> None:
        self.ids = frozenset(ids)
        self.external_ids = frozenset(external_ids)
        self.emails = frozenset([email.lower() for email in emails])

    def add(self, other: Keys) -> None:
        """Find those of another, too."""
        self.ids |= other.ids
        self.external_ids |= other.external_ids
        self.emails |= other.emails


class Survivor:
    """The user that others were merged into, by what it is sent with."""

    __slots__ = ("company", "email", "external_id", "known_id", "planhat_id")

    def __init__(
        self,
        planhat_id: str | None = None,
        external_id: str | None = None,
        email: str | None = None,
        company: str | None = None,
        known_id: str | None = None,
    ) -> None:
        """`planhat_id` is the one that Hull tells; `company` is Planhat's id, None if unknown.

        `known_id` is what the last answer told of its contact before the merge.
        """
        self.planhat_id = planhat_id
        self.external_id = external_id
        self.email = email.lower() if email else None
        self.company = company
        self.known_id = known_id


class Choice:
    """What was chosen.

    `keep` is the survivor's contact from now on, None if there is none. `ends` are to be archived
    or deleted. `left` are in other companies: whose they are is not known.
    """

    __slots__ = ("ends", "keep", "left")

    def __init__(self, keep: Enduser | None, ends: list[Enduser], left: list[Enduser]) -> None:
        self.keep = keep
        self.ends = ends
        self.left = left


def asks(survivor: Survivor, lost: Keys) -> list[Ask]:
    """What to ask Planhat for, each once; the survivor's own keys first."""
    found: dict[Ask, None] = {}
    if survivor.external_id:
        found["externalId", survivor.external_id] = None
    if survivor.planhat_id:
        found["_id", survivor.planhat_id] = None
    for planhat_id in sorted(lost.ids):
        found["_id", planhat_id] = None
    for external_id in sorted(lost.external_ids):
        found["externalId", external_id] = None
    for email in sorted(lost.emails | ({survivor.email} if survivor.email else set())):
        found["email", email] = None
    return list(found)


def choose(rows: Sequence[Enduser], survivor: Survivor, lost: Keys) -> Choice:
    """Choose among `rows`, whatever else may be among them."""
    keep = _own(rows, survivor)
    losers, left = _losers(rows, survivor, lost)
    if keep is None and losers:
        keep = min(losers, key=lambda row: _rank_of_loser(row, survivor, lost))
    by_id = _named(rows, survivor)
    if by_id is not None and by_id not in losers and by_id not in left:
        known = (survivor.external_id, *lost.external_ids)
        if by_id.external_id is None or by_id.external_id in known:
            losers.append(by_id)
    losers += [row for row in _before(rows, survivor, lost) if row not in losers]
    if keep is None:
        return Choice(None, losers, left)
    sure, doubtful = _others(rows, keep, survivor, lost)
    losers += [row for row in sure if row not in losers]
    left += [row for row in doubtful if row not in losers and row not in left]
    return Choice(
        keep,
        [row for row in losers if row.id != keep.id],
        [row for row in left if row.id != keep.id and row not in sure],
    )


def _others(
    rows: Sequence[Enduser], keep: Enduser, survivor: Survivor, lost: Keys
) -> tuple[list[Enduser], list[Enduser]]:
    """Contacts with the survivor's external id beside the one that is kept.

    Those that are surely its own, and those that may be somebody else's.
    """
    external_id = survivor.external_id
    if external_id is None:
        return [], []
    others = [row for row in rows if row.external_id == external_id and row.id != keep.id]
    sure: list[Enduser] = []
    doubtful: list[Enduser] = []
    for row in others:
        address = _email(row)
        is_its_own = bool(address) and (address == survivor.email or address in lost.emails)
        is_known = len(others) == 1 and row.id == survivor.known_id
        (sure if is_its_own or is_known else doubtful).append(row)
    return sure, doubtful


def _named(rows: Sequence[Enduser], survivor: Survivor) -> Enduser | None:
    """The contact that Hull names."""
    if survivor.planhat_id is None:
        return None
    return next((row for row in rows if row.id == survivor.planhat_id), None)


def _own(rows: Sequence[Enduser], survivor: Survivor) -> Enduser | None:
    """The contact that the survivor's own keys find."""
    external_id, email = survivor.external_id, survivor.email
    named = [row for row in rows if external_id and row.external_id == external_id]
    # Planhat refuses an external id that another contact of the company has.
    here = [
        row for row in named if row.company_id is not None and row.company_id == survivor.company
    ]
    if here:
        return here[0]
    # If it is not known which company, it may be the one where its external id is taken.
    if survivor.company is None and len(named) == 1:
        return named[0]
    by_id = _named(rows, survivor)
    if by_id is not None:
        return by_id
    if len(named) == 1:
        return named[0]
    addressed = [
        row
        for row in rows
        if email and _email(row) == email and row.external_id in (None, external_id)
    ]
    if named or not addressed:
        return None
    return min(addressed, key=lambda row: _rank(row, survivor))


def _before(rows: Sequence[Enduser], survivor: Survivor, lost: Keys) -> list[Enduser]:
    """The survivor's contacts of the time when it had no external id: it has the loser's now."""
    # A list of its own: what stands behind an `in` can't be compiled, if it unpacks.
    theirs = [*lost.external_ids, *[row.external_id for row in rows if row.id in lost.ids]]
    inherits = survivor.external_id in theirs
    if survivor.email is None or survivor.external_id is None or not inherits:
        return []
    return [row for row in rows if row.external_id is None and _email(row) == survivor.email]


def _losers(
    rows: Sequence[Enduser], survivor: Survivor, lost: Keys
) -> tuple[list[Enduser], list[Enduser]]:
    """The losers' contacts, and those that may be somebody else's in another company."""
    found: list[Enduser] = []
    left: list[Enduser] = []
    for row in rows:
        external_id = row.external_id
        if row.id in lost.ids:
            found.append(row)
        elif external_id is None:
            if _email(row) in lost.emails:
                found.append(row)
        elif external_id in lost.external_ids:
            others = [one for one in rows if one.external_id == external_id]
            is_sure = _email(row) in lost.emails or (
                row.company_id is not None and row.company_id == survivor.company
            )
            (found if len(others) == 1 or is_sure else left).append(row)
    return found, left


def _email(row: Enduser) -> str:
    return (row.email or "").lower()


def _rank(row: Enduser, survivor: Survivor) -> tuple[bool, bool, str]:
    """The best first: in the survivor's company, not archived; else always the same one."""
    return (row.company_id != survivor.company, bool(row.archived), row.id)


def _rank_of_loser(
    row: Enduser, survivor: Survivor, lost: Keys
) -> tuple[bool, bool, bool, bool, str]:
    elsewhere, archived, planhat_id = _rank(row, survivor)
    strong = row.external_id in lost.external_ids
    return (elsewhere, archived, row.id not in lost.ids, not strong, planhat_id)
