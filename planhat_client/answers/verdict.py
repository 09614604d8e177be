"""What an answer proves about each item of a bulk upsert. Pure.

Planhat documents no way to tie an error to an item: no index, no order, no shape of the entries
("Bulk upsert"). So keys prove a success, and an entry that names an item makes it a suspect; what
neither proves nor names stays unproven. Sending an unproven item again is safe: an upsert has the
same effect twice. An item that flew alone is never unproven, so that nothing goes on for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from planhat_client.answers.error_text import error_text
from planhat_client.keys import Index, Item
from planhat_client.protocol import TRANSIENT, Delivered, Partial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.planhat import BulkResult

Change = Literal["created", "updated", "unchanged"]

_MANY = "refused with many others"
_MOST_TOLD = 50
_LONGEST_ID = 100

IGNORED = "Planhat ignored it and does not say why"


@dataclass(init=False, slots=True)
class Proven:
    """Planhat has it; its id and what was done, as far as the answer tells."""

    planhat_id: str | None
    change: Change | None

    # Written out, as one is made for each item: what a dataclass writes can't be compiled.
    def __init__(self, planhat_id: str | None = None, change: Change | None = None) -> None:
        """Nothing more may be known than that it is there."""
        self.planhat_id = planhat_id
        self.change = change


@dataclass(frozen=True, slots=True)
class Suspect:
    """An error names it. `transient`: the same may work in a moment, as when two requests met.

    `is_certain`: this very item was not taken, as if it had flown alone.
    """

    reason: str
    transient: bool = False
    is_certain: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Unproven:
    """Nothing tells what became of it; or, if `is_certain`, that it was not taken, but not why."""

    reason: str
    is_certain: bool = field(default=False, compare=False)


Verdict: TypeAlias = Proven | Suspect | Unproven


def verdicts(items: Sequence[Item], answer: Delivered | Partial) -> list[Verdict]:
    """One verdict an item, in the order of the items; never raises, whatever the answer."""
    result = answer.result
    if isinstance(answer, Delivered) and answer.is_whole:
        return [Proven() for _ in items]
    if len(items) == 1:
        return [_alone(items[0], answer)]
    if result is None:
        return [Unproven("a success without a result") for _ in items]
    index = Index(items)
    proofs = _proofs(index, result)
    if isinstance(answer, Delivered) and not result.errors and result.succeeded >= len(items):
        return _completed(proofs, result)
    return _judged(index, proofs, result, answer)


def _alone(item: Item, answer: Delivered | Partial) -> Verdict:
    """What became of the only item: here all that the answer says is about it.

    Counts that are all zero mean that Planhat ignored it, as it does an enduser without a company;
    it may know that company in a moment. A success without any counts is believed.
    """
    result = answer.result
    if result is None:
        return Proven()
    if result.errors:
        return _suspect(result.errors[0], answer)
    proof = _lone(result) or _proofs(Index([item]), result)[0] or _counted(result)
    if proof is not None:
        return proof
    if isinstance(answer, Partial):
        return Suspect(answer.reason, transient=TRANSIENT in answer.reason)
    if "nonupdates" in result.model_fields_set:
        return Suspect(IGNORED, transient=True)
    return Proven()


def _lone(result: BulkResult) -> Proven | None:
    """One item sent and one key back: they belong together, whatever the key says."""
    entries = result.inserted + result.changed
    if len(entries) == 1 and isinstance(entries[0], dict):
        return Proven(_id(entries[0]), "created" if result.inserted else "updated")
    return None


def _counted(result: BulkResult) -> Proven | None:
    if result.created:
        return Proven(None, "created")
    if result.updated:
        return Proven(None, "updated")
    return Proven(None, "unchanged") if result.nonupdates else None


def _proofs(index: Index, result: BulkResult) -> list[Proven | None]:
    """For each item what the lists of keys prove; the order of these lists is not documented."""
    found: list[Proven | None] = [None] * len(index)
    others: list[tuple[dict[str, Any], Change]] = []
    for at, entry in enumerate(result.inserted + result.changed):
        if not isinstance(entry, dict):
            continue
        change: Change = "created" if at < len(result.inserted) else "updated"
        position = index.find(entry)
        if position is None:
            others.append((entry, change))
        elif found[position] is None:
            found[position] = Proven(_id(entry), change)
    if others and all(found[at] is not None for at in index.untagged):
        for entry, change in others:
            position = index.renamed(entry)
            if position is not None and found[position] is None:
                found[position] = Proven(_id(entry), change)
    return found


def _judged(
    index: Index,
    proofs: Sequence[Proven | None],
    result: BulkResult,
    answer: Delivered | Partial,
) -> list[Verdict]:
    named, is_exact = _named(index, result.errors, answer)
    found: list[Verdict | None] = [proof or named.get(at) for at, proof in enumerate(proofs)]
    is_rest_proven = is_exact and not any(proofs[at] for at in named)
    if is_rest_proven and result.succeeded == len(found) - len(named):
        return _completed(found, result)
    reason = answer.reason if isinstance(answer, Partial) else "the counts do not add up"
    taken = sum(isinstance(verdict, Proven) for verdict in found)
    # Where errors are told, those without one may have been held back for the others.
    is_told = not result.errors or len(result.errors) >= len(found) - taken
    is_whole = bool(result.errors) or isinstance(answer, Delivered)
    is_certain = result.is_counted and result.succeeded == taken and is_told and is_whole
    return [
        verdict if isinstance(verdict, Proven) else _doubt(verdict, reason, is_certain=is_certain)
        for verdict in found
    ]


def _doubt(
    verdict: Suspect | Unproven | None, reason: str, *, is_certain: bool
) -> Suspect | Unproven:
    """What is known of an item that is not proven; `is_certain`: none of these was taken."""
    if not isinstance(verdict, Suspect):
        return Unproven(reason, is_certain)
    if verdict.is_certain or not is_certain:
        return verdict
    return Suspect(verdict.reason, verdict.transient, is_certain=True)


def _completed(found: Sequence[Verdict | None], result: BulkResult) -> list[Verdict]:
    """The items without a verdict succeeded: they are unchanged if there are as many of these."""
    rest = sum(verdict is None for verdict in found)
    change: Change | None = "unchanged" if rest == result.nonupdates else None
    return [verdict or Proven(None, change) for verdict in found]


def _named(
    index: Index, errors: Sequence[Any], answer: Delivered | Partial
) -> tuple[dict[int, Suspect], bool]:
    """The items that entries name; and whether each entry names one of its own by its keys."""
    named: dict[int, Suspect] = {}
    is_exact = bool(errors)
    for entry in errors:
        positions, is_clear = index.named(entry)
        is_exact = is_exact and is_clear and not positions & named.keys()
        if new := positions - named.keys():
            is_told = len(named) < _MOST_TOLD
            named |= dict.fromkeys(
                new, _suspect(entry, answer, is_told=is_told, is_certain=is_clear)
            )
    return named, is_exact


def _suspect(
    entry: Any,  # noqa: ANN401 - likewise
    answer: Delivered | Partial,
    *,
    is_told: bool = True,
    is_certain: bool = True,
) -> Suspect:
    """Say what is wrong with an item; of very many that is not worth the time to clean it."""
    said = error_text(entry)
    if not is_told:
        reason = _MANY
    else:
        clean = answer.clean if isinstance(answer, Partial) else str
        missing = answer.result.permission_errors if answer.result is not None else ()
        reason = error_text(entry, clean, permission_errors=missing)
    return Suspect(reason, TRANSIENT in said, is_certain)


def _id(entry: dict[str, Any]) -> str | None:
    found = entry.get("_id")
    if not isinstance(found, str) or not 0 < len(found) <= _LONGEST_ID:
        return None
    return found if found.isprintable() else None
