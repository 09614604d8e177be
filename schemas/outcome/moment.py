"""How the lines of the outcomes topic tell a moment. Data only."""

from typing import Annotated, TypeAlias

from msgspec import Meta

Millis: TypeAlias = Annotated[int, Meta(description="Milliseconds since 1970.", ge=0)]
