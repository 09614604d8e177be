"""Settings files that are too much: one line, quickly, in little memory."""

from __future__ import annotations

import itertools
import tracemalloc

import pytest

from schemas.connector import ConnectorSettings
from schemas.settings_error import InvalidSettings

MIB = 1 << 20
LEVELS = "bcdefghijkl"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{chr(ord(name) - 1)}'] * 9)}]\n" for name in LEVELS
)
MUCH = {
    "aliases of aliases": (BOMB, "more than 50,000 values"),
    "an alias of itself": ("a: &a [*a]", "more than 50,000 values"),
    "a mapping of itself": ("a: &a {b: *a}", "more than 50,000 values"),
    "more than a ConfigMap": ("x" * (MIB + 1), "larger than 1 MiB"),
    "many values": ("contact_events: [" + "a," * 50_000 + "a]", "more than 50,000 values"),
    "many keys": ("".join(f"k{at}: x\n" for at in range(25_001)), "more than 50,000 values"),
    "deep lists": ("[" * (MIB - 1), "no text that can be read"),
    "deep JSON": ('{"a":' * (MIB // 5), "no text that can be read"),
    "deep rows": ("- " * (MIB // 2), "no text that can be read"),
}


@pytest.mark.parametrize(
    "kind", [pytest.param(one, marks=[pytest.mark.slow] * (one == "many keys")) for one in MUCH]
)
def test_what_is_too_much_is_one_line_soon(kind: str) -> None:
    text, line = MUCH[kind]

    with pytest.raises(InvalidSettings) as caught:
        ConnectorSettings.from_text(text, "connector.yaml")

    (told,) = caught.value.lines
    assert line in told
    assert len(told) < 200


def test_aliases_of_aliases_take_little_memory() -> None:
    tracemalloc.start()

    with pytest.raises(InvalidSettings):
        ConnectorSettings.from_text(BOMB, "connector.yaml")

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MIB


def test_many_unknown_names_are_told_in_few_lines() -> None:
    text = "{" + ",".join(f'"key{at}": 1' for at in range(30_000)) + "}"

    with pytest.raises(InvalidSettings) as caught:
        ConnectorSettings.from_text(text, "connector.yaml")

    assert len(caught.value.lines) == 21
    assert caught.value.lines[-1] == "connector.yaml: and 29980 more"


@pytest.mark.parametrize(
    "value",
    ["!!int x", "!!float x", "!!bool x", "!!timestamp x", "!!timestamp 2026-99-99", "!!binary é"],
)
def test_a_tag_that_does_not_fit_is_one_line(value: str) -> None:
    with pytest.raises(InvalidSettings, match="not YAML or JSON"):
        ConnectorSettings.from_text(f"contact_events: {value}", "connector.yaml")


def test_a_number_without_end_is_one_line() -> None:
    with pytest.raises(InvalidSettings, match="not YAML or JSON"):
        ConnectorSettings.from_text(f"contact_events: !!int {'9' * 6000}", "connector.yaml")


def test_an_alias_is_what_it_stands_for() -> None:
    text = "contact_synchronized_segments: &all [a, b]\naccount_synchronized_segments: *all"

    found = ConnectorSettings.from_text(text, "connector.yaml")

    assert found.account_synchronized_segments == ("a", "b")


def test_a_merge_key_brings_what_is_not_said_anew() -> None:
    text = (
        "contact_attributes_outbound:\n"
        "  - &row {hull_field_name: email, service_field_name: email}\n"
        "  - {<<: *row, hull_field_name: contact_email}\n"
    )

    rows = ConnectorSettings.from_text(text, "settings").contact_attributes_outbound

    assert [(row.hull_field_name, row.service_field_name) for row in rows] == [
        ("email", "email"),
        ("contact_email", "email"),
    ]


def test_merge_keys_of_merge_keys_are_too_much() -> None:
    levels = [
        f"{one}: &{one} {{<<: [{', '.join([f'*{before}'] * 9)}]}}"
        for before, one in itertools.pairwise("abcdefgh")
    ]

    with pytest.raises(InvalidSettings, match="more than 50,000 values"):
        ConnectorSettings.from_text("\n".join(["a: &a {x: 1}", *levels]), "settings")
