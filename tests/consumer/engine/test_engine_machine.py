"""Intake, planner, lanes, answers and offsets together, in any order that hypothesis thinks of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from consumer.decide.rules import Rules
from consumer.offsets.record import Partition, Record
from planhat_client.protocol import Delivered, Halt, Reject, Retry
from schemas.connector import ConnectorSettings
from schemas.planhat import BulkResult, Resource
from tests.consumer.joined import joined
from tests.examples import examples

if TYPE_CHECKING:
    from consumer.lanes.batch import Batch
    from consumer.offsets.ticket import Ticket
    from planhat_client.protocol import Answer

SETTINGS = """
contact_synchronized_segments: [s]
contact_events: [Signed in]
contact_attributes_outbound:
  - {hull_field_name: external_id, service_field_name: externalId}
contact_custom_attributes_outbound:
  - {hull_field_name: version, service_field_name: version}
"""
P0 = Partition("events", 0)
USERS = ("a", "b", "c")
BAD = "bad"
RULES = Rules.compile(ConnectorSettings.from_text(SETTINGS, "settings"))


def message(user: str, version: int, *, with_event: bool) -> bytes:
    event_id = f"{user}-{version}"
    event = {
        "event": "Signed in",
        "event_id": event_id,
        "created_at": "2026-11-01",
        "properties": {"id": event_id},
    }
    return json.dumps(
        {
            "user": {"id": user, "external_id": user, "version": version},
            "account": {"id": "x", "planhat/id": "company"},
            "segments": [{"id": "s"}],
            "events": [event] if with_event else [],
        }
    ).encode()


class EngineMachine(RuleBasedStateMachine):
    """One partition, read and worked on, killed and revoked at will.

    Nothing is sent before all is read, as the service does, so no version may ever fall; whatever
    is committed is final; in the end all is, once and with the newest version.
    """

    @initialize()
    def start(self) -> None:
        self.log: list[tuple[str, int, bool]] = []
        self.applied: dict[str, int] = {}
        self.events: set[str] = set()
        self.committed: tuple[int, str] = (0, "")
        self.dead: set[int] = set()
        self.now = 0.0
        self.begin()

    def begin(self) -> None:
        """A new process owns the partition, from the commit."""
        self.engine = joined(RULES, reject=self.reject, lanes={"batch_size": 2})
        self.lanes, self.assignment = self.engine.lanes, self.engine.assignment
        self.assignment.begin({P0: self.committed})
        self.air: list[Batch] = []
        self.read_all()

    def reject(self, ticket: Ticket) -> None:
        self.dead.add(ticket.record.offset)
        self.engine.intake.resolve(ticket, self.now)

    def read_all(self) -> None:
        offsets = self.assignment.owned[P0]
        for offset in range(offsets.position or 0, len(self.log)):
            user, version, with_event = self.log[offset]
            value = message(user, version, with_event=with_event)
            record = Record(P0, offset, user.encode(), value)
            self.engine.take([record], offsets, self.now)

    @rule(user=st.sampled_from((*USERS, BAD)), with_event=st.booleans())
    def arrive(self, user: str, *, with_event: bool) -> None:
        version = sum(name == user for name, _, _ in self.log) + 1
        self.log.append((user, version, with_event and user != BAD))
        self.read_all()

    @rule(resource=st.sampled_from((Resource.ENDUSERS, Resource.ACTIVITIES)))
    def fly(self, resource: Resource) -> None:
        batch = self.lanes[resource].take(self.now)
        self.engine.expire(self.now)
        if batch is not None:
            self.air.append(batch)

    @precondition(lambda self: bool(self.air))
    @rule(data=st.data())
    def land(self, data: st.DataObject) -> None:
        batch = self.air.pop(data.draw(st.integers(0, len(self.air) - 1)))
        kind = data.draw(st.sampled_from(("good", "failed", "lost", "halt")))
        self.answer(batch, kind)

    def answer(self, batch: Batch, kind: str) -> None:
        """`lost`: it took effect and the answer did not come."""
        items = [json.loads(item) for item in batch.items]
        answer: Answer = Delivered(BulkResult(created=len(items)), is_whole=True)
        if kind == "halt":
            answer = Halt("401", 401)
        elif kind == "failed":
            answer = Retry("503", 503)
        elif any(item.get("externalId") == BAD for item in items) and batch.resource is (
            Resource.ENDUSERS
        ):
            answer = Reject("bad", 400)
        else:
            self.apply(batch.resource, items)
            answer = Retry("network") if kind == "lost" else answer
        self.engine.answered(batch, answer, self.now)

    def apply(self, resource: Resource, items: list[dict[str, object]]) -> None:
        for item in items:
            if resource is Resource.ACTIVITIES:
                self.events.add(json.dumps(item, sort_keys=True))
                continue
            custom = item["custom"]
            assert isinstance(custom, dict)
            user, version = str(item["externalId"]), int(custom["version"])
            assert version >= self.applied.get(user, 0), "an older change overtook a newer one"
            self.applied[user] = version

    @rule(seconds=st.floats(0.1, 40))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def commit(self) -> None:
        self.committed = self.assignment.owned[P0].to_commit() or self.committed

    @rule()
    def kill(self) -> None:
        """SIGKILL: what is in the air is lost or took effect, nobody knows."""
        for batch in self.air:
            items = [json.loads(item) for item in batch.items]
            if not any(item.get("externalId") == BAD for item in items):
                self.apply(batch.resource, items)
        self.begin()

    @invariant()
    def nobody_is_in_two_flights(self) -> None:
        flying = [
            profile.key
            for batch in getattr(self, "air", [])
            if batch.resource is Resource.ENDUSERS
            for profile in batch.profiles
        ]
        assert len(flying) == len(set(flying))

    @invariant()
    def the_backlog_is_what_is_not_final(self) -> None:
        if hasattr(self, "assignment"):
            assert self.assignment.backlog.records == self.assignment.owned[P0].unresolved

    def teardown(self) -> None:
        if not hasattr(self, "log"):
            return
        while self.air:
            self.answer(self.air.pop(), "good")
        for _ in range(2000):
            if not self.assignment.backlog.records:
                break
            self.now += 31.0
            for lane in self.lanes.values():
                batch = lane.take(self.now)
                if batch is not None:
                    self.answer(batch, "good")
        self.check()

    def check(self) -> None:
        newest = {user: version for user, version, _ in self.log if user != BAD}
        assert self.assignment.backlog.records == 0
        assert self.assignment.owned[P0].to_commit() in {None, (len(self.log), "")}
        assert self.applied == newest
        assert self.dead == {at for at, (user, _, _) in enumerate(self.log) if user == BAD}
        assert len(self.events) == sum(with_event for _, _, with_event in self.log)


TestEngine = EngineMachine.TestCase
TestEngine.settings = settings(max_examples=examples(100), stateful_step_count=40, deadline=None)
