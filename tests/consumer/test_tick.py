import pytest
from structlog.testing import capture_logs

from consumer.decide.custom.faults import Fault
from consumer.decide.forms.organisation import USERS, GoneSegments, Organisation
from consumer.lanes.halts import Halted
from consumer.tick import tell_faults, tell_gone, tell_halts, tell_lanes
from consumer.watch.metrics import HALTS, Metrics
from planhat_client.protocol import Delivered, Retry
from schemas.planhat import BulkResult, Resource
from tests.consumer.lane_bench import Bench, part


@pytest.fixture(name="metrics")
def _metrics() -> Metrics:
    return Metrics()


def halted(metrics: Metrics) -> list[str]:
    name = "hull_planhat_halted"
    return [kind for kind in HALTS if metrics.registry.get_sample_value(name, {"reason": kind})]


def test_each_halt_is_told_while_there_are_several(metrics: Metrics) -> None:
    tell_halts(metrics, {"unauthorized", "too many rejected"}, [])

    assert halted(metrics) == ["unauthorized", "too many rejected"]


def test_a_halt_that_is_over_is_taken_back(metrics: Metrics) -> None:
    tell_halts(metrics, {"unauthorized"}, [])
    tell_halts(metrics, [], [])

    assert halted(metrics) == []


def test_a_resource_that_is_refused_is_told_by_its_name(metrics: Metrics) -> None:
    tell_halts(metrics, [], [Halted("resource refused", "403", 0.0, Resource.LICENSES)])

    name = "hull_planhat_resource_halted"
    told = [one for one in Resource if metrics.registry.get_sample_value(name, {"resource": one})]
    assert told == [Resource.LICENSES]


def told_of_lane(metrics: Metrics, bench: Bench) -> dict[str, float | None]:
    tell_lanes(metrics, {Resource.ENDUSERS: bench.lane})
    names = ("breaker_state", "in_flight", "waiting", "parked")
    return {
        name: metrics.registry.get_sample_value(f"hull_planhat_{name}", {"resource": "endusers"})
        for name in names
    }


def test_a_breaker_is_told_as_it_opens_tries_and_closes(metrics: Metrics) -> None:
    bench = Bench(batch_size=1, concurrency=4)
    for number in range(4):
        bench.lane.add(part(f"k{number}", 1), 0.0)
    states = [told_of_lane(metrics, bench)["breaker_state"]]
    for batch in [bench.fly() for _ in range(4)]:
        bench.settler.settle(batch, Retry("503", 503), 0.0)
    states.append(told_of_lane(metrics, bench)["breaker_state"])
    bench.now = 60.0
    probe = bench.fly()
    states.append(told_of_lane(metrics, bench)["breaker_state"])
    bench.settler.settle(probe, Delivered(BulkResult(created=1)), 60.0)
    states.append(told_of_lane(metrics, bench)["breaker_state"])

    assert states == [0, 2, 1, 0]


def test_what_a_lane_holds_is_told_with_what_flies_and_is_parked(metrics: Metrics) -> None:
    bench = Bench(batch_size=1, concurrency=4)
    for number in range(3):
        bench.lane.add(part(f"k{number}", 1), 0.0)
    bench.settler.settle(bench.fly(), Retry("503", 503), 0.0)
    bench.fly()

    assert told_of_lane(metrics, bench) == {
        "breaker_state": 0,
        "in_flight": 1,
        "waiting": 3,
        "parked": 1,
    }


def test_faults_of_the_mapping_are_told_until_they_are_mended(metrics: Metrics) -> None:
    labels = {"resource": "endusers", "fault": "missing"}
    fault = Fault("missing", Resource.ENDUSERS, "Plan")

    counts = []
    for faults in ([fault, fault], []):
        tell_faults(metrics, faults)
        counts.append(metrics.registry.get_sample_value("hull_planhat_field_faults", labels))

    assert counts == [2, 0]


def test_a_segment_of_a_filter_that_is_gone_is_logged_once() -> None:
    segments = GoneSegments(frozenset({"s2"}), frozenset())
    segments.look(Organisation([{"id": "s1"}], ()), 0.0)

    with capture_logs() as logs:
        tell_gone(segments)
        tell_gone(segments)

    assert [(one["event"], one["setting"], one["segment"]) for one in logs] == [
        ("filter.segment_gone", USERS, "s2")
    ]
