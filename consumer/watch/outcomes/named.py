"""How the outcomes topic names whom a line is about: ids as they are, addresses masked. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson

from consumer.log.masking import MASK, is_email, masked_emails
from schemas.outcome.digest import EmailDigest

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST: Final = 500
_MOST_HOSTS: Final = 2000
_MOST_TEXTS: Final = 2000


class Named:
    """Writes names as JSON; each costs next to nothing if it looks as most do."""

    def __init__(self, text: Callable[[str], str], tenant_id: str, *, keeps_emails: bool) -> None:
        """`text` hides secrets and addresses; `keeps_emails` is LOG_PII."""
        self._clean = text
        self._digest = EmailDigest(tenant_id)
        self._keeps_emails = keeps_emails
        self._hosts: dict[str, str] = {}
        self._texts: dict[str, str] = {}

    def name(self, name: str) -> str:
        """An id, which stays as it is unless it holds an address."""
        if len(name) <= _LONGEST and (name.isalnum() or _is_plain(name)) and name.isascii():
            return f'"{name}"'
        return self.text(name)

    def text(self, text: str) -> str:
        """Any text, clean and bounded."""
        return orjson.dumps(self._clean(text[: 2 * _LONGEST])[:_LONGEST]).decode()

    def often(self, text: str) -> str:
        """The same of a text that comes again and again."""
        found = self._texts.get(text)
        if found is None:
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            found = self._texts[text] = self.text(text)
        return found

    def email(self, email: str) -> str:
        """The members that tell of an address."""
        digest = self._digest.of(email)
        return f',"email":{self._shown(email)},"email_digest":"{digest}"'

    def _shown(self, email: str) -> str:
        if self._keeps_emails:
            return self.text(email)
        local, at, host = email.partition("@")
        if not (at and local.isascii() and (local.isalnum() or _is_plain(local))):
            return orjson.dumps(_masked(email)).decode()
        ending = self._hosts.get(host)
        if ending is None:
            if len(self._hosts) >= _MOST_HOSTS:
                self._hosts.clear()
            # After a plain name it is masked as after any other one.
            ending = orjson.dumps(_masked(f"x@{host}")).decode()[2:]
            self._hosts[host] = ending
        return f'"{local[0]}{ending}'


def _is_plain(name: str) -> bool:
    """Whether it is letters and digits but for some signs that JSON and addresses need not."""
    return name.replace("-", "").replace("_", "").replace(".", "").isalnum()


def _masked(email: str) -> str:
    """An address as the log shows it; of what is none the first letter."""
    email = email.encode("utf-8", "replace").decode()[:_LONGEST]
    return masked_emails(email) if is_email(email) else f"{email[:1]}{MASK}"
