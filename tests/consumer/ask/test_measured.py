import pytest

from consumer.ask.measured import MeasuredPlanhat
from consumer.watch.metrics import Metrics
from planhat_client.errors import (
    PlanhatError,
    PlanhatThrottled,
    PlanhatUnauthorized,
    PlanhatUnavailable,
)
from schemas.custom_field import CustomField
from schemas.planhat import LeanCompany, PlanhatUser


class FakePlanhat:
    def __init__(self, error: PlanhatError | None = None) -> None:
        self.error = error

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
