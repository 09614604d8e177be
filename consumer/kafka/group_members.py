"""Who is in our consumer group, and what is strange about it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

OUR_CLIENT: Final = "hull-planhat"
OUR_PROTOCOL: Final = "sticky"

_MOST_NAMED: Final = 3
_REMEDY: Final = "end it, or give hull-planhat a KAFKA_GROUP_ID of its own"


@dataclass(frozen=True, slots=True)
class Member:
    """A client in the group; `topics` are those that it asked for, None if that can't be read."""

    client: str
    host: str
    topics: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Group:
    """What the coordinator tells; `kind` and `protocol` are empty while the group is."""

    kind: str = ""
    protocol: str = ""
    members: Sequence[Member] = ()


def strange(group: Group, topics: Sequence[str]) -> Iterator[tuple[bool, str]]:
    """Say what is strange: whether it keeps us out, and what to do; `topics` are ours."""
    if group.kind not in {"", "consumer"}:
        yield True, f"it belongs to a program of another kind ({group.kind}); {_REMEDY}"
        return
    others = [member for member in group.members if member.client != OUR_CLIENT]
    if group.members and group.protocol not in {"", OUR_PROTOCOL}:
        how = f"its members share the partitions by {group.protocol!r}, we by {OUR_PROTOCOL!r}"
        yield True, f"{how}, and Kafka does not let both in: {_named(others)}; {_REMEDY}"
    elif others:
        what = "another program is in it and takes partitions, whose records we do not send"
        yield False, f"{what}: {_named(others)}; {_REMEDY}"
    ours = [member for member in group.members if member.client == OUR_CLIENT]
    wanted = frozenset(topics)
    strays = {topic for one in ours if one.topics is not None for topic in one.topics ^ wanted}
    if strays:
        named = ", ".join(sorted(strays)[:_MOST_NAMED])
        yield False, f"not all members read {named}; give all replicas the same KAFKA_TOPICS"


def _named(members: Sequence[Member]) -> str:
    named = [f"{one.client or '?'} at {one.host.lstrip('/')}" for one in members[:_MOST_NAMED]]
    more = len(members) - len(named)
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")
