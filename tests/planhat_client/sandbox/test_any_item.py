"""Whatever is sent, and whatever the dialect: the sandbox answers as Planhat does, and adds up."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from planhat_client.sandbox import Sandbox, SandboxOptions
from planhat_client.sandbox.models import MODELS
from schemas.dialect import Dialect
from tests.planhat_client.sandbox.test_dialect import put
from tests.planhat_client.sandbox.test_fields import FIELDS

ANSWERS = {
    name: re.findall(r"'(\w[\w-]*)'", str(field.annotation))
    for name, field in Dialect.model_fields.items()
    if name != "activity_keys"
}
DIALECTS = st.fixed_dictionaries({name: st.sampled_from(found) for name, found in ANSWERS.items()})

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a", "b\nc", "extid-a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("x"), inner, max_size=1),
    max_leaves=3,
)
NAMES = ("_id", "externalId", "sourceId", "email", "companyId", "name", "Name", "owner", "tags")
CUSTOM = st.dictionaries(st.sampled_from([field["name"] for field in FIELDS] + ["x"]), VALUES)
ITEMS = VALUES | st.builds(
    lambda item, custom: item | {"custom": custom},
    st.dictionaries(st.sampled_from(NAMES), VALUES),
    CUSTOM | VALUES,
)
CALLS = st.lists(st.tuples(st.sampled_from(sorted(MODELS)), st.lists(ITEMS, max_size=4)))


@given(dialect=DIALECTS, calls=CALLS)
def test_any_item_is_answered_and_counted(
    dialect: dict[str, Any], calls: list[tuple[str, list[Any]]]
) -> None:
    sandbox = Sandbox(SandboxOptions(fields=FIELDS, dialect=Dialect(**dialect)))
    put(sandbox, {"externalId": "a", "name": "A"})

    statuses = {put(sandbox, *items, model=MODELS[name])[0] for name, items in calls}

    assert statuses <= {200, 206, 400}
    counters = sandbox.report()["counters"]
    ends = ("created", "updated", "unchanged", "refused", "ignored", "withheld")
    assert counters["items"] == sum(counters[name] for name in ends)
