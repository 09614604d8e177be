import pytest

from consumer.ask.measured import MeasuredPlanhat
from consumer.watch.metrics import Metrics
from planhat_client.endusers import Deletion, KeyField, Matches, Page
from planhat_client.errors import (
    PlanhatError,
    PlanhatThrottled,
    PlanhatUnauthorized,
    PlanhatUnavailable,
)
from schemas.custom_field import CustomField
from schemas.planhat import Enduser, LeanCompany, PlanhatUser

ROW = Enduser(_id="5e")


class FakeContacts:
    async def by_id(self, planhat_id: str) -> Enduser | None:
        return None if planhat_id else ROW

    async def by_external_id(self, external_id: str) -> list[Enduser]:
        return [ROW] if external_id else []

    async def having(self, field: KeyField, value: str) -> Matches:
        return Matches((ROW,), is_whole=(field, value) == ("email", "a@b.c"))

    async def page(self, offset: int) -> Page:
        return Page((ROW,), offset or None)

    async def delete(self, planhat_id: str) -> Deletion:
        return "deleted" if planhat_id else "absent"


class FakePlanhat:
    def __init__(self, error: PlanhatError | None = None) -> None:
        self.error = error
        self.endusers = FakeContacts()

    async def companies(self) -> list[LeanCompany]:
        return []

    async def users(self) -> list[PlanhatUser]:
        return []

    async def custom_fields(self) -> list[CustomField]:
        return []

    async def enduser_id(self, external_id: str) -> str | None:  # noqa: ARG002 - as it is asked
        return None

    async def probe(self) -> None:
        if self.error:
            raise self.error


async def test_contacts_are_found_by_each_of_their_keys_and_counted() -> None:
    metrics = Metrics()
    asked = MeasuredPlanhat(FakePlanhat(), metrics)

    assert await asked.contacts("_id", "5e") == Matches((), is_whole=True)
    assert await asked.contacts("externalId", "u-1") == Matches((ROW,), is_whole=True)
    assert await asked.contacts("email", "a@b.c") == Matches((ROW,), is_whole=True)
    assert await asked.contacts_page(7) == Page((ROW,), 7)
    assert await asked.delete_contact("5e") == "deleted"

    value = metrics.registry.get_sample_value
    counts = {"enduser": 3, "endusers-page": 1, "removal": 1}
    for resource, count in counts.items():
        labels = {"resource": resource, "status": "ok"}
        assert value("hull_planhat_requests_total", labels) == count


async def test_each_question_is_counted_under_its_own_name() -> None:
    metrics = Metrics()
    asked = MeasuredPlanhat(FakePlanhat(), metrics)

    await asked.companies()
    await asked.users()
    await asked.custom_fields()
    await asked.enduser_id("u-1")
    await asked.probe()

    value = metrics.registry.get_sample_value
    for resource in ("leancompanies", "users", "customfields", "enduser", "probe"):
        labels = {"resource": resource, "status": "ok"}
        assert value("hull_planhat_requests_total", labels) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (PlanhatUnauthorized("401"), "unauthorized"),
        (PlanhatThrottled("429"), "429"),
        (PlanhatUnavailable("no answer in 30 s"), "failed"),
    ],
)
async def test_a_failure_is_counted_by_what_it_was(error: PlanhatError, status: str) -> None:
    metrics = Metrics()

    with pytest.raises(type(error)):
        await MeasuredPlanhat(FakePlanhat(error), metrics).probe()

    labels = {"resource": "probe", "status": status}
    assert metrics.registry.get_sample_value("hull_planhat_requests_total", labels) == 1
