"""Each halt has its kind and its own end; a body or a resource that is refused costs itself."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.lanes.halts import Halts, refused_resources, why_halted
from planhat_client.protocol import Halt
from schemas.planhat import Resource
from tests.consumer.engine_run import Engine, account, account_message, user_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumer.lanes.batch import Batch
    from planhat_client.protocol import Answer

FORBIDDEN = Halt("403 Forbidden; is the token valid?", 403, told="403 Forbidden")


def denied(halts: Halts, now: float) -> None:
    """The probe was refused."""
    halts.unanswered(now)
    halts.begin("unauthorized", "403", now)


class Refusing(Engine):
    """An engine whose Planhat refuses what `refuses` says, and lets reads in while `reads`."""

    def __init__(
        self,
        refuses: Callable[[Batch], bool] = lambda _: False,
        answer: Answer = FORBIDDEN,
        *,
        reads: bool = True,
    ) -> None:
        super().__init__()
        self.refuses = refuses
        self.refusal = answer
        self.reads = reads
        self.told: list[Resource] = []

    def send(self, batch: Batch) -> Answer:
        self.told += [
            one.resource for one in refused_resources(self.dispatch.halts) if one.resource
        ]
        if not self.refuses(batch):
            return super().send(batch)
        self.calls["refused " + batch.resource.value] += 1
        return self.refusal

    def look_up(self) -> bool:
        halts = self.dispatch.halts
        if halts.probe_is_due(self.now):
            self.calls["probe"] += 1
            if self.reads:
                halts.accepted(self.now)
            else:
                denied(halts, self.now)
            return True
        is_halted = any(one.kind != "too many rejected" for one in halts.service.values())
        if is_halted or any(halts.lanes[name].asks for name in Resource):
            self.now += 0.5
            return True
        return super().look_up()

    @property
    def endings(self) -> Counter[tuple[str, str]]:
        return Counter((end.part.resource.value, end.ending) for end in self.ended)


def holds(*texts: str) -> Callable[[Batch], bool]:
    return lambda batch: any(text.encode() in item for item in batch.items for text in texts)


def is_for(resource: Resource) -> Callable[[Batch], bool]:
    return lambda batch: batch.resource is resource


def with_users(engine: Engine, count: int) -> None:
    engine.take(account_message(account(1)))
    engine.run()
    engine.take(*(user_message(number, account(1)) for number in range(count)))


def licence(number: int) -> dict[str, object]:
    return {"id": f"l-{number}", "currency": "EUR", "from": "2026-01-01", "mrr": 5}


def test_one_body_that_is_refused_among_a_thousand_costs_itself_only() -> None:
    engine = Refusing(holds("u777@"))
    with_users(engine, 1000)

    engine.run()

    assert engine.endings["endusers", "delivered"] == 999
    assert engine.endings["endusers", "rejected"] == 1
    (reason,) = engine.rejected[0].rejections
    assert reason.startswith("403 Forbidden; others are taken: a web application firewall")
    assert not refused_resources(engine.dispatch.halts)
    assert engine.calls["refused endusers"] <= 12
    assert engine.calls["probe"] <= 2


def test_many_bodies_that_are_refused_cost_themselves() -> None:
    bad = [f"u{number}@" for number in range(40, 60)]
    engine = Refusing(holds(*bad))
    with_users(engine, 100)

    engine.run()

    assert engine.endings["endusers", "delivered"] == 80
    assert engine.endings["endusers", "rejected"] == 20


def test_of_changes_that_fly_together_only_the_one_that_is_refused_is_rejected() -> None:
    engine = Refusing(holds("evil"))
    with_users(engine, 20)
    engine.take(
        user_message(3, account(1), user={"name": "evil"}),
        user_message(3, account(1), user={"name": "good"}),
        user_message(3, account(1), user={"name": "evil too"}),
    )
    engine.run(30.0)

    for number in (21, 22, 23):
        engine.take(user_message(number, account(1)))
        engine.run(120.0)

    assert engine.endings["endusers", "rejected"] == 2
    assert engine.endings["endusers", "delivered"] == 24


def test_a_resource_that_is_refused_holds_its_own_lane_and_is_named() -> None:
    engine = Refusing(is_for(Resource.LICENSES))
    engine.take(account_message(account(1, licences=[licence(1), licence(2)])))
    engine.run(60.0)

    with_users(engine, 50)
    engine.run(60.0)

    assert engine.endings["endusers", "delivered"] == 50
    assert engine.endings["licenses", "delivered"] == 0
    assert not engine.rejected
    (halted,) = refused_resources(engine.dispatch.halts)
    assert (halted.kind, halted.resource) == ("resource refused", Resource.LICENSES)
    assert not engine.dispatch.halts.stops_all


def test_a_refused_resource_is_tried_with_one_profile_ever_less_often() -> None:
    engine = Refusing(is_for(Resource.LICENSES))
    engine.take(account_message(account(1, licences=[licence(number) for number in range(50)])))

    engine.run(3600.0)

    assert engine.calls["refused licenses"] <= 70
    assert engine.calls["probe"] <= 70


def test_a_resource_that_is_allowed_again_goes_on_by_itself() -> None:
    engine = Refusing(is_for(Resource.LICENSES))
    engine.take(account_message(account(1, licences=[licence(number) for number in range(50)])))
    engine.run(300.0)

    engine.refuses = lambda _: False
    engine.run(120.0)

    assert engine.endings["licenses", "delivered"] == 50
    assert not engine.rejected
    assert not refused_resources(engine.dispatch.halts)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_write_that_is_refused_while_reads_work_makes_no_endless_loop(status: int) -> None:
    engine = Refusing(is_for(Resource.ENDUSERS), Halt("no", status, told="no"))
    with_users(engine, 50)

    engine.run(3600.0)

    assert engine.calls["refused endusers"] <= 75
    assert [one.resource for one in refused_resources(engine.dispatch.halts)] == [Resource.ENDUSERS]
    assert not engine.rejected


def test_a_token_that_is_refused_for_reads_too_halts_the_service() -> None:
    engine = Refusing(lambda _: True, reads=False)
    engine.take(account_message(account(1)))

    engine.run(60.0)

    assert [halted.kind for halted in engine.dispatch.halts.service.values()] == ["unauthorized"]
    assert engine.calls["refused companies"] == 1


def test_what_is_refused_alone_in_its_lane_is_kept_until_another_is_taken() -> None:
    engine = Refusing(holds("u1@"))
    with_users(engine, 0)
    engine.take(user_message(1, account(1)))
    engine.run(120.0)
    before = engine.endings["endusers", "rejected"]

    engine.take(user_message(2, account(1)))
    engine.run(120.0)

    assert before == 0
    assert engine.endings["endusers", "rejected"] == 1
    assert engine.endings["endusers", "delivered"] == 1


def test_a_right_that_is_taken_away_while_all_flows_costs_no_record() -> None:
    engine = Refusing()
    with_users(engine, 100)
    engine.run()

    engine.refuses = is_for(Resource.ENDUSERS)
    engine.take(*(user_message(number, account(1), user={"name": "x"}) for number in range(100)))
    engine.run(3600.0)

    assert not engine.rejected


def test_activities_that_are_refused_hold_nothing_else_and_ask_for_no_read() -> None:
    engine = Refusing(is_for(Resource.ACTIVITIES), Halt("401", 401, told="401"))
    event = {"event": "Signed in", "event_id": "e1", "created_at": "2026-11-01T10:00:00Z"}
    with_users(engine, 10)
    engine.take(user_message(1, account(1), events=[event]))

    engine.run(600.0)

    assert engine.endings["endusers", "delivered"] == 11
    assert [one.resource for one in refused_resources(engine.dispatch.halts)] == [
        Resource.ACTIVITIES
    ]
    assert engine.calls["probe"] == 0
    assert not engine.dispatch.halts.stops_all


@given(
    bad=st.sets(st.integers(0, 39), max_size=12),
    refused=st.sampled_from([None, Resource.ENDUSERS, Resource.ACTIVITIES]),
)
def test_whatever_is_refused_all_others_are_taken_and_nothing_goes_on_for_ever(
    bad: set[int], refused: Resource | None
) -> None:
    is_bad = holds(*(f'"u{number}@' for number in bad))
    engine = Refusing(
        lambda batch: (
            batch.resource is refused or (batch.resource is Resource.ENDUSERS and is_bad(batch))
        )
    )
    with_users(engine, 40)

    engine.run(240.0)

    rejected = engine.endings["endusers", "rejected"]
    delivered = engine.endings["endusers", "delivered"]
    if refused is Resource.ENDUSERS:
        assert (rejected, delivered) == (0, 0)
    else:
        assert (rejected, delivered) == (len(bad), 40 - len(bad))
    assert sum(engine.calls.values()) <= 40 + 30 * len(bad) + 200


def test_the_end_of_a_refused_token_does_not_end_a_mass_reject() -> None:
    halts = Halts(Resource)
    halts.read_refused("users", 401, "401 no", 0.0)
    halts.begin("too many rejected", "too many messages are rejected", 1.0)

    ended = halts.accepted(10.0)

    assert ended
    assert [(one.kind, one.since) for one in halts.service.values()] == [("too many rejected", 1.0)]
    assert halts.stops_all


def test_a_mass_reject_does_not_hide_a_refused_token() -> None:
    halts = Halts(Resource)
    halts.begin("too many rejected", "too many messages are rejected", 0.0)
    halts.read_refused("users", 401, "401 no", 1.0)

    assert [one.kind for one in halts.service.values()] == ["too many rejected", "unauthorized"]
    assert why_halted(halts) == "too many messages are rejected; 401 no"
    assert halts.probe_is_due(10.0)


def test_nobody_asks_planhat_about_a_mass_reject() -> None:
    halts = Halts(Resource)
    halts.begin("too many rejected", "too many messages are rejected", 0.0)

    assert not halts.probe_is_due(1000.0)


def test_a_read_that_is_refused_while_others_work_halts_once_and_not_again() -> None:
    halts = Halts(Resource)
    halts.read_refused("leancompanies", 401, "401 no", 0.0)
    halts.accepted(10.0)

    halts.read_refused("leancompanies", 401, "401 no", 20.0)

    assert not halts.stops_all
    assert halts.probe_is_due(30.0)


events = st.sampled_from(("trip", "401", "403", "404", "probe ok", "probe no", "probe lost"))


@given(st.lists(st.tuples(events, st.floats(0.0, 30.0)), max_size=40))
def test_a_halt_lasts_from_its_cause_to_its_own_end(steps: list[tuple[str, float]]) -> None:
    halts, now, expected = Halts(Resource), 0.0, set[str]()
    for event, seconds in steps:
        now += seconds
        match event:
            case "trip":
                halts.begin("too many rejected", "too many", now)
                expected.add("too many rejected")
            case "401" | "404":
                halts.read_refused(f"a new read at {now}", int(event), event, now)
                expected.add("unauthorized" if event == "401" else "wrong host")
            case "403":
                halts.read_refused(f"a new read at {now}", 403, "403", now)
            case "probe ok":
                halts.accepted(now)
                expected -= {"unauthorized", "wrong host"}
            case "probe no":
                denied(halts, now)
                expected.add("unauthorized")
            case _:
                halts.unanswered(now)

        told = {halted.kind for halted in halts.service.values()}
        assert told >= expected - {"unauthorized", "wrong host"}
        assert halts.stops_all == bool(told)
        assert told == expected or now == 0.0 or len(steps) > 1


def test_flights_are_told_by_their_bodies() -> None:
    engine = Refusing(holds("u0@"))
    with_users(engine, 1)
    step = engine.core.next(engine.now)

    assert engine.refuses(step)  # type: ignore[arg-type]  # it is a batch
    assert orjson.loads(step.items[0])["externalId"] == "u-0"  # type: ignore[union-attr]  # the same
