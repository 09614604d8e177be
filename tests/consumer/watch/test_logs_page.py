"""docs/logs.md tells of every event that is logged, with its levels and fields, and no other."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from consumer.watch.outcomes import profile_log

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "logs.md"
LEVELS = {"debug", "info", "warning", "error", "critical"}
EVENT = re.compile(r"^[a-z_]+\.[a-z_.]+$")
ADDED = {"timestamp", "level", "event", "logger"}


class Logged(NamedTuple):
    """One call of a logger."""

    event: str
    level: str
    fields: frozenset[str]


@cache
def calls() -> tuple[ast.Call, ...]:
    return tuple(
        node
        for package in ("consumer", "planhat_client", "schemas")
        for path in sorted((ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and is_logger(node.func)
    )


def is_logger(function: ast.expr) -> bool:
    if not isinstance(function, ast.Attribute) or function.attr not in LEVELS:
        return False
    owner = function.value
    name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    return name == "_log"


def logged() -> list[Logged]:
    """Every call that names its event; those of profile_log name theirs in tables."""
    found = []
    for call in calls():
        event, function = call.args[0], call.func
        assert isinstance(function, ast.Attribute)
        if isinstance(event, ast.Constant):
            fields = frozenset(one.arg for one in call.keywords if one.arg is not None)
            found.append(Logged(str(event.value), function.attr, fields))
    for table, levels in (
        (profile_log.SUCCESS, ("debug", "info")),
        (profile_log.SKIP, ("debug", "info")),
        (profile_log.ERROR, ("debug", "error")),
    ):
        found += [Logged(event, level, frozenset()) for event in table.values() for level in levels]
    return found


def page() -> dict[str, tuple[set[str], set[str], str, str]]:
    """Event -> levels, fields, meaning, what to do."""
    rows = [line.strip("|").split("|") for line in PAGE.read_text("utf-8").splitlines()]
    found = {}
    for row in rows:
        events = [name for name in re.findall(r"`([^`]+)`", row[0]) if EVENT.match(name)]
        if len(row) == 5:
            levels, fields = (set(re.findall(r"`([^`]+)`", cell)) for cell in row[1:3])
            found.update(dict.fromkeys(events, (levels, fields, row[3].strip(), row[4].strip())))
    return found


def test_the_page_and_the_code_tell_of_the_same_events() -> None:
    assert set(page()) == {one.event for one in logged()}


def test_the_page_names_the_levels_of_each_event() -> None:
    levels: dict[str, set[str]] = {}
    for one in logged():
        levels.setdefault(one.event, set()).add(one.level)

    assert {event: told[0] for event, told in page().items()} == levels


def test_the_page_names_the_fields_of_each_event() -> None:
    told = page()

    assert {
        one.event: missing
        for one in logged()
        if (missing := one.fields - told[one.event][1] - {"exc_info"})
    } == {}


def test_the_page_says_of_each_event_what_it_means_and_what_to_do() -> None:
    assert [
        event for event, (_, _, meaning, todo) in page().items() if not meaning or not todo
    ] == []


def test_no_event_is_hidden_in_a_variable() -> None:
    places = [ast.unparse(call) for call in calls() if not isinstance(call.args[0], ast.Constant)]

    assert [place for place in places if "ERROR[" not in place] == []
