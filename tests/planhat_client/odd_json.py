"""JSON of any shape, with a liking for the members that mean something."""

from __future__ import annotations

import orjson
from hypothesis import strategies as st

_NAMES = (
    *("created", "updated", "nonupdates", "insertsKeys", "updatesKeys", "modified", "upsertedIds"),
    *("createdErrors", "updatedErrors", "permissionErrors", "validationErrors", "errors", "error"),
    *("_id", "sourceId", "externalId", "email", "item", "message", "code"),
)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["a", "b", "c", "a@example.com", "externalId,email duplicated", "no a"])
    | st.text(max_size=8)
)

ODD_JSON = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6)
    ),
    max_leaves=25,
)

ODD_BODIES = (
    ODD_JSON.map(orjson.dumps)
    | st.binary(max_size=60)
    | ODD_JSON.map(orjson.dumps).map(lambda body: body[: len(body) // 2])
)
