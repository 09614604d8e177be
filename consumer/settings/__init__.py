"""The settings of the environment: names, defaults, bounds, and what each means.

The descriptions are the table in docs/configuration.md; a test keeps the two the same.
"""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError

from consumer.settings import environment
from consumer.settings.http import HttpSettings
from consumer.settings.kafka import KafkaSettings
from consumer.settings.planhat import PlanhatSettings
from consumer.settings.receive import ReceiveSettings
from consumer.settings.section import Seconds, Section, lower
from schemas.settings_error import InvalidSettings
from schemas.shown import is_random

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from schemas.connector import ConnectorSettings


class LogSettings(Section):
    """What is logged, and how."""

    prefix: ClassVar[str] = "LOG_"

    level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"], BeforeValidator(lower)
    ] = Field(default="info", description="`debug`, `info`, `warning`, `error` or `critical`.")
    format: Annotated[Literal["json", "console"], BeforeValidator(lower)] = Field(
        default="json", description="`json`: an object a line; `console`: for people."
    )
    pii: bool = Field(
        default=False, description="Write e-mail addresses in full, and show them in the console."
    )
    sample: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of the profiles whose successes and skips are logged at info instead of"
        " debug; always the same profiles.",
    )


class GeneralSettings(Section):
    """What has no prefix."""

    connector_settings: Path = Field(
        default=Path("connector.yaml"),
        description="File with the connector settings, YAML or JSON.",
    )
    company_wait_seconds: Seconds = Field(
        default=30.0, description="How long a user waits for its company to appear in Planhat."
    )
    shutdown_drain_seconds: Seconds = Field(
        default=25.0,
        description="How long requests may take to end after SIGTERM; keep it below the pod's"
        " grace period.",
    )
    reject_limit: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Halt when more than this share of the last 2,000 records was rejected,"
        " once there were 200.",
    )
    retry_attempts: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="Tries of an item that fails alone, before it is rejected.",
    )
    uvloop: bool = Field(default=False, description="Use uvloop, if it is installed.")
    traces: bool = Field(
        default=False,
        description="Record OpenTelemetry spans; needs `hull-planhat[otel]`, and goes where"
        " OpenTelemetry's own `OTEL_...` variables say.",
    )


class Settings(GeneralSettings):
    """All settings; a part is given its own section."""

    kafka: KafkaSettings = KafkaSettings()
    planhat: PlanhatSettings = PlanhatSettings()
    http: HttpSettings = HttpSettings()
    receive: ReceiveSettings = ReceiveSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read an environment; raises InvalidSettings with a line for each wrong value."""
        values: dict[str, Any] = environment.read(GeneralSettings, environ)
        for name, section in SECTIONS.items():
            values[name] = environment.read(section, environ)
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise InvalidSettings(*environment.lines(error, SECTIONS)) from None

    def hide_secrets(self, connector: ConnectorSettings, hide: Callable[[str], None]) -> None:
        """Tell `hide` every secret, and each new value of those that are rotated."""
        sources = (self.kafka.sasl_password, self.kafka.ssl_key_password, self.http.password)
        for source in filter(None, (*sources, self.planhat.access_token, self.receive.token)):
            source.watch(hide)
        secrets = (self.planhat.tenant_id, connector.tenant_id, connector.personal_access_token)
        for secret in filter(None, secrets):
            hide(secret.get_secret_value())
        for _, parts in self.misplaced():
            for part in parts:
                hide(part)

    def misplaced(self) -> Iterator[tuple[str, list[str]]]:
        """Name settings that hold what looks like a secret, and say which; nobody can be sure."""
        for prefix, section in {
            "": self,
            **{name: getattr(self, name) for name in SECTIONS},
        }.items():
            for field in type(section).model_fields:
                value = getattr(section, field)
                texts = value if isinstance(value, tuple) else [value]
                parts = [
                    part for text in texts if isinstance(text, str) for part in _PARTS.split(text)
                ]
                if found := [part for part in parts if is_random(part)]:
                    yield f"{prefix}_{field}".removeprefix("_").upper(), found


_PARTS: Final = re.compile(r"[\s,;/@:.]+")

SECTIONS: dict[str, type[Section]] = {
    "kafka": KafkaSettings,
    "planhat": PlanhatSettings,
    "http": HttpSettings,
    "receive": ReceiveSettings,
    "log": LogSettings,
}


ALL: tuple[type[Section], ...] = (GeneralSettings, *SECTIONS.values())


def described() -> Iterator[environment.Described]:
    """Return every name that is read, section by section, for docs and JSON Schema."""
    return chain.from_iterable(environment.described(section) for section in ALL)


def unknown_names(environ: Mapping[str, str]) -> list[str]:
    """Return a line for each name that looks like ours and is none, with the nearest known one."""
    return environment.unknown_names(environ, [setting.name for setting in described()])
