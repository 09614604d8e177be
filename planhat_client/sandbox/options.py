"""How the sandbox behaves from its start; what changes while it runs is in `faults`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias, TypeVar

import msgspec

from schemas.dialect import UNKNOWN, Dialect
from schemas.settings_error import InvalidSettings

if TYPE_CHECKING:
    from pathlib import Path

Shape: TypeAlias = Literal[
    "text",
    "text_with_key",
    "object",
    "item",
    "index",
    "el",
    "bare_list",
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
UnknownId: TypeAlias = Literal["created", "refused", "ignored", "next_key"]
Headers: TypeAlias = Literal["x-rate-limit", "x-ratelimit", "none"]

_ASSUMED: Final = Dialect(
    unknown_id="created",
    missing_record="not_found",
    case_twins="request_fails",
    same_key_twice="second_refused",
    one_bad_item="partial",
    null_custom="cleared",
    empty_text="stored",
    unknown_custom="stored",
    bad_list_value="stored",
    line_breaks="dropped",
    array="replaces",
    activity_keys=("externalId", "id", "euExtId", "email"),
    error_entry="item",
    sort_updated="honoured",
    leancompanies="complete",
    rate_limit_headers="x-rate-limit",
)
"""What is assumed where nobody knows: what clients rely on, else what is hardest on them.

An unknown company depends on the model, and stays open.
"""

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
    headers: Headers | None = None


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

    `dialect` is what a tenant was learnt to do; the options that say the same go first:
    `unknown_id`, `error_shape` and `quota.headers`. `answer_keys` tells whether `insertsKeys` name
    the keys or only the `_id`. `fields` are the rows of `GET /customfields`, `records` those of
    each model, stored as they are. `page_rows` overrides the most rows of a page, by endpoint.
    `filters` False: lists take no notice of them; `hides_archived`: they show archived records only
    if asked for these. A record that was deleted is there for `late_deletions` reads more.
    """

    tokens: tuple[str, ...] = ("sandbox-token",)
    tenant: str | None = None
    quota: QuotaOptions = QuotaOptions()
    latency: LatencyOptions = LatencyOptions()
    witness: WitnessOptions = WitnessOptions()
    dialect: Dialect = Dialect()
    error_shape: Shape | None = None
    answer_keys: KeysIn = "all"
    unknown_id: UnknownId | None = None
    seed: int = 0
    faults: tuple[dict[str, Any], ...] = ()
    refusals: tuple[dict[str, Any], ...] = ()
    users: tuple[dict[str, Any], ...] = ()
    fields: tuple[dict[str, Any], ...] = ()
    records: dict[str, tuple[dict[str, Any], ...]] = {}
    page_rows: dict[str, int] = {}
    filters: bool = True
    hides_archived: bool = False
    late_deletions: int = 0
    clock_skew_seconds: float = 0.0


def read(kind: type[OptionsT], document: object, name: str) -> OptionsT:
    """Read a document as options; raises ValueError that names the member that is wrong."""
    try:
        return msgspec.convert(document, kind, dec_hook=_dialect)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name}: {error}") from error


def read_dialect(path: Path) -> Dialect:
    """Read a file of `check --live --write`; raises InvalidSettings."""
    try:
        return Dialect.from_json(path.read_bytes(), str(path))
    except OSError as error:
        raise InvalidSettings(f"{path}: {error.strerror}") from error


def spoken(options: SandboxOptions) -> Dialect:
    """What the sandbox does: by its options, else by the dialect, else as assumed."""
    given = Dialect(
        unknown_id=options.unknown_id or UNKNOWN,
        rate_limit_headers=options.quota.headers or UNKNOWN,
    )
    return given.over(options.dialect.over(_ASSUMED))


def _dialect(_: type[Dialect], document: object) -> Dialect:
    try:
        return Dialect.from_json(msgspec.json.encode(document))
    except InvalidSettings as error:
        raise ValueError(error) from error
