"""What an answer of Planhat means, sorted by what to do next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from planhat_client.answers.error_text import Clean
from planhat_client.quota import Quota
from schemas.planhat import BulkResult


@dataclass(frozen=True, slots=True)
class Delivered:
    """Planhat took everything, says the status; whether the counts agree is for `verdict`.

    `result` is None if the answer holds none. `is_whole`: this endpoint never gives a result, so
    the status is all the proof there will be. `note` is what it complained of nevertheless.
    """

    result: BulkResult | None = None
    quota: Quota | None = None
    is_whole: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Partial:
    """Something in the batch was not taken; what was, `verdict` finds out.

    `clean` takes out of the messages of the result what we had sent; `reason` is clean.
    """

    result: BulkResult
    reason: str
    quota: Quota | None = None
    clean: Clean = field(default=str, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Retry:
    """Nobody's fault here: the same may work later. `status` is None for network and time-out."""

    reason: str
    status: int | None = None
    retry_after: float | None = None
    quota: Quota | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """The request as a whole was refused: a batch is to be halved, a single item is bad."""

    reason: str
    status: int | None = None
    quota: Quota | None = None


@dataclass(frozen=True, slots=True)
class Halt:
    """Refused whole, and nothing in it is called bad: token, rights, region or host are wrong.

    Then nothing can work until a person acts. But where a read with the same token works, it is
    about the resource, or something that was sent. `told` is the reason without our own guess.
    """

    reason: str
    status: int | None = None
    quota: Quota | None = None
    told: str = field(default="", compare=False)


Answer: TypeAlias = Delivered | Partial | Retry | Reject | Halt
