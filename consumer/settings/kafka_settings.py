"""The settings of Kafka."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ByteSize, Field, FilePath, StringConstraints, model_validator
from pydantic_settings import SettingsConfigDict

from consumer.settings.section import MIB, Section, Text, Topic, conflict, from_file, listed, upper
from consumer.settings.token_source import TokenSource


class KafkaSettings(Section):
    """Where the records are, and how much of them may be unresolved at once."""

    model_config = SettingsConfigDict(env_prefix="KAFKA_")

    bootstrap_servers: Text = Field(
        default="localhost:9092", description="Brokers, comma separated."
    )
    topics: Annotated[tuple[Topic, ...], BeforeValidator(listed), Field(min_length=1)] = Field(
        default=("hull.events",), description="Topics to read, comma separated."
    )
    group_id: Text = Field(default="hull-planhat", description="The consumer group.")
    group_instance_id: str = Field(
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
    results_topic: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{0,249}$")] = Field(
        default="", description="Where results are written back for Hull. Empty: off."
    )
    security_protocol: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"], BeforeValidator(upper)
    ] = Field(
        default="PLAINTEXT", description="`PLAINTEXT`, `SSL`, `SASL_PLAINTEXT` or `SASL_SSL`."
    )
    sasl_mechanism: (
        Annotated[Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], BeforeValidator(upper)] | None
    ) = Field(default=None, description="`PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.")
    sasl_username: str | None = Field(default=None, description="User name for SASL.")
    sasl_password: TokenSource | None = Field(default=None, description="Password for SASL.")
    sasl_password_file: Path | None = Field(
        default=None,
        description="A mounted file with the password instead; read at each connection.",
    )
    ssl_ca_file: FilePath | None = Field(
        default=None, description="Certificate authorities (PEM). Empty: those of the system."
    )
    ssl_cert_file: FilePath | None = Field(default=None, description="Client certificate (PEM).")
    ssl_key_file: FilePath | None = Field(
        default=None, description="Its key (PEM), if it is not in the same file."
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
    window: int = Field(
        default=20_000,
        ge=1,
        le=20_000,
        description="Offsets of one partition between its commit and the newest record read. What"
        " is final above the commit is kept in its metadata, which holds no more.",
    )

    @model_validator(mode="before")
    @classmethod
    def _password(cls, values: Any) -> Any:  # noqa: ANN401 - what a model is made of
        return from_file(values, "sasl_password", "KAFKA_SASL_PASSWORD")

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
        if self.ssl_key_file and not self.ssl_cert_file:
            raise conflict("KAFKA_SSL_KEY_FILE: set, but KAFKA_SSL_CERT_FILE is not")
        return self
