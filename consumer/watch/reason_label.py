"""Reasons as labels of metrics: a bounded number of words, whatever the reason says. Pure."""

from __future__ import annotations

import re
from typing import Final

from consumer.decide import reasons
from schemas.models import MODELS

OTHER: Final = "other"
_LISTED: Final = [model for model in MODELS.values() if model.is_listed]
_KNOWN: Final = frozenset(
    value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)
) | {
    # Both reasons of an account may hold at once; they are joined by a blank then.
    f"{reasons.EXTERNAL_ID_REQUIRED} {reasons.ACCOUNT_FILTER}",
    *[reasons.too_many(model.plural) for model in _LISTED],
    *[reasons.no_list(model.plural) for model in _LISTED],
}

_STATUS: Final = re.compile(r"[1-5]\d\d\b")
_PREFIXES: Final = (
    ("network", "network"),
    (reasons.COMPANY_GONE.lower(), "company gone"),
    *[(model.word, f"{model.word} incomplete") for model in _LISTED],
    ("no answer in", "timeout"),
    ("not a hull message", "not a Hull message"),
    ("neither user nor account", "not a Hull message"),
    ("unreadable", "unreadable"),
    ("not json", "not JSON"),
    ("invalid json", "not JSON"),
    ("the counts", "counts do not add up"),
    ("no permission", "no permission"),
    ("success without", "success without a result"),
    ("too many messages", "too many rejected"),
)
_WITHIN: Final = (
    ("without an id", "without an id"),
    ("without an account", "not a Hull message"),
    (" should ", "not a Hull message"),
)

REJECTIONS: Final = (
    *dict.fromkeys(label for _, label in (*_PREFIXES, *_WITHIN)),
    "planhat 400",
    "planhat 403",
    OTHER,
)
"""Labels that rejections usually have; others of the form `planhat 4xx` may join them."""


def reason_label(reason: str) -> str:
    """Return a reason of our own word for word; what others said by its kind."""
    if not reason or reason in _KNOWN:
        return reason
    if status := _STATUS.match(reason):
        return f"planhat {status[0]}"
    lower = reason.lower()
    for prefix, label in _PREFIXES:
        if lower.startswith(prefix):
            return label
    return next((label for part, label in _WITHIN if part in lower), OTHER)
