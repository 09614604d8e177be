"""An answer as it came, for whoever asks how a tenant behaves and not only what it holds. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from planhat_client import protocol
from planhat_client.answers.error_text import is_page
from planhat_client.quota import Quota

if TYPE_CHECKING:
    from planhat_client.answers.error_text import Clean
    from planhat_client.protocol import Response

_OK = range(200, 300)


@dataclass(frozen=True, slots=True, repr=False)
class Heard:
    """What was answered; `status` None: nothing was.

    `document` is the body as JSON. `reason` is empty for a success that can be read, else it says
    what is wrong, fit for a log. `at` is when it came, in seconds since 1970.
    """

    status: int | None
    document: Any = None
    reason: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    at: float = 0.0
    quota: Quota | None = None
    retry_after: float | None = None

    def __repr__(self) -> str:
        """Nothing of people."""
        return f"<Heard {self.status} {self.reason}>"

    @property
    def rows(self) -> list[Any] | None:
        """The rows of a list, None if it is none."""
        is_list = not self.reason and isinstance(self.document, list)
        return self.document if is_list else None

    @property
    def record(self) -> dict[str, Any] | None:
        """The one record that was asked for, None if the answer holds none or several."""
        rows = self.document if isinstance(self.document, list) else [self.document]
        found = [one for one in rows if isinstance(one, dict) and one.get("_id")]
        return found[0] if not self.reason and len(found) == 1 else None


def heard(response: Response, now: float, clean: Clean) -> Heard:
    """Read an answer; `clean` takes out of what Planhat says what we had sent."""
    document = protocol.parsed(response.body)
    answer = protocol.read(response, now, clean)
    is_null = response.body.strip() in (b"", b"null")
    is_read = response.status in _OK and (document is not None or is_null)
    said = ""
    if not is_read or is_page(response.body):
        # Our own guess at the cause is no part of what was said.
        said = getattr(answer, "told", "") or getattr(answer, "reason", "")
    wait = getattr(answer, "retry_after", None)
    quota = answer.quota
    return Heard(response.status, document, said, response.headers, now, quota, wait)
