"""Records are final in the order of their profiles, and what a message is told to have been."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from consumer.decide import reasons
from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from planhat_client.protocol import Delivered
from planhat_client.sandbox import Refusal
from schemas.planhat import BulkResult, Resource
from tests.consumer.engine_run import Engine, account, account_message, user_message
from tests.consumer.joined import joined, rules_of

if TYPE_CHECKING:
    from consumer.offsets.ticket import Ticket

SETTINGS = """
contact_synchronized_segments: [s]
contact_events: [Signed in]
contact_attributes_outbound: [{hull_field_name: email, service_field_name: email}]
"""


class Desk:
    """An intake with its lanes, and no Kafka nor Planhat."""

    def __init__(self) -> None:
        self.rejected: list[Ticket] = []
        self.engine = joined(rules_of(SETTINGS), reject=self.rejected.append, reject_limit=0.5)
        self.backlog = self.engine.assignment.backlog
        self.offsets = Offsets(0, "")

    def take(
        self, offset: int, *, with_event: bool, headers: tuple[tuple[str, bytes], ...] = ()
    ) -> None:
        message = {
            "user": {"id": "u", "email": f"{offset}@example.com"},
            "account": {"id": "a", "planhat/id": "company"},
            "segments": [{"id": "s"}],
            "events": [{"event": "Signed in", "event_id": str(offset)}] if with_event else [],
        }
        value = json.dumps(message).encode()
        record = Record(Partition("t", 0), offset, b"u", value, headers)
        self.engine.take([record], self.offsets, 0.0)

    def deliver(self, resource: Resource) -> None:
        batch = self.engine.lanes[resource].take(0.0)
        assert batch is not None
        answer = Delivered(BulkResult(created=len(batch.items)), is_whole=True)
        self.engine.answered(batch, answer, 0.0)


def test_a_newer_record_is_not_final_before_an_older_one_of_its_profile() -> None:
    desk = Desk()
    desk.take(0, with_event=True)
    desk.take(1, with_event=False)

    desk.deliver(Resource.ENDUSERS)

    # Else a restart would send record 0 again, over the newer record 1, which it would leave out.
    assert desk.offsets.to_commit() == (0, "")
    desk.deliver(Resource.ACTIVITIES)
    assert desk.offsets.to_commit() == (2, "")
    assert desk.backlog.records == 0


def test_a_long_chain_of_one_profile_resolves_at_once() -> None:
    desk = Desk()
    desk.take(0, with_event=True)
    for offset in range(1, 5000):
        desk.take(offset, with_event=False)

    desk.deliver(Resource.ENDUSERS)
    desk.deliver(Resource.ACTIVITIES)

    assert desk.offsets.to_commit() == (5000, "")
    assert desk.backlog.bytes == 0


def take(engine: Engine, value: bytes | None, headers: tuple[tuple[str, bytes], ...] = ()) -> None:
    """Read a record that is no plain message."""
    record = Record(Partition("t", 0), engine.offsets.position or 0, None, value, headers)
    engine.core.take([record], engine.offsets, engine.now)


def told(engine: Engine) -> list[tuple[str, int | None, str, str]]:
    """Of each message that ended its channel, its place in the record, its end, and why."""
    return [(one.channel, one.position, one.ending, one.reason) for one in engine.outcomes]


def envelope(*messages: object) -> bytes:
    return json.dumps({"messages": messages}).encode()


def test_a_lone_message_has_no_place_and_is_called_by_its_kind() -> None:
    engine = Engine()
    engine.take(account_message(account(1)), user_message(1, account(1)))

    engine.run()

    assert sorted(told(engine)) == [
        ("account:update", None, "delivered", ""),
        ("user:update", None, "delivered", ""),
    ]


def test_each_message_of_an_envelope_is_told_by_its_place() -> None:
    engine = Engine()
    take(
        engine,
        envelope(user_message(1, account(1)), "no", {"channel": "ship:update"}, {"user": {"x": 1}}),
    )

    engine.run()

    assert told(engine) == [
        ("ship:update", 2, "skipped", reasons.UNSUPPORTED_CHANNEL),
        ("user:update", 0, "delivered", ""),
        ("", 1, "rejected", "not a Hull message: not a JSON object"),
        ("", 3, "rejected", "user without an id"),
    ]
    assert engine.offsets.to_commit() == (1, "")


def test_a_tombstone_is_skipped_and_what_is_no_json_is_rejected() -> None:
    engine = Engine()

    take(engine, None)
    take(engine, b"no")

    skipped, rejected = told(engine)
    assert skipped == ("", None, "skipped", reasons.TOMBSTONE)
    assert rejected[:3] == ("", None, "rejected")
    assert rejected[3].startswith("not JSON: ")
    assert engine.offsets.to_commit() == (2, "")
    assert engine.backlog.records == 0


def test_an_envelope_of_nothing_is_final_at_once() -> None:
    engine = Engine()

    take(engine, envelope())

    assert (told(engine), engine.offsets.to_commit()) == ([], (1, ""))


def test_two_messages_of_one_profile_in_one_record_do_not_wait_for_each_other() -> None:
    engine = Engine()
    take(engine, envelope(user_message(1, account(1)), user_message(1, account(1))))

    engine.run()

    assert engine.offsets.to_commit() == (1, "")


def test_a_receipt_tells_who_it_is_about_and_whether_it_is_an_export() -> None:
    engine = Engine()
    engine.take(
        user_message(1, account(1)),
        {**account_message(account(1)), "is_export": True},
    )

    engine.run()

    found = {one.hull_id: (one.external_id, one.email, one.export) for one in engine.outcomes}
    assert found == {
        "user-1": ("u-1", "u1@example.com", False),
        "account-1": ("a-1", None, True),
    }


def test_what_is_skipped_of_a_message_is_told_by_its_resource() -> None:
    engine = Engine()
    events = [{"event": "Page viewed"}, {"event": "Signed in", "event_id": "1"}]
    engine.take(
        user_message(1, account(1), events=events),
        user_message(2, account(1), segments=[]),
        account_message(account(2), account_segments=[]),
    )

    engine.run()

    assert {one.hull_id: list(one.skips) for one in engine.outcomes} == {
        "user-1": [(Resource.ACTIVITIES, reasons.TRACKING_FILTER)],
        "user-2": [(Resource.ENDUSERS, reasons.CONTACT_FILTER)],
        "account-2": [(Resource.COMPANIES, reasons.ACCOUNT_FILTER)],
    }


def test_what_was_delivered_and_how_often_it_was_tried_is_counted() -> None:
    engine = Engine()
    events = [{"event": "Signed in", "event_id": str(number)} for number in range(2)]
    engine.take(user_message(1, account(1), events=events))

    engine.run()

    (receipt,) = engine.outcomes
    # The company, the enduser and both events.
    assert (receipt.delivered, receipt.open) == (4, 0)


def test_a_rejected_message_tells_how_often_the_change_that_failed_was_tried() -> None:
    engine = Engine()
    engine.sandbox.refusals.extend([Refusal("externalId", ("u-1",), "endusers")])
    engine.take(*(user_message(number, account(1)) for number in (1, 2, 3)))

    engine.run()

    # With the others, and then alone; the company went at once.
    assert [(one.hull_id, one.attempts) for one in engine.rejected] == [("user-1", 2)]


def test_the_guard_is_told_of_each_message_once_and_of_each_rejection() -> None:
    engine = Engine()
    refused = user_message(2, account(1), user={"id": None})

    engine.take(user_message(1, account(1)), refused)
    take(engine, None)
    engine.run()

    assert list(engine.core.guard._last) == [False, True, False]


def test_a_bug_of_ours_costs_one_message_and_is_told() -> None:
    engine = Engine()
    del engine.lanes[Resource.LICENSES]
    licences = [{"id": "l-1", "currency": "EUR", "from": "2026-01-01", "mrr": 1}]

    with capture_logs() as logs:
        engine.take(account_message(account(1, licences=licences)), user_message(2, account(2)))
        engine.run()

    assert [one.reason for one in engine.rejected] == ["internal error: KeyError"]
    assert engine.offsets.to_commit() == (2, "")
    assert [(line["event"], line["hull_id"]) for line in logs] == [("record.failed", "account-1")]


def test_records_of_another_log_are_not_taken() -> None:
    engine = Engine()
    engine.offsets = Offsets(10, "")
    value = json.dumps(user_message(1, account(1))).encode()
    records = [Record(Partition("t", 0), at, None, value) for at in (10, 11, 3, 12)]

    taken = engine.core.take(records, engine.offsets, engine.now)
    all_taken = engine.core.take(records[3:], engine.offsets, engine.now)

    assert (taken, all_taken, engine.offsets.position) == (2, 1, 13)


def test_a_record_that_was_final_before_is_not_planned() -> None:
    engine = Engine()
    engine.offsets = Offsets(0, "hp1:;AQ==")

    engine.take(user_message(1, account(1)), user_message(2, account(1)))
    engine.run()

    assert [one.hull_id for one in engine.outcomes] == ["user-2"]
    assert engine.offsets.to_commit() == (2, "")


def test_after_a_revoke_nobody_waits_for_records_of_the_former_epoch() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1)))
    engine.core.clear()
    engine.offsets = Offsets(0, "")
    engine._next_offset = 0
    engine.take(user_message(1, account(1)))
    engine.run()

    assert engine.offsets.to_commit() == (1, "")


def test_of_who_is_final_nothing_is_kept() -> None:
    engine = Engine()
    engine.take(*(user_message(number % 3, account(1)) for number in range(9)))

    engine.run()

    assert engine.intake._newest == {}


def replayed(first: int, checked_to: int, **more: int) -> tuple[tuple[str, bytes], ...]:
    numbers = {"replays": 1, "first_offset": first, "checked_to": checked_to, **more}
    return tuple((f"dl.{name}", str(number).encode()) for name, number in numbers.items())


@pytest.mark.parametrize("kind", ["user", "account"])
def test_a_replay_that_is_older_than_what_was_sent_since_is_skipped(kind: str) -> None:
    def message(name: str) -> dict[str, Any]:
        if kind == "user":
            return user_message(1, account(1), user={"name": name})
        return account_message(account(1, name=name))

    engine = Engine()
    engine.take(message("old"), message("newer"))
    engine.run()

    take(engine, json.dumps(message("old")).encode(), replayed(0, 1))
    engine.run()

    resource = {"user": Resource.ENDUSERS, "account": Resource.COMPANIES}[kind]
    assert told(engine)[-1] == (f"{kind}:update", None, "skipped", reasons.STALE_REPLAY)
    assert list(engine.outcomes[-1].skips) == [(resource, reasons.STALE_REPLAY)]
    assert [row["name"] for row in engine.rows(resource.value)] == ["newer"]


def test_a_replay_of_what_nothing_came_after_is_sent() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1)), user_message(2, account(1)))
    engine.run()

    value = json.dumps(user_message(1, account(1), user={"name": "mended"})).encode()
    take(engine, value, replayed(0, 1))
    engine.run()

    assert engine.skips() == []
    assert "mended" in [row.get("name") for row in engine.rows("endusers")]


def test_after_a_revoke_others_may_have_sent_what_is_newer_than_a_replay() -> None:
    engine = Engine()
    engine.take(user_message(1, account(1)))
    engine.run()
    engine.core.clear()

    value = json.dumps(user_message(1, account(1), user={"name": "mended"})).encode()
    take(engine, value, replayed(0, 0))
    engine.run()

    assert engine.skips() == [reasons.STALE_REPLAY]


def test_what_was_final_before_this_epoch_may_be_newer_than_a_replay() -> None:
    engine = Engine()
    engine.offsets = Offsets(0, "hp1:;Ag==")  # offset 1 is final
    message = user_message(1, account(1))
    engine.take(message, user_message(1, account(1), user={"name": "newer"}))
    engine.run()

    take(engine, json.dumps(message).encode(), replayed(0, 0))
    engine.run()

    assert engine.skips() == [reasons.STALE_REPLAY]


def test_of_an_envelope_only_the_message_that_is_meant_is_replayed() -> None:
    engine = Engine()
    value = envelope(user_message(1, account(1)), user_message(2, account(1)))

    take(engine, value, replayed(0, 0, position=1))
    engine.run()

    assert sorted(told(engine)) == [
        ("user:update", 0, "skipped", reasons.NOT_REPLAYED),
        ("user:update", 1, "delivered", ""),
    ]


REPLAY = (("dl.replays", b"1"), ("dl.first_offset", b"0"))


@pytest.mark.parametrize(
    "told", [("dl.checked_to", b"1"), ("dl.only", b"activities")], ids=["seen here", "told so"]
)
def test_a_stale_replay_sends_its_events_and_not_its_profile(told: tuple[str, bytes]) -> None:
    desk = Desk()
    desk.take(1, with_event=False)
    desk.deliver(Resource.ENDUSERS)

    desk.take(2, with_event=True, headers=(*REPLAY, told))

    assert (
        desk.engine.lanes[Resource.ENDUSERS].waiting,
        desk.engine.lanes[Resource.ACTIVITIES].waiting,
    ) == (
        0,
        1,
    )
    desk.deliver(Resource.ACTIVITIES)
    assert desk.offsets.to_commit() == (3, "")
