"""What the sections of the settings are made of."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from consumer.settings.secret import TokenSource, Unusable
from schemas.shown import shown_path

MIB = 1 << 20


def listed(value: object) -> object:
    """Take a comma separated text for a list."""
    if not isinstance(value, str):
        return value
    return list(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))


def lower(value: object) -> object:
    """Accept a word in any case."""
    return value.strip().lower() if isinstance(value, str) else value


def upper(value: object) -> object:
    """Accept a word in any case."""
    return value.strip().upper() if isinstance(value, str) else value


def _url(value: object) -> object:
    """Check a base address; a slash at its end would double in every path."""
    text = str(value).strip().rstrip("/")
    url = HttpUrl(text)
    host = url.host or ""
    may_be_found = host.startswith("[") or is_host(host)
    if url.query or url.fragment or url.username or url.password or not may_be_found:
        raise PydanticCustomError("url", "must be a plain address like https://api.planhat.com")
    return text


def is_host(text: str | None) -> bool:
    """Whether a name can be looked up: no part of it is empty or too long."""
    with suppress(UnicodeError):
        return bool((text or "").encode("idna"))
    return False


def _printable(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("unprintable", "must be one line of visible characters")
    return text


def topic(value: object) -> object:
    """Check a name by Kafka's rule for topics; it holds for static members too."""
    text = value.strip() if isinstance(value, str) else value
    if text in (".", ".."):
        raise PydanticCustomError("topic", "must not be dots alone: Kafka allows no such name")
    if isinstance(text, str) and text and not _LEGAL.fullmatch(text):
        raise PydanticCustomError("string_pattern_mismatch", "must be a legal name")
    if isinstance(text, str) and len(text) > _LONGEST_NAME:
        raise PydanticCustomError("topic", "must be at most 249 characters long")
    return text


def _file(path: Path) -> Path:
    """What is in it is checked where it is used."""
    if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises for a name that is too long
        raise PydanticCustomError("directory", "is a directory, a file is needed")
    if not os.path.lexists(path):
        raise PydanticCustomError("path_not_file", "no such file")
    return path


_LEGAL: Final = re.compile(r"[A-Za-z0-9._-]+")
_LONGEST_NAME: Final = 249

Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_printable)
]
Topic = Annotated[str, BeforeValidator(topic), StringConstraints(min_length=1)]
File = Annotated[Path, AfterValidator(_file)]
Url = Annotated[str, BeforeValidator(_url)]
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class Section(BaseModel):
    """Settings of one part; `prefix` begins their names in the environment.

    Making one reads nothing but the arguments: `Settings.read` is handed a mapping.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_default=True,
        arbitrary_types_allowed=True,
    )
    prefix: ClassVar[str] = ""


def conflict(line: str) -> PydanticCustomError:
    """Return an error whose line says all by itself: which names, and what would be right."""
    return PydanticCustomError("conflict", "{line}", {"line": line})


def from_file(values: Any, name: str, key: str) -> Any:  # noqa: ANN401 - what a model is made of
    """Make the secret `name` of its file, if `name`_file is given."""
    path = values.get(f"{name}_file") if isinstance(values, dict) else None
    if not path:
        return values
    if values.get(name):
        raise conflict(f"{key}: set, and {key}_FILE too: one of them must go")
    try:
        return {**values, name: TokenSource(path=Path(path))}
    except OSError as error:
        raise conflict(f"{key}_FILE: {shown_path(path)}: {error.strerror}") from None
    except Unusable as error:
        raise conflict(f"{key}_FILE: {shown_path(path)}: the file {error}") from None
