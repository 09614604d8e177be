"""The settings of the service's own pages."""

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from consumer.settings.secret import TokenSource
from consumer.settings.section import Section, Text, conflict, from_file, is_host, listed


def _host(text: str) -> str:
    if "/" in text or " " in text:
        raise PydanticCustomError("host", "must be an address of this machine, like 0.0.0.0")
    return text


def _name(name: str) -> str:
    if not is_host(name) or not _NAME.fullmatch(ascii_name := name.encode("idna").decode()):
        raise PydanticCustomError(
            "hosts", "must be names of hosts without scheme and port, like console.example.com"
        )
    return ascii_name.lower().removesuffix(".")


_NAME: Final = re.compile(r"[\w.-]+", re.ASCII)
_Host = Annotated[Text, AfterValidator(_host)]


class HttpSettings(Section):
    """The service's own pages: health, metrics, console."""

    prefix: ClassVar[str] = "HTTP_"

    enabled: bool = Field(default=True, description="Serve health, metrics and console.")
    host: _Host | None = Field(
        default=None,
        description="Address to listen at. Empty: all addresses, of IPv4 and of IPv6.",
    )
    port: int = Field(
        default=8080, ge=0, le=65_535, description="Port to listen at; 0: any free one."
    )
    console: bool = Field(
        default=True, description="Serve the console at `/`, and remember outcomes for it."
    )
    allowed_hosts: Annotated[
        tuple[Annotated[str, AfterValidator(_name)], ...], BeforeValidator(listed)
    ] = Field(
        default=(),
        description="Names by which the console is reached, comma separated: of an ingress, of a"
        " proxy. Addresses, `localhost` and the name of the machine always count.",
    )
    username: str | None = Field(
        default=None,
        description="User name that the console asks for; health and metrics stay open. Empty:"
        " nobody is asked.",
    )
    password: TokenSource | None = Field(default=None, description="The password for it.")
    password_file: Path | None = Field(
        default=None,
        description="A mounted file with the password instead; a new one is taken up at once.",
    )

    @property
    def shows_console(self) -> bool:
        """Whether the console is served."""
        return self.enabled and self.console

    @model_validator(mode="before")
    @classmethod
    def _password(cls, values: Any) -> Any:  # noqa: ANN401 - what a model is made of
        return from_file(values, "password", "HTTP_PASSWORD")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.username and self.password is None:
            raise conflict("HTTP_USERNAME: set, but HTTP_PASSWORD is not")
        if self.password is not None and not self.username:
            raise conflict("HTTP_PASSWORD: set, but HTTP_USERNAME is not")
        if ":" in (self.username or ""):
            raise conflict(
                "HTTP_USERNAME: must not hold a colon: basic authentication ends it there"
            )
        return self
