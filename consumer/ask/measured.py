"""Counts and times what is asked of Planhat beside the batches."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from consumer.ask.directories import Directories
from consumer.ask.halt import Probe
from consumer.clock import loop_time
from planhat_client.endusers import Matches
from planhat_client.errors import PlanhatError, PlanhatThrottled, PlanhatUnauthorized

if TYPE_CHECKING:
    from collections.abc import Iterator

    from consumer.engine.merge.choice import Key
    from consumer.watch.metrics import Metrics
    from planhat_client.endusers import Deletion, KeyField, Page
    from schemas.custom_field import CustomField
    from schemas.planhat import Enduser, LeanCompany, PlanhatUser


class Contacts(Protocol):
    """What is asked about contacts; all raise PlanhatError."""

    async def by_id(self, planhat_id: str) -> Enduser | None:
        """The enduser of an `_id`."""

    async def by_external_id(self, external_id: str) -> list[Enduser]:
        """Those of an external id."""

    async def having(self, field: KeyField, value: str) -> Matches:
        """Those that have a key."""

    async def page(self, offset: int) -> Page:
        """Some of all."""

    async def delete(self, planhat_id: str) -> Deletion:
        """Delete one."""


class Questions(Directories, Probe, Protocol):
    """What is asked; all raise PlanhatError."""

    @property
    def endusers(self) -> Contacts:
        """Contacts that are there already."""

    async def enduser_id(self, external_id: str) -> str | None:
        """The id of the only enduser of that external id."""


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

    async def contacts(self, key: Key, value: str) -> Matches:
        """The endusers that have a key; raises PlanhatError."""
        with self._measured("enduser"):
            if key == "email":
                return await self._api.endusers.having("email", value)
            if key == "externalId":
                rows = tuple(await self._api.endusers.by_external_id(value))
            else:
                found = await self._api.endusers.by_id(value)
                rows = () if found is None else (found,)
            return Matches(rows, is_whole=True)

    async def contacts_page(self, offset: int) -> Page:
        """Some of all endusers; raises PlanhatError."""
        with self._measured("endusers-page"):
            return await self._api.endusers.page(offset)

    async def delete_contact(self, planhat_id: str) -> Deletion:
        """Delete an enduser; raises PlanhatError."""
        with self._measured("removal"):
            return await self._api.endusers.delete(planhat_id)

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
