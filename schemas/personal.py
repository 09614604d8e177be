"""Which names tell what kind of value lies under them: one table for all who mask. Data only."""

import re
from typing import Final

HIDDEN: Final = re.compile(
    r"phone|mobile|^fax$|^address|street|^(?:last_known_)?ip(?:_address)?$|birth", re.IGNORECASE
)
"""Last parts of names, in Hull or Planhat, of what is hidden whole."""

IDS_OF_PLANHAT: Final = frozenset(
    {
        *("_id", "sourceid", "externalid", "companyid", "companyexternalid"),
        *("id", "euid", "euextid", "cid"),  # of the author of an activity
    }
)
"""Names of Planhat in lower case under which ids lie: they name nobody, and stay."""

EVENT_NAMES: Final = frozenset({"action", "event", "event_id"})
"""Names under which the name of an event lies: it stays."""

MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d([T ][\d:.]+ ?(Z|UTC|[+-][\d:]+)?)?")
