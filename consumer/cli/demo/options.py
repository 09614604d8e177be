"""What a generated stream is made of. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field


def _user_steps() -> dict[str, float]:
    return {
        "change": 0.64,
        "unmapped": 0.06,
        "fan_out": 0.06,
        "write_back": 0.02,
        "leave": 0.03,
        "move": 0.04,
        "unlink": 0.01,
        "linked": 0.02,
        "export": 0.03,
        "extract": 0.03,
        "rename": 0.03,
        "envelope": 0.03,
    }


def _account_steps() -> dict[str, float]:
    return {
        "change": 0.70,
        "unmapped": 0.08,
        "write_back": 0.04,
        "leave": 0.05,
        "export": 0.05,
        "extract": 0.05,
        "envelope": 0.03,
    }


def _account_kinds() -> dict[str, float]:
    return {
        "inside": 0.78,
        "silent": 0.04,
        "known": 0.04,
        "outside": 0.05,
        "keyless": 0.03,
        "stray": 0.02,
        "nameless": 0.02,
        "unowned": 0.02,
    }


@dataclass(frozen=True, slots=True)
class Options:
    """Size and composition; shares are of 1, and the same options give the same stream.

    Account kinds: `inside` the Company Filter; `silent`, inside but without messages of its own;
    `known`, outside but Planhat has the company already (see `workload.seeds`); `outside`;
    `keyless`, inside without an external id; `stray`, neither; `nameless`; `unowned`, with an owner
    that Planhat doesn't know.

    Users that have an external id never move unless `moves_of_all` is set: to find one again in
    another company takes Planhat's own id, and a service that was restarted has forgotten it.
    With several members set `rename_share` to 0: a company that a user brings is then created by
    its name alone, and the name in that message may be older than the one in Planhat.
    `value_bytes` is about what a user message weighs.
    """

    users: int = 600
    accounts: int = 80
    records: int = 3_000
    seed: int = 1
    account_share: float = 0.12
    bad_share: float = 0.02
    event_share: float = 0.33
    tracked_share: float = 0.75
    repeat_share: float = 0.05
    rename_share: float = 0.1
    licence_share: float = 0.3
    anonymous_share: float = 0.02
    hot_share: float = 0.1
    hot_keys: int = 5
    value_bytes: int = 2_000
    big_value_bytes: int = 0
    moves_of_all: bool = False
    guests_share: float = 0.004
    user_steps: dict[str, float] = field(default_factory=_user_steps)
    account_steps: dict[str, float] = field(default_factory=_account_steps)
    account_kinds: dict[str, float] = field(default_factory=_account_kinds)
