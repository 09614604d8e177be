"""Whether somebody else is in the group under our static name. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_UUID_LENGTH: Final = 36


def has_namesake(members: Iterable[str], name: str, own: str) -> bool:
    """Tell whether one of the member ids is of another process with the static name `name`.

    `own` is the member id that we had. Kafka makes the id of a static member of its name, a dash
    and a UUID, and gives a new one to whoever joins by that name: the one before is no member then.
    """
    return any(one != own and one[:-_UUID_LENGTH] == f"{name}-" for one in members)
