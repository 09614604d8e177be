"""How the sandbox behaves from its start; what changes while it runs is in `faults`."""

from __future__ import annotations

from typing import Any, Literal, Self, TypeAlias, TypeVar

import msgspec

Shape: TypeAlias = Literal[
    "text",
    "text_with_key",
    "object",
    "item",
    "index",
    "unknown",
    "lists_absent",
    "counts_wrong",
    "nonupdates_only",
    "random",
]
ErrorList: TypeAlias = Literal[
    "createdErrors", "updatedErrors", "permissionErrors", "validationErrors"
]
KeysIn: TypeAlias = Literal["all", "id"]
UnknownId: TypeAlias = Literal["created", "refused", "ignored"]

OptionsT = TypeVar("OptionsT")


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is read from JSON: an unknown member, or one of a wrong type, is refused by name."""

    @classmethod
    def from_json(cls, document: object) -> Self:
        """Read a document; raises ValueError that names the member that is wrong."""
        return read(cls, document, cls.__name__.lower())


class QuotaOptions(Strict, frozen=True):
    """Limits of the main API ("Authentication & Limits"); 0 means no limit.

    `retry_after` and the spelling of the headers are not documented, so both can be chosen.
    """

    calls_per_window: int = 200
    window_seconds: float = 60.0
    calls_per_second: int = 150
    parallel: int = 50
    retry_after: bool = False
    headers: Literal["x-rate-limit", "x-ratelimit", "none"] = "x-rate-limit"


class LatencyOptions(Strict, frozen=True):
    """How long an answer takes: fixed, plus a share for each item, plus up to `jitter_seconds`."""

    fixed_seconds: float = 0.0
    per_item_seconds: float = 0.0
    jitter_seconds: float = 0.0
    seed: int = 0


class WitnessOptions(Strict, frozen=True):
    """What is written down of each request and of each write that was applied.

    The version fields are paths; a write whose version is below the one last applied overtook.
    The files get one JSON object a line, and are optional.
    """

    version_field: str = "custom.version"
    activity_version_field: str = "info.version"
    requests_kept: int = 20_000
    writes_kept: int = 100_000
    activities_kept: int = 1_000_000
    requests_file: str | None = None
    writes_file: str | None = None


class SandboxOptions(Strict, frozen=True):
    """All of it. `tokens` empty: any token is good; `tenant` None: any tenant id is good.

    `error_shape` is the form of the error entries in bulk answers, which Planhat does not
    document; `answer_keys` tells whether `insertsKeys` name the keys or only the `_id`;
    `unknown_id` what becomes of an item whose `_id` no record has, which is not documented either.
    """

    tokens: tuple[str, ...] = ("sandbox-token",)
    tenant: str | None = None
    quota: QuotaOptions = QuotaOptions()
    latency: LatencyOptions = LatencyOptions()
    witness: WitnessOptions = WitnessOptions()
    error_shape: Shape = "item"
    answer_keys: KeysIn = "all"
    unknown_id: UnknownId = "created"
    seed: int = 0
    faults: tuple[dict[str, Any], ...] = ()
    refusals: tuple[dict[str, Any], ...] = ()
    users: tuple[dict[str, Any], ...] = ()


def read(kind: type[OptionsT], document: object, name: str) -> OptionsT:
    """Read a document as options; raises ValueError that names the member that is wrong."""
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: {error}") from error
