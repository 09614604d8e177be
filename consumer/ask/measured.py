"""Counts and times what is asked of Planhat beside the batches."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from consumer.ask.directories import Directories
from consumer.ask.endusers import Endusers
from consumer.ask.halt import Probe
from consumer.clock import loop_time
from planhat_client.errors import PlanhatError, PlanhatThrottled, PlanhatUnauthorized

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.watch.metrics import Metrics
    from schemas.custom_field import CustomField
    from schemas.planhat import LeanCompany, PlanhatUser


class Questions(Directories, Endusers, Probe, Protocol):
    """What is asked; all raise PlanhatError."""


class MeasuredPlanhat:
    """Asks `api`, and tells the metrics how that went."""

    def __init__(self, api: Questions, metrics: Metrics) -> None:
        """Nothing is asked yet."""
        self._api = api
        self._metrics = metrics

    async def companies(self) -> list[LeanCompany]:
        """All companies; raises PlanhatError."""
        with self._measured("leancompanies"):
            return await self._api.companies()

    async def users(self) -> list[PlanhatUser]:
        """All users of Planhat; raises PlanhatError."""
        with self._measured("users"):
            return await self._api.users()

    async def custom_fields(self) -> list[CustomField]:
        """All custom fields of the tenant; raises PlanhatError."""
        with self._measured("customfields"):
            return await self._api.custom_fields()

    async def enduser_id(self, external_id: str) -> str | None:
        """The id of an enduser, None if there is none; raises PlanhatError."""
        with self._measured("enduser"):
            return await self._api.enduser_id(external_id)

    async def probe(self) -> None:
        """Ask whether the credential is accepted; raises PlanhatError if not."""
        with self._measured("probe"):
            await self._api.probe()

    @contextmanager
    def _measured(self, kind: str) -> Iterator[None]:
        started = loop_time()
        status = "ok"
        try:
            yield
        except PlanhatError as error:
            status = _status(error)
            raise
        finally:
            self._metrics.request(kind, status, loop_time() - started)


def _status(error: PlanhatError) -> str:
    match error:
        case PlanhatUnauthorized():
            return "unauthorized"
        case PlanhatThrottled():
            return "429"
        case _:
            return "failed"
