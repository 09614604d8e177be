"""How the sandbox behaves from its start; what changes while it runs is in `faults`."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, get_args, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Mapping

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
HeaderStyle: TypeAlias = Literal["x-rate-limit", "x-ratelimit", "none"]
KeysIn: TypeAlias = Literal["all", "id"]
AnalyticsAnswer: TypeAlias = Literal["object", "processed", "text", "empty"]
UnknownId: TypeAlias = Literal["created", "refused", "ignored"]

OptionsT = TypeVar("OptionsT")


@dataclass(frozen=True, slots=True)
class QuotaOptions:
    """Limits of the main API ("Authentication & Limits"); 0 means no limit.

    `retry_after` and the spelling of the headers are not documented, so both can be chosen.
    """

    calls_per_window: int = 200
    window_seconds: float = 60.0
    calls_per_second: int = 150
    parallel: int = 50
    retry_after: bool = False
    headers: HeaderStyle = "x-rate-limit"


@dataclass(frozen=True, slots=True)
class LatencyOptions:
    """How long an answer takes: fixed, plus a share for each item, plus up to `jitter_seconds`."""

    fixed_seconds: float = 0.0
    per_item_seconds: float = 0.0
    jitter_seconds: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class WitnessOptions:
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


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """All of it. `tokens` empty: any token is good; `tenant` None: any tenant id is good.

    `error_shape` is the form of the error entries in bulk answers, which Planhat does not
    document; `answer_keys` tells whether `insertsKeys` name the keys or only the `_id`;
    `unknown_id` what becomes of an item whose `_id` no record has, which is not documented either.
    """

    tokens: tuple[str, ...] = ("sandbox-token",)
    tenant: str | None = None
    quota: QuotaOptions = field(default_factory=QuotaOptions)
    latency: LatencyOptions = field(default_factory=LatencyOptions)
    witness: WitnessOptions = field(default_factory=WitnessOptions)
    error_shape: Shape = "item"
    answer_keys: KeysIn = "all"
    analytics_answer: AnalyticsAnswer = "object"
    unknown_id: UnknownId = "created"
    seed: int = 0
    faults: tuple[dict[str, Any], ...] = ()
    refusals: tuple[dict[str, Any], ...] = ()
    users: tuple[dict[str, Any], ...] = ()

    @classmethod
    def from_json(cls, document: object) -> SandboxOptions:
        """Read options from JSON; raises ValueError that names the member that is wrong."""
        return options_of(cls, document)


def options_of(kind: type[OptionsT], document: object, path: str = "options") -> OptionsT:
    """Build a dataclass of options from JSON, strictly; raises ValueError."""
    if not isinstance(document, dict):
        raise ValueError(f"{path} should be an object")  # noqa: TRY004 - a wrong text, not a bug
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type] # a dataclass
    if unknown := sorted(set(document) - set(known)):
        raise ValueError(f"{path}.{unknown[0]} is unknown; known: {', '.join(known)}")
    missing = [name for name, each in known.items() if _is_required(each) and name not in document]
    if missing:
        raise ValueError(f"{path}.{missing[0]} is missing")
    return kind(**_values(kind, document, path))


def _is_required(each: Any) -> bool:  # noqa: ANN401 - dataclasses.Field of any type
    return each.default is MISSING and each.default_factory is MISSING


def _values(kind: type[Any], document: Mapping[str, Any], path: str) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {name: _value(hints[name], value, f"{path}.{name}") for name, value in document.items()}


def _value(hint: Any, value: Any, path: str) -> Any:  # noqa: ANN401 - a type and JSON
    if is_dataclass(hint) and isinstance(hint, type):
        return options_of(hint, value, path)
    choices = get_args(hint)
    if choices and all(isinstance(choice, str) for choice in choices):
        return _one_of(choices, value, path)
    if isinstance(value, list):
        value = tuple(value)
    if not _fits(hint, value):
        raise ValueError(f"{path} has the wrong type: {type(value).__name__}")
    return value


def _one_of(choices: tuple[str, ...], value: Any, path: str) -> str:  # noqa: ANN401 - JSON
    if value not in choices:
        raise ValueError(f"{path} should be one of {', '.join(choices)}")
    return str(value)


def _fits(hint: Any, value: Any) -> bool:  # noqa: ANN401 - a type and JSON
    origin = getattr(hint, "__origin__", None)
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(get_args(hint)[0], each) for each in value)
    if origin is dict:
        return isinstance(value, dict)
    if get_args(hint):
        return any(_fits(each, value) for each in get_args(hint))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return hint is Any or (isinstance(hint, type) and isinstance(value, hint))
