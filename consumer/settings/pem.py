"""What is wrong with a file that should be PEM. Pure."""

from __future__ import annotations

import re
from typing import Final, Literal

Wanted = Literal["certificate", "private key"]

_LABEL: Final = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_OTHERS: Final = {
    re.compile(rb"\x30[\x82-\x84].{2,4}?\x02\x01\x03\x30", re.DOTALL): "PKCS#12",
    re.compile(rb"\x30[\x81-\x84]"): "DER",
    re.compile(rb"\xfe\xed\xfe\xed|\xce\xce\xce\xce"): "a Java key store",
}
"""How what is often mounted instead begins."""


def holds(raw: bytes, wanted: Wanted) -> bool:
    """Tell whether there is a block of that kind, be it damaged."""
    return any(label.endswith(wanted.upper().encode()) for label in _LABEL.findall(raw))


def fault(raw: bytes, wanted: Wanted) -> str:
    """Say why there is no usable `wanted` in it, in a form that goes after the file's name."""
    labels = _LABEL.findall(raw)
    if holds(raw, wanted):
        return f"holds a {wanted} that is damaged or cut off"
    if labels:
        return f"holds no {wanted}, but: {labels[0].decode().lower()}"
    for beginning, what in _OTHERS.items():
        if beginning.match(raw):
            return f"is {what}: PEM is needed"
    return f"is no PEM: it holds no {wanted}"
