"""The settings of Kafka, brokers' addresses in the forms in which people write them."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from ipaddress import IPv6Address
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal, LiteralString, Self

from pydantic import BeforeValidator, ByteSize, Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from consumer.settings.secret import TokenSource
from consumer.settings.section import (
    MIB,
    File,
    Section,
    Text,
    Topic,
    conflict,
    from_file,
    is_host,
    listed,
    topic,
    upper,
)
from consumer.settings.tls import CERT, KEY, KEY_PASSWORD, TlsFiles, WrongFile
from schemas.shown import shown

_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")

_SCHEME: Final = re.compile(r"([A-Za-z][\w+.-]*)://")
_ADDRESS: Final = re.compile(
    r"""(?: \[ (?P<literal> [0-9A-Fa-f:.]+ (?:%[\w.-]+)? ) \] | (?P<host> [\w.-]+ ) )
        (?: : (?P<port> \d+ ) )?""",
    re.VERBOSE,
)
_LAST_PORT: Final = 65_535


def _addresses(value: object) -> object:
    """Return `host:port`, comma separated, without what people add to it; refuse the rest."""
    if not isinstance(value, str):
        return value
    if "@" in value:
        raise _wrong(
            "must hold no user and no password: they go into KAFKA_SASL_USERNAME and"
            " KAFKA_SASL_PASSWORD_FILE"
        )
    found = [_address(part) for part in _parts(value)]
    if not found:
        raise PydanticCustomError("too_short", "must name at least one")
    return ",".join(found)


def _parts(text: str) -> Iterator[str]:
    """Quotes stay when Docker reads a file of settings: around all of it, or around each part."""
    for part in text.split(","):
        plain = part.strip().strip("\"'").strip()
        if plain:
            yield plain


def _address(part: str) -> str:
    scheme = _SCHEME.match(part)
    if scheme is not None and scheme[1].upper() not in _PROTOCOLS:
        raise _wrong("{part} is no protocol of Kafka: write host:port, comma separated", scheme[1])
    text = part[scheme.end() if scheme else 0 :].rstrip("/")
    if _is_ipv6(text) and "%" not in text:
        return text
    found = _ADDRESS.fullmatch(text)
    if found is None or not (_is_ipv6(found["literal"]) or is_host(found["host"])):
        raise _wrong("{part} is no address: write host:port, comma separated", part)
    if found["port"] is not None and not 1 <= int(found["port"]) <= _LAST_PORT:
        raise _wrong("the port of {part} must be 1 to 65535", part)
    return text


def _wrong(text: LiteralString, part: str = "") -> PydanticCustomError:
    return PydanticCustomError("brokers", text, {"part": shown(part)})


def _is_ipv6(text: str | None) -> bool:
    with suppress(ValueError):
        return IPv6Address(text or "").version > 0
    return False


class KafkaSettings(Section):
    """Where the records are, and how much of them may be unresolved at once."""

    prefix: ClassVar[str] = "KAFKA_"

    bootstrap_servers: Annotated[str, BeforeValidator(_addresses)] = Field(
        default="localhost:9092", description="Brokers, `host:port`, comma separated."
    )
    topics: Annotated[tuple[Topic, ...], BeforeValidator(listed), Field(min_length=1)] = Field(
        default=("hull.events",), description="Topics to read, comma separated."
    )
    group_id: Text = Field(default="hull-planhat", description="The consumer group.")
    group_instance_id: Annotated[str, BeforeValidator(topic)] = Field(
        default="",
        description="Static membership: a name of this process that survives a restart, like the"
        " pod's name in a StatefulSet. Empty: none.",
    )
    session_timeout_seconds: float = Field(
        default=45.0,
        ge=1,
        le=1800,
        description="After this silence a killed member's partitions go to the others.",
    )
    dead_letter_topic: Topic = Field(
        default="hull.planhat.dead-letters", description="Where rejected messages are kept."
    )
    results_topic: Annotated[str, BeforeValidator(topic)] = Field(
        default="", description="Where results are written back for Hull. Empty: off."
    )
    outcomes_topic: Annotated[str, BeforeValidator(topic)] = Field(
        default="", description="Where it is kept what became of each message. Empty: off."
    )
    security_protocol: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"], BeforeValidator(upper)
    ] = Field(
        default="PLAINTEXT", description="`PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`."
    )
    sasl_mechanism: (
        Annotated[Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], BeforeValidator(upper)] | None
    ) = Field(default=None, description="`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.")
    sasl_username: Text | None = Field(default=None, description="User name for SASL.")
    sasl_password: TokenSource | None = Field(default=None, description="Password for SASL.")
    sasl_password_file: Path | None = Field(
        default=None,
        description="A mounted file with the password instead; new connections use a new one.",
    )
    ssl_ca_file: File | None = Field(
        default=None, description="Certificate authorities (PEM). Empty: those of the system."
    )
    ssl_cert_file: File | None = Field(default=None, description="Client certificate (PEM).")
    ssl_key_file: File | None = Field(
        default=None, description="Its key (PEM), if it is not in the same file."
    )
    ssl_key_password: TokenSource | None = Field(
        default=None, description="Pass phrase of the key, if it is encrypted."
    )
    ssl_key_password_file: Path | None = Field(
        default=None, description="A mounted file with the pass phrase instead."
    )
    max_pending_records: int = Field(
        default=16_000,
        ge=1,
        description="Records that are read and not committed as final, over all partitions;"
        " beyond it nothing is read.",
    )
    max_pending_bytes: ByteSize = Field(
        default=ByteSize(20 * MIB),
        ge=1,
        description="Bytes of those that are not final; takes units, like `32MiB`.",
    )
    max_unpacked_bytes: ByteSize = Field(
        default=ByteSize(32 * MIB),
        ge=MIB,
        le=1024 * MIB,
        description="Bytes that a compressed batch of Kafka may hold when it is unpacked; one that"
        " holds more is passed over with a dead letter. More of it needs as much more memory.",
    )
    window: int = Field(
        default=20_000,
        ge=1,
        le=20_000,
        description="Offsets of one partition between its commit and the newest record read. What"
        " is final above the commit is kept in its metadata, which holds no more.",
    )

    _tls: TlsFiles | None = PrivateAttr(default=None)

    @property
    def tls(self) -> TlsFiles | None:
        """The TLS context of new connections; None if they are plain."""
        return self._tls

    def follow_credentials(self, news: Callable[[str, str], None]) -> None:
        """Call `news` with the settings whose files hold new credentials and "", or why not."""
        if self.sasl_password is not None:
            self.sasl_password.follow(partial(news, "KAFKA_SASL_PASSWORD_FILE"))
        if self._tls is not None:
            self._tls.follow(news)

    @model_validator(mode="before")
    @classmethod
    def _secrets(cls, values: Any) -> Any:  # noqa: ANN401 - what a model is made of
        with_password = from_file(values, "sasl_password", "KAFKA_SASL_PASSWORD")
        return from_file(with_password, "ssl_key_password", KEY_PASSWORD)

    @model_validator(mode="before")
    @classmethod
    def _one_protocol(cls, values: Any) -> Any:  # noqa: ANN401 - what a model is made of
        """Brokers may be written as `SASL_SSL://host:port`, if that is what is meant."""
        if isinstance(values, dict):
            wanted = upper(values.get("security_protocol") or "PLAINTEXT")
            for part in _parts(str(values.get("bootstrap_servers") or "")):
                found = _SCHEME.match(part)
                one = wanted if found is None else found[1].upper()
                if one != wanted and {one, wanted} <= set(_PROTOCOLS):
                    raise conflict(
                        f"KAFKA_BOOTSTRAP_SERVERS: says {one}://, but KAFKA_SECURITY_PROTOCOL is"
                        f" {wanted}: make them the same"
                    )
        return values

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        is_sasl = self.security_protocol.startswith("SASL")
        login = {
            "KAFKA_SASL_MECHANISM": self.sasl_mechanism,
            "KAFKA_SASL_USERNAME": self.sasl_username,
            "KAFKA_SASL_PASSWORD": self.sasl_password,
        }
        missing = [name for name, value in login.items() if not value]
        if is_sasl and missing:
            raise conflict(f"KAFKA_SECURITY_PROTOCOL: {self.security_protocol}: needs {missing[0]}")
        if not is_sasl and len(missing) < len(login):
            given = next(name for name in login if name not in missing)
            raise conflict(f"{given}: set, but KAFKA_SECURITY_PROTOCOL is not a SASL one")
        for name, value in ((KEY, self.ssl_key_file), (KEY_PASSWORD, self.ssl_key_password)):
            if value and not self.ssl_cert_file:
                raise conflict(f"{name}: set, but {CERT} is not")
        return self

    @model_validator(mode="after")
    def _no_topic_twice(self) -> Self:
        """What we write must not come back to us, nor lie among what others look for."""
        taken = dict.fromkeys(self.topics, "KAFKA_TOPICS")
        for name, one in (
            ("KAFKA_DEAD_LETTER_TOPIC", self.dead_letter_topic),
            ("KAFKA_RESULTS_TOPIC", self.results_topic),
            ("KAFKA_OUTCOMES_TOPIC", self.outcomes_topic),
        ):
            if one in taken:
                raise conflict(
                    f"{name}: {one!r}: is in {taken[one]} too: give it a topic of its own"
                )
            if one:
                taken[one] = name
        return self

    @model_validator(mode="after")
    def _files_are_good(self) -> Self:
        if "SSL" in self.security_protocol:
            try:
                self._tls = TlsFiles(
                    self.ssl_ca_file, self.ssl_cert_file, self.ssl_key_file, self.ssl_key_password
                )
            except WrongFile as error:
                raise conflict(str(error)) from None
        return self
