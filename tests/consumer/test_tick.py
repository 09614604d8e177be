import pytest

from consumer.lanes.halts import Halted
from consumer.tick import tell_halts
from consumer.watch.metrics import HALTS, Metrics
from schemas.planhat import Resource

UNAUTHORIZED = Halted("unauthorized", "Planhat answers 401", 0.0)
REJECTS = Halted("too many rejected", "60 of 100 are rejected", 0.0)


@pytest.fixture(name="metrics")
def _metrics() -> Metrics:
    return Metrics()


def halted(metrics: Metrics) -> list[str]:
    name = "hull_planhat_halted"
    return [kind for kind in HALTS if metrics.registry.get_sample_value(name, {"reason": kind})]


def test_each_halt_is_told_while_there_are_several(metrics: Metrics) -> None:
    tell_halts(metrics, [UNAUTHORIZED, REJECTS], [])

    assert halted(metrics) == ["unauthorized", "too many rejected"]


def test_a_halt_that_is_over_is_taken_back(metrics: Metrics) -> None:
    tell_halts(metrics, [UNAUTHORIZED], [])
    tell_halts(metrics, [], [])

    assert halted(metrics) == []


def test_a_resource_that_is_refused_is_told_by_its_name(metrics: Metrics) -> None:
    tell_halts(metrics, [], [Halted("resource refused", "403", 0.0, Resource.LICENSES)])

    name = "hull_planhat_resource_halted"
    told = [one for one in Resource if metrics.registry.get_sample_value(name, {"resource": one})]
    assert told == [Resource.LICENSES]
