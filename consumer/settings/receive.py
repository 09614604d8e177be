"""The settings of `hull-planhat receive`: who may post, how much, and what may be fetched."""

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ByteSize, Field, model_validator
from pydantic_core import PydanticCustomError

from consumer.settings.secret import TokenSource
from consumer.settings.section import MIB, File, Section, from_file, is_host, listed, lower
from schemas.settings_error import InvalidSettings

_PLACE: Final = re.compile(r"([a-z0-9.-]+)(?::(\d{1,5}))?")
_HTTPS: Final = ":443"


def _place(text: str) -> str:
    place = text.lower().removesuffix(_HTTPS)
    found = _PLACE.fullmatch(place)
    if found is None or not is_host(found[1]):
        raise PydanticCustomError(
            "hosts", "must be names of hosts without scheme and path, like files.example.com"
        )
    return place


class ReceiveSettings(Section):
    """What the receiver takes, from whom, and where it may look."""

    prefix: ClassVar[str] = "RECEIVE_"

    token: TokenSource | None = Field(
        default=None,
        description="What `hull-planhat receive` asks of a caller: as `?token=`, as `Authorization:"
        " Bearer`, or as the connector's secret, which Hull itself sends. Empty: nothing, then the"
        " signature must prove who posts.",
    )
    token_file: Path | None = Field(
        default=None,
        description="A mounted file with the token instead; a new one is taken up at once.",
    )
    signature: Annotated[Literal["required", "ignored"], BeforeValidator(lower)] = Field(
        default="required",
        description="Whether a notification must bear Hull's signature: `required` or `ignored`.",
    )
    public_key_file: File | None = Field(
        default=None,
        description="Hull's public key or certificate (PEM). Empty: it is fetched from where the"
        " notification says, if `RECEIVE_HOSTS` names that host.",
    )
    hosts: Annotated[
        tuple[Annotated[str, AfterValidator(_place)], ...], BeforeValidator(listed)
    ] = Field(
        default=(),
        description="Hosts from which the receiver may fetch keys and extracts, by HTTPS only;"
        " `host` or `host:port`, comma separated.",
    )
    size: int = Field(
        default=100, ge=1, le=1000, description="Messages that Hull is asked to send at once."
    )
    max_body: ByteSize = Field(
        default=ByteSize(20 * MIB),
        ge=MIB // 16,
        le=64 * MIB,
        description="Bytes of one post; of a larger one Hull is asked to send less.",
    )
    max_pending_bytes: ByteSize = Field(
        default=ByteSize(40 * MIB),
        ge=MIB,
        le=1024 * MIB,
        description="Bytes of all posts that are not answered yet; beyond it they are asked to come"
        " again. It needs about four times as much memory.",
    )

    @model_validator(mode="before")
    @classmethod
    def _token(cls, values: Any) -> Any:  # noqa: ANN401 - what a model is made of
        return from_file(values, "token", "RECEIVE_TOKEN")

    @property
    def needs_signature(self) -> bool:
        """Whether a notification must be signed."""
        return self.signature == "required"

    def insist(self) -> None:
        """Raise InvalidSettings where nobody, or everybody, could post."""
        if not self.needs_signature and self.token is None:
            raise InvalidSettings(
                "RECEIVE_TOKEN: not set, and RECEIVE_SIGNATURE is ignored: everybody could write"
                " into the topic; set it"
            )
        if self.needs_signature and self.public_key_file is None and not self.hosts:
            raise InvalidSettings(
                "RECEIVE_SIGNATURE: required, but no key can be had: set RECEIVE_PUBLIC_KEY_FILE,"
                " or RECEIVE_HOSTS to the host that Hull's notifications name, or ignore signatures"
                " and set RECEIVE_TOKEN"
            )
