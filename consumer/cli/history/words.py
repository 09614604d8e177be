"""The history of a profile in lines for people. Pure."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any, Final

from consumer.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_INDENT: Final = " " * 21


def lines(answer: Mapping[str, Any]) -> Iterator[str]:
    """First how each profile stands, then its messages, the newest first."""
    since = _at(answer["since"])
    told = answer["outcomes"]
    if not told:
        yield (
            f"Nothing ended for {answer['query']} since {since}. It may wait, or not be read yet;"
            " --since looks further back."
        )
    for one in answer["profiles"]:
        yield from _profile(one)
    for gap in answer["gaps"]:
        yield _gap(gap)
    for one in told:
        yield ""
        yield from _message(one)
    yield ""
    if answer["messages"] > len(told):
        yield (
            f"{len(told)} of {answer['messages']} messages since {since}; --count shows more of"
            " them."
        )
    if told:
        yield from _next(told[0])


def _profile(one: Mapping[str, Any]) -> Iterator[str]:
    line = f"{one['kind']} {one['hull_id']}: {one['title']}"
    if one["since"] is not None:
        line += f", since {_at(one['since'])}{'' if one['is_exact'] else ' or longer'}"
    yield line
    if one["detail"]:
        yield f"  {one['detail']}"


def _gap(gap: Mapping[str, Any]) -> str:
    what = f"{gap['count']:,} {plural(gap['count'], 'outcome is', 'outcomes are')} missing"
    why = f": {gap['reason']}" if gap["reason"] else ""
    return (
        f"From {_at(gap['since'])} to {_at(gap['until'])} {what}, of whichever profile: the topic"
        f" could not be written{why}"
    )


def _message(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"{_at(one['at'])[:19]}  {one['ending'].upper()}  {one['says'] or one['reason']}".rstrip()
    place = f"{one['topic']}, partition {one['partition']}, offset {one['offset']}"
    if one["position"] is not None:
        place += f", message {one['position'] + 1}"
    if one["repeated"]:
        place += f"; told {one['repeated'] + 1} times, this is the last"
    yield _INDENT + place
    for change in one["changes"]:
        yield from _change(change)
    for skip in one["skips"]:
        yield f"{_INDENT}{skip['resource']} skipped: {skip['reason']}"


def _change(one: Mapping[str, Any]) -> Iterator[str]:
    line = f"{one['resource']} {one['says'] or one['ending']}"
    if one["planhat_id"]:
        line += f", Planhat's id {one['planhat_id']}"
    if one["replaced"]:
        line += f" in place of {one['replaced']}"
    if one["sent_at"]:
        line += f", sent at {_at(one['sent_at'])[11:19]}"
    if one["status"]:
        line += f", answered {one['status']}"
    yield _INDENT + line
    for text in dict.fromkeys((one["reason"], one["answer"])):
        if text:
            yield f"{_INDENT}  {text}"
    if one["payload"] is not None:
        yield f"{_INDENT}  {json.dumps(one['payload'], ensure_ascii=False)}"


def _next(newest: Mapping[str, Any]) -> Iterator[str]:
    """What to do with the newest one, ready to copy."""
    place = f"--partition {newest['partition']} --offset {newest['offset']}"
    topic = shlex.quote(newest["topic"])
    yield f"What today's settings make of it: hull-planhat explain --topic {topic} {place}"
    if newest["ending"] == "rejected" and newest["hull_id"]:
        key = shlex.quote(newest["hull_id"])
        yield f"Its dead letter: hull-planhat dead-letters list --key {key}"
        yield f"Once its cause is gone: hull-planhat dead-letters replay --key {key} --dry-run"


def _at(moment: str) -> str:
    """ISO 8601 as people read it, to the second."""
    return f"{moment[:19].replace('T', ' ')} UTC"
