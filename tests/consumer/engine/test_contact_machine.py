"""Users with several changes and events, in any order that hypothesis thinks of, before a Planhat
that drops an activity whose contact it does not know.

They move between companies, some of which come late or never; they are unlinked; Planhat fails,
throttles and loses answers, as a whole or for one resource; partitions are revoked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from consumer.lanes.batch import Batch
from consumer.offsets.ticket import UNATTRIBUTED
from planhat_client.protocol import Retry
from schemas.planhat import Resource
from tests.consumer.engine_run import Engine, account, account_message, user_message
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planhat_client.protocol import Answer

USERS = (1, 2, 3)
PLACES: dict[str, dict[str, Any]] = {
    "inside": account("inside"),
    "elsewhere": account("elsewhere"),
    "late": account("late"),  # only its own message may bring it
    "never": account("never"),  # outside the Company Filter
    "nowhere": {},
}
CREATED_BY_USERS = ("inside", "elsewhere")


class ContactMachine(RuleBasedStateMachine):
    """One partition that is read at once; its messages are numbered by their offsets."""

    @initialize()
    def start(self) -> None:
        self.engine = Engine(company_wait=2.0, batch_size=2)
        self.log: list[dict[str, Any]] = []
        self.at: dict[int, str] = {}
        self.air: list[Batch] = []
        self.read_when_flown: dict[int, int] = {}
        self.created_from: dict[str, int] = {}
        self.dropped_when_read: dict[str, int] = {}
        self.judged = 0

    # What Hull tells

    @rule(
        user=st.sampled_from(USERS), place=st.sampled_from(tuple(PLACES)), with_event=st.booleans()
    )
    def change(self, user: int, place: str, *, with_event: bool) -> None:
        offset = len(self.log)
        old, self.at[user] = self.at.get(user), place
        changes: dict[str, Any] = {"is_new": old is None, "user": {"traits_version": [0, offset]}}
        if old is not None and old != place:
            changes["account"] = {"id": [PLACES[old].get("id"), PLACES[place].get("id")]}
        happened = {
            "event": "Signed in",
            "event_id": f"e{offset}",
            "created_at": "2026-11-01T08:00:00Z",
            "properties": {"n": offset},
        }
        members: dict[str, Any] = {} if place in CREATED_BY_USERS else {"account_segments": []}
        self.tell(
            user_message(
                user,
                PLACES[place],
                user={"traits_version": offset},
                changes=changes,
                events=[happened] if with_event else [],
                **members,
            )
        )

    @rule()
    def late_company(self) -> None:
        self.tell(account_message(PLACES["late"]))

    def tell(self, message: dict[str, Any]) -> None:
        self.log.append(message)
        self.engine.take(message)

    # What Planhat does

    @rule()
    def fly(self) -> None:
        step = self.engine.core.next(self.engine.now)
        self.engine.take()
        if isinstance(step, Batch):
            self.read_when_flown[step.number] = len(self.log)
            self.air.append(step)

    @precondition(lambda self: bool(self.air))
    @rule(data=st.data(), kind=st.sampled_from(("good", "failed", "throttled", "lost")))
    def land(self, data: st.DataObject, kind: str) -> None:
        self.settle(self.air.pop(data.draw(st.integers(0, len(self.air) - 1))), kind)

    @rule(resource=st.sampled_from((Resource.COMPANIES, Resource.ENDUSERS)))
    def outage_of_one_resource(self, resource: Resource) -> None:
        self.engine.down ^= {resource}

    def settle(self, batch: Batch, kind: str) -> None:
        """`lost`: it took effect and the answer did not come."""
        answer: Answer
        if kind == "failed":
            answer = Retry("503", 503)
        elif kind == "throttled":
            answer = Retry("429", 429, 1.0)
        else:
            answer = self.sent(batch)
            answer = Retry("network") if kind == "lost" else answer
        self.engine.answer(batch, answer)

    def sent(self, batch: Batch) -> Answer:
        oldest = {
            f"u-{profile.key.removeprefix('user-')}": min(
                part.offset for part in profile.parts[: profile.flying]
            )
            for profile in batch.profiles
        }
        before = len(self.engine.sandbox.state.dropped)
        answer = self.engine.send(batch)
        for row in list(self.engine.sandbox.state.dropped)[before:]:
            self.dropped_when_read[f"e{row['event']['info']['n']}"] = self.read_when_flown.get(
                batch.number, len(self.log)
            )
        for row in self.engine.rows("endusers"):
            name = row["externalId"]
            if name not in self.created_from:
                self.created_from[name] = oldest[name]
        return answer

    # What time and Kafka do

    @rule(seconds=st.sampled_from((0.1, 1.0, 3.0, 70.0)))
    def wait(self, seconds: float) -> None:
        self.engine.now += seconds
        self.engine.core.expire(self.engine.now)
        self.engine.take()

    @rule()
    def read_directories(self) -> None:
        self.engine.read_directories()
        self.engine.take()

    @rule()
    def look_up(self) -> None:
        self.engine.look_up()

    @rule()
    def revoke(self) -> None:
        self.engine.revoke()
        self.engine.take(*self.log[self.engine.committed[0] :])

    # What must hold

    @invariant()
    def nothing_is_told_as_delivered_before_its_contact(self) -> None:
        if not hasattr(self, "engine"):
            return
        ended = self.engine.ended[self.judged :]
        self.judged += len(ended)
        for end in ended:
            is_told = end.ending == "delivered" and end.change != UNATTRIBUTED
            if end.part.resource is Resource.ACTIVITIES and is_told:
                assert f"e{end.part.body['info']['n']}" in self.stored()

    def stored(self) -> set[str]:
        return {f"e{row['info']['n']}" for row in self.engine.rows("activities")}

    def teardown(self) -> None:
        if not hasattr(self, "engine"):
            return
        engine = self.engine
        engine.down = set()
        while self.air:
            self.settle(self.air.pop(), "good")
        for batch in self.the_rest():
            self.settle(batch, "good")
        self.nothing_is_told_as_delivered_before_its_contact()
        assert engine.backlog.records == 0
        names = [row["externalId"] for row in engine.rows("endusers")]
        assert sorted(names) == sorted(set(names)), "a user has two contacts"
        assert set(names) >= self.creatable(), "a user has no contact"
        self.check_events(set(names))

    def the_rest(self) -> Iterator[Batch]:
        engine = self.engine
        for _ in range(300):
            step = engine.core.next(engine.now)
            engine.take()
            if isinstance(step, Batch):
                yield step
            elif not engine.backlog.records:
                return
            elif not engine.look_up():
                engine.now += 3.0
                engine.read_directories()
                engine.core.expire(engine.now)
                engine.take()

    def creatable(self) -> set[str]:
        """Who was at a company that may be created for its sake."""
        there = {PLACES[place]["id"] for place in CREATED_BY_USERS}
        return {
            message["user"]["external_id"]
            for message in self.log
            if message["channel"] == "user:update" and message["account"].get("id") in there
        }

    def check_events(self, contacts: set[str]) -> None:
        stored = self.stored()
        for message in self.log:
            for event in message.get("events", ()):
                name, contact = event["event_id"], message["user"]["external_id"]
                if name in stored or contact not in contacts:
                    continue
                # Then nothing that was read when it went could bring its contact.
                assert self.created_from[contact] >= self.dropped_when_read[name]


TestContacts = ContactMachine.TestCase
TestContacts.settings = settings(max_examples=examples(100), stateful_step_count=40, deadline=None)
