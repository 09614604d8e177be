"""Messages of all kinds, right, odd and broken: for properties."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from consumer.decide.rules import Rules
from schemas.connector import ConnectorSettings

DATA = Path(__file__).parents[3] / "data"
SETTINGS = ConnectorSettings.from_text((DATA / "connector.yaml").read_text(), "connector.yaml")
RULES = Rules.compile(SETTINGS)
MORE = Rules.compile(
    ConnectorSettings.model_validate(
        {
            **SETTINGS.model_dump(exclude_unset=True),
            "contact_custom_attributes_outbound": [
                {"hull_field_name": source, "service_field_name": source, "overwrite": overwrite}
                for source in (
                    "segments",
                    "account.segments",
                    "account.segment_ids",
                    "theme",
                    "crm",
                )
                for overwrite in ("always", "if_set")
            ],
            "account_custom_attributes_outbound": [
                {"hull_field_name": source, "service_field_name": source}
                for source in ("segments", "segment_ids")
            ],
            "send_null_values": True,
        }
    )
)
"""Segments as data, and rows that never clear."""
RECORDS = [json.loads(line)["record"] for line in (DATA / "records.jsonl").read_text().splitlines()]

SEGMENTS = [
    *("5d2f0c1e8f0b7a0001a1b001", "5d2f0c1e8f0b7a0001a1b0ff"),
    *("5d2f0c1e8f0b7a0001a1c001", "5d2f0c1e8f0b7a0001a1c0ff"),
]
NAMES = [
    *("id", "external_id", "email", "name", "traits_crm/title", "crm/title", "traits_crm/tags"),
    *("crm", "phone", "traits_is_champion", "billing/plan", "planhat/id", "planhat", "theme"),
    *("crm/owner_id", "billing/licenses", "billing", "traits_product/last_login_at", "tags[0]"),
]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(["a@b.example", " u-1 ", "2019-07-10T14:31:42Z", "1531000000", "", " "]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["title", "id", "tags", "plan", "licenses", "mrr"])
            | st.text(max_size=4),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)
licence = st.fixed_dictionaries(
    {},
    optional={
        "id": scalars,
        "currency": st.sampled_from(["EUR", ""]),
        "start_date": scalars,
        "mrr": scalars,
    },
)
usual = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["u1", 7, "u2"]),
        "external_id": st.sampled_from(["a-1", "", None, 5]),
        "email": st.just("ada@acme.example"),
        "name": st.just("Acme"),
        "billing/licenses": st.lists(licence, max_size=3),
    },
)
entities = st.tuples(st.dictionaries(st.sampled_from(NAMES), values, max_size=8), usual).map(
    lambda both: both[0] | both[1]
)
segment = st.fixed_dictionaries(
    {"id": st.sampled_from(SEGMENTS)}, optional={"name": st.text(max_size=5)}
)
segments: st.SearchStrategy[Any] = st.one_of(st.lists(segment, max_size=3), st.just({}), st.none())
moves = st.one_of(
    st.just({}), st.fixed_dictionaries({}, optional={"entered": segments, "left": segments})
)
change = st.one_of(st.lists(scalars, min_size=2, max_size=2), values)
changed = st.dictionaries(st.sampled_from(NAMES), change, max_size=4)
changes = st.one_of(
    st.none(),
    st.just({}),
    st.fixed_dictionaries(
        {"is_new": st.sampled_from([False, False, True, None])},
        optional={
            "user": changed,
            "account": changed,
            "segments": moves,
            "account_segments": moves,
        },
    ),
)
odd: st.SearchStrategy[Any] = st.sampled_from(
    ["text", 7, True, ["text"], [7, None], {"0": 1}, [{"id": []}], [{"event": {}}], {"user": 7}]
)
events = st.lists(
    st.fixed_dictionaries(
        {"event": st.sampled_from(["Signed in", "Page viewed", None])},
        optional={
            "event_id": st.sampled_from(["e1", "e2", ""]) | odd,
            "created_at": scalars,
            "properties": st.dictionaries(st.text(max_size=5), values, max_size=3),
        },
    ),
    max_size=3,
)
messages = st.fixed_dictionaries(
    {},
    optional={
        "channel": st.sampled_from(["user:update", "account:update", "ship:update", None]),
        "user": st.one_of(entities, entities, st.none(), st.just({}), odd),
        "account": st.one_of(entities, st.none(), odd),
        "segments": segments | odd,
        "account_segments": segments | odd,
        "events": events | odd,
        "changes": changes | odd,
        "is_export": st.sampled_from([False, True, None, "perhaps"]),
        "message_id": odd,
    },
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """One of the twelve telling records with bytes of it cut, doubled or replaced."""
    value = bytearray(json.dumps(draw(st.sampled_from(RECORDS))).encode())
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(value)))
        end = min(len(value), start + draw(st.integers(0, 30)))
        value[start:end] = draw(
            st.sampled_from(
                [b"", b"null", b"{}", b"[]", b'"', b"1e999", bytes(value[start:end]) * 2]
            )
            | st.binary(max_size=4)
        )
    return bytes(value)


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


rows: st.SearchStrategy[dict[str, Any]] = st.tuples(
    entities,
    st.fixed_dictionaries(
        {"id": st.sampled_from(["u1", 7, None, {}])},
        optional={
            "segment_ids": st.lists(st.sampled_from(SEGMENTS), max_size=2) | odd,
            "account_segment_ids": st.lists(st.sampled_from(SEGMENTS), max_size=2) | odd,
            "account.external_id": scalars,
            "account": entities | odd,
            "user": st.none() | odd,
            "events": st.just([]),
        },
    ),
).map(lambda both: both[0] | both[1])
records = st.one_of(
    messages.map(encoded),
    rows.map(encoded),
    st.lists(messages | rows, max_size=3).map(
        lambda found: encoded({"channel": "user:update", "messages": found})
    ),
    mutated(),
    st.binary(max_size=40),
)
