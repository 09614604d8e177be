"""By which an address is found without being written down. Pure."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

_PERSON: Final = b"hull-planhat"
_DIGEST_BYTES: Final = 8


class EmailDigest:
    """Makes `email_digest` of addresses: BLAKE2b of 8 bytes, keyed, as 16 hexadecimal digits.

    The key comes from the tenant id, which all processes of a deployment have: it is secret, and
    stays when the token changes.
    """

    def __init__(self, tenant_id: str) -> None:
        key = blake2b(tenant_id.strip().encode("utf-8", "replace"), person=_PERSON).digest()
        self._keyed = blake2b(digest_size=_DIGEST_BYTES, key=key)

    def of(self, email: str) -> str:
        """The digest of an address, whatever the case of its letters."""
        keyed = self._keyed.copy()
        keyed.update(email.strip().lower().encode("utf-8", "replace"))
        return keyed.hexdigest()
