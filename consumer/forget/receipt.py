"""What a receipt says: one JSON object a line, with digests where it would name somebody. Pure.

The salt is in the receipt itself: whoever holds it and is told an address can see that it is the
one that was forgotten, which is what a receipt is for, and can go on where a run was interrupted.
It names nobody to whom it is shown; a guess costs a twentieth of a second (scrypt). Planhat's ids
stay: they name nobody any more once the contact is gone.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from consumer.forget.names import Name

FORM: Final = 1
_COST: Final = {"n": 1 << 14, "r": 8, "p": 1}
HOW: Final = "scrypt, n 16384, r 8, p 1, 16 bytes of 'kind:value', e-mail addresses in lower case"
_SALT_BYTES: Final = 16
_STATES: Final = frozenset({"deleting", "deleted", "gone", "failed"})


class NoReceipt(Exception):
    """What lies in the file is something else; the text says what."""


@dataclass(slots=True)
class Past:
    """What a receipt told already: the salt, the contacts of each digest, how far each is."""

    salt: bytes
    contacts: dict[str, list[str]] = field(default_factory=dict)
    states: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Planhat's id -> what was done last, and when."""

    @property
    def unfinished(self) -> list[str]:
        """Ids that were to be deleted, and are not known to be gone."""
        return [one for one, (state, _) in self.states.items() if state != "gone"]

    def forgotten(self, digest: str) -> str | None:
        """When the last contact of a name was seen to be gone; None unless all are."""
        states = [self.states.get(one, ("", "")) for one in self.contacts.get(digest, ())]
        is_done = bool(states) and all(state == "gone" for state, _ in states)
        return max(at for _, at in states) if is_done else None


def digest(name: Name, salt: bytes) -> str:
    """What stands for a name in a receipt."""
    told = f"{name.kind}:{name.value}".encode()
    found = hashlib.scrypt(told, salt=salt, dklen=16, maxmem=64 << 20, **_COST)
    return found.hex()


def line(event: str, now: float, **told: Any) -> str:  # noqa: ANN401 - any JSON
    """One line; `now` in seconds since 1970."""
    at = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return json.dumps({"event": event, "at": at, **told}, ensure_ascii=False) + "\n"


def past(text: str, fresh_salt: bytes) -> Past:
    """Read a receipt, or begin one by a fresh salt; a line that a crash tore is passed over.

    Raises NoReceipt.
    """
    found: Past | None = None
    for one in text.split("\n")[:-1]:
        told = _told(one)
        if found is None:
            if told.get("event") != "begun" or told.get("receipt") != FORM:
                break
            found = Past(_salt(told))
        _learn(found, told)
    if found is None and text:
        raise NoReceipt("is no receipt of hull-planhat forget")
    return found or Past(fresh_salt)


def _told(one: str) -> dict[str, Any]:
    try:
        document = json.loads(one)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _salt(told: dict[str, Any]) -> bytes:
    try:
        salt = bytes.fromhex(told["salt"])
    except (KeyError, TypeError, ValueError):
        raise NoReceipt("has no salt: nothing can be told from it") from None
    if len(salt) != _SALT_BYTES:
        raise NoReceipt("has a salt of another length: nothing can be told from it")
    return salt


def _learn(found: Past, told: dict[str, Any]) -> None:
    event, at, planhat_id = (told.get(one) for one in ("event", "at", "planhat_id"))
    if event in _STATES and isinstance(planhat_id, str):
        found.states.pop(planhat_id, None)
        found.states[planhat_id] = (str(event), str(at))
    elif event == "named" and isinstance(told.get("contacts"), list):
        known = found.contacts.setdefault(str(told.get("digest")), [])
        known += [str(one) for one in told["contacts"] if str(one) not in known]
