"""Custom fields as a tenant tells them, for tests."""

from __future__ import annotations

from typing import Any

from schemas.custom_field import CustomField


def custom(name: str, kind: str = "text", model: str = "enduser", **told: Any) -> CustomField:  # noqa: ANN401 - as told
    return CustomField.model_validate({"parent": model, "name": name, "type": kind, **told})


def table(*rows: tuple[str, str]) -> list[dict[str, str]]:
    return [{"hull_field_name": source, "service_field_name": target} for source, target in rows]
