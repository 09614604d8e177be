"""The state of the sandbox as a small page for people; no script, nothing from outside. Pure."""

from __future__ import annotations

from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from planhat_client.sandbox.sandbox import Sandbox

_ROWS: Final = 25
_LONGEST: Final = 300
_STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 2rem; width: 100%; }
th, td { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent);
  padding: .3rem .6rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font-size: 13px; }
.bad { color: #c62828; font-weight: 600; }
"""
_INTRODUCTION: Final = (
    "<p>A local stand-in for Planhat's API. The same as JSON: "
    '<a href="/sandbox/state?full=0">counters</a>, <a href="/sandbox/state">all</a>, '
    '<a href="/sandbox/requests">requests</a>, <a href="/sandbox/writes">writes</a>.</p>'
)
_BAD: Final = frozenset({"overtakes", "overlaps", "duplicates", "dropped", "ignored", "refused"})


def page(sandbox: Sandbox) -> str:
    """Give the page as HTML; whatever a client sent is escaped."""
    report = sandbox.report()
    parts = [
        "<h1>Sandbox Planhat</h1>",
        _INTRODUCTION,
        "<h2>Stored</h2>",
        _counters(report["counts"]),
        "<h2>What clients did</h2>",
        _counters(_numbers(report["counters"])),
        "<h2>Requests by answer</h2>",
        _statuses(report["counters"]["requests"]),
        "<h2>Faults that are on</h2>",
        _documents(report["faults"] + report["refusals"]),
    ]
    for name, records in sandbox.state.records.items():
        parts += [f"<h2>{name.capitalize()}</h2>", _documents(records)]
    parts += ["<h2>Activities</h2>", _documents(reversed(sandbox.state.activities))]
    parts += ["<h2>Dropped activities</h2>", _documents(reversed(sandbox.state.dropped))]
    return _document("".join(parts))


def _document(body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Sandbox Planhat</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def _numbers(counters: Mapping[str, Any]) -> dict[str, int]:
    return {name: value for name, value in counters.items() if isinstance(value, int)}


def _counters(counters: Mapping[str, int]) -> str:
    rows = []
    for name, value in counters.items():
        kind = "number bad" if name in _BAD and value else "number"
        label = escape(name.replace("_", " "))
        rows.append(f'<tr><th scope="row">{label}</th><td class="{kind}">{value:,}</td></tr>')
    return _table(rows)


def _statuses(requests: Mapping[str, Mapping[str, int]]) -> str:
    rows = [
        f'<tr><th scope="row">{escape(resource)}</th><td>{_status_name(status)}</td>'
        f'<td class="number">{number:,}</td></tr>'
        for resource, statuses in requests.items()
        for status, number in statuses.items()
    ]
    return _table(rows)


def _status_name(status: str) -> str:
    return "no answer" if status == "0" else escape(status)


def _documents(documents: Iterable[Mapping[str, Any]]) -> str:
    shown = [orjson.dumps(each).decode() for each in islice(documents, _ROWS)]
    return _table([f"<tr><td><code>{escape(_cut(each))}</code></td></tr>" for each in shown])


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


def _table(rows: Sequence[str]) -> str:
    return f"<table>{''.join(rows)}</table>" if rows else "<p>None.</p>"
