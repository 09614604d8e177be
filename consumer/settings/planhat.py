"""The settings of Planhat."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, ByteSize, Field, SecretStr, model_validator

from consumer.settings.secret import TokenSource, Unusable
from consumer.settings.section import MIB, Section, Url, conflict, from_file, lower
from planhat_client.client import Endpoints
from schemas.connector import ConnectorSettings
from schemas.settings_error import InvalidSettings


class PlanhatSettings(Section):
    """Where Planhat is, and what may be asked of it."""

    prefix: ClassVar[str] = "PLANHAT_"

    access_token: TokenSource | None = Field(
        default=None,
        description="API access token; goes before the one in the connector settings.",
    )
    access_token_file: Path | None = Field(
        default=None,
        description="A mounted file with the token instead; a new one is taken up at once.",
    )
    tenant_id: SecretStr | None = Field(
        default=None,
        description="Tenant id, for activities; goes before the one in the connector settings.",
    )
    api_url: Url | None = Field(
        default=None,
        description="The main API. Empty: from `api_prefix` of the connector settings.",
    )
    analytics_url: Url = Field(
        default="https://analytics.planhat.com", description="The host that takes activities."
    )
    requests_per_minute: float = Field(
        default=200.0,
        ge=1,
        allow_inf_nan=False,
        description="Calls to the main API in any 60 seconds: of the whole tenant, all replicas"
        " together.",
    )
    burst: float = Field(
        default=10.0, ge=1, allow_inf_nan=False, description="Calls of these that may go at once."
    )
    quota_share: float = Field(
        default=0.5,
        ge=0.01,
        le=1,
        allow_inf_nan=False,
        description="Share of these calls that is used while nothing is late: what is ready waits"
        " for others, so that one call carries more. 1: nothing waits.",
    )
    freshness_seconds: float = Field(
        default=5.0,
        ge=0,
        le=300,
        allow_inf_nan=False,
        description="A change that has waited for so long is late: from then on the whole quota"
        " is used.",
    )
    max_concurrent_requests: int = Field(
        default=10, ge=1, le=1000, description="Calls in flight at once."
    )
    lane_concurrency: int = Field(
        default=2, ge=1, le=50, description="The same for each kind of object."
    )
    batch_size: int = Field(
        default=1000,
        ge=1,
        le=5000,
        description="Profiles in one call, at most 5000 (Planhat's bound).",
    )
    batch_bytes: ByteSize = Field(
        default=ByteSize(4 * MIB),
        ge=1024,
        le=32 * MIB,
        description="Bytes in one call; takes units, like `4MiB`.",
    )
    request_timeout_seconds: float = Field(
        default=30.0, ge=0.1, le=600, description="How long an answer may take."
    )
    activities: Annotated[Literal["bulk", "single"], BeforeValidator(lower)] = Field(
        default="bulk", description="`bulk`: many activities a call; `single`: one."
    )
    custom_fields: Annotated[Literal["off", "warn", "skip"], BeforeValidator(lower)] = Field(
        default="warn",
        description="Read the tenant's custom fields, at the start and hourly. `warn`: tell of"
        " mapped ones that nobody would see; `skip`: do not send these either; `off`: do not read.",
    )
    skip_unchanged: bool = Field(
        default=True,
        description="Do not send again what Planhat is known to have word for word.",
    )

    @model_validator(mode="before")
    @classmethod
    def _token(cls, values: Any) -> Any:  # noqa: ANN401 - what a model is made of
        return from_file(values, "access_token", "PLANHAT_ACCESS_TOKEN")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.burst > self.requests_per_minute:
            raise conflict(
                f"PLANHAT_BURST: {self.burst:g}: must be at most PLANHAT_REQUESTS_PER_MINUTE"
                f" ({self.requests_per_minute:g})"
            )
        return self

    def token(self, connector: ConnectorSettings) -> Callable[[], str]:
        """Return the access token to ask for at each request; raises InvalidSettings."""
        if self.access_token is not None:
            return self.access_token
        found = connector.personal_access_token
        if found is None or not found.get_secret_value().strip():
            raise InvalidSettings(
                "PLANHAT_ACCESS_TOKEN: missing: set it, or PLANHAT_ACCESS_TOKEN_FILE, or"
                " personal_access_token in the connector settings"
            )
        try:
            return TokenSource(found.get_secret_value())
        except Unusable as error:
            raise InvalidSettings(f"personal_access_token: ***: {error}") from None

    def endpoints(self, connector: ConnectorSettings) -> Endpoints:
        """Return where Planhat is; raises InvalidSettings if the tenant is not known."""
        tenant = self.tenant_id or connector.tenant_id
        if tenant is None or not tenant.get_secret_value().strip():
            raise InvalidSettings(
                "PLANHAT_TENANT_ID: missing: set it, or tenant_id in the connector settings"
            )
        return Endpoints(
            self.api_url or connector.api_url, self.analytics_url, tenant.get_secret_value().strip()
        )
