"""The whole engine in one thread: records in, the sandbox's rules as answers, no socket, no clock.

Time is a number that moves on only when nothing can be sent before.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from consumer.engine.dispatch import Wait
from consumer.engine.merge.listing import Listing
from consumer.offsets.offsets import Offsets
from consumer.offsets.record import Partition, Record
from consumer.outbox.letter import letter
from planhat_client import protocol
from planhat_client.sandbox import Sandbox, SandboxOptions
from planhat_client.sandbox.activities import BULK
from planhat_client.sandbox.models import ENDUSERS, MODELS
from planhat_client.sandbox.work import bulk_work, event_work
from schemas.planhat import Enduser, LeanCompany, PlanhatUser, Resource
from tests.consumer.joined import joined, rules_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from consumer.engine.intake import Report
    from consumer.engine.merge.choice import Ask
    from consumer.lanes.batch import Batch
    from consumer.lanes.part import Ended, Part
    from consumer.offsets.ticket import Backlog, Receipt, Ticket
    from consumer.outbox.letter import Letter
    from planhat_client.limiter import Limiter
    from planhat_client.protocol import Answer

USERS_SEGMENT = "s-users"
ACCOUNTS_SEGMENT = "s-accounts"
CONNECTOR: Mapping[str, Any] = {
    "contact_synchronized_segments": [USERS_SEGMENT],
    "contact_events": ["Signed in"],
    "contact_attributes_outbound": [
        {"hull_field_name": "email", "service_field_name": "email"},
        {"hull_field_name": "external_id", "service_field_name": "externalId"},
        {"hull_field_name": "name", "service_field_name": "name"},
    ],
    "contact_custom_attributes_outbound": [
        {"hull_field_name": "traits_version", "service_field_name": "version"}
    ],
    "account_synchronized_segments": [ACCOUNTS_SEGMENT],
    "account_attributes_outbound": [
        {"hull_field_name": "name", "service_field_name": "name"},
        {"hull_field_name": "owner", "service_field_name": "owner"},
    ],
    "account_licenses_attribute": "licences",
    "account_licenses_attributes_outbound": [
        {"hull_field_name": name, "service_field_name": target}
        for name, target in (
            ("id", "externalId"),
            ("currency", "_currency"),
            ("from", "fromDate"),
            ("mrr", "mrr"),
        )
    ],
}


def account(number: int | str, **attributes: object) -> dict[str, Any]:
    return {
        "id": f"account-{number}",
        "external_id": f"a-{number}",
        "name": f"Account {number}",
        **attributes,
    }


def user_message(number: int | str, company: dict[str, Any], **members: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A user's message; `user` adds attributes, other members replace those of the message."""
    added = members.pop("user", {})
    return {
        "channel": "user:update",
        "user": {
            "id": f"user-{number}",
            "external_id": f"u-{number}",
            "email": f"u{number}@example.com",
            **added,
        },
        "account": company,
        "segments": [{"id": USERS_SEGMENT}],
        "account_segments": [{"id": ACCOUNTS_SEGMENT}],
        **members,
    }


def account_message(company: dict[str, Any], **members: object) -> dict[str, Any]:
    return {
        "channel": "account:update",
        "account": company,
        "account_segments": [{"id": ACCOUNTS_SEGMENT}],
        **members,
    }


class Engine:
    """An engine (`core`), with the sandbox's rules behind it."""

    def __init__(
        self,
        options: SandboxOptions | None = None,
        connector: Mapping[str, Any] = CONNECTOR,
        gate: Limiter | None = None,
        company_wait: float = 30.0,
        reject_limit: float = 1.0,
        report: Report | None = None,
        **policy: Any,  # noqa: ANN401 - of LanePolicy
    ) -> None:
        self.sandbox = Sandbox(options or SandboxOptions())
        self.now = 1000.0
        self.calls: Counter[str] = Counter()
        self.sent_at: list[tuple[float, Resource, int]] = []
        self.lost: Counter[str] = Counter()
        self.down: set[Resource] = set()
        self.ended: list[Ended] = []
        self.rejected: list[Receipt] = []
        self.letters: list[Letter] = []
        self.outcomes: list[Receipt] = []
        self.core = joined(
            rules_of(json.dumps(connector)),
            report=report or self,
            reject=self._reject,
            limiter=gate,
            lanes=policy,
            company_wait_seconds=company_wait,
            reject_limit=reject_limit,
        )
        self.lanes = self.core.lanes
        self.directory = self.core.companies
        self.planner = self.core.planner
        self.dispatch = self.core.dispatch
        self.intake = self.core.intake
        self.offsets = Offsets(0, "")
        self.committed = (0, "")
        self._next_offset = 0
        self.read_directories()

    # What the service reads

    def read_directories(self) -> None:
        contents = self.sandbox.contents()
        companies = [LeanCompany.model_validate(row) for row in contents["companies"]]
        self.core.companies_read(companies, self.now)
        users = [PlanhatUser.model_validate(row) for row in contents["users"]]
        self.core.owners_read(users, self.now)

    def take(self, *messages: dict[str, Any]) -> None:
        """Read a record for each message."""
        for message in messages:
            value = json.dumps(message).encode()
            record = Record(Partition("t", 0), self._next_offset, None, value)
            self.take_record(record)

    def take_record(self, record: Record) -> None:
        """Read a record as it lies in the topic; the next one of `take` comes behind it."""
        self._next_offset = record.offset + 1
        self.core.take([record], self.offsets, self.now)

    def run(self, seconds: float = 600.0) -> None:
        """Send until nothing is left to send, or time is up."""
        until = self.now + seconds
        while self.now <= until:
            step = self.core.next(self.now)
            if isinstance(step, Wait):
                if self.look_up() or self.pass_barrier() or self.remove():
                    continue
                if step.seconds is None and not len(self.core.lookups):
                    return
                self.now += 0.5 if step.seconds is None else step.seconds
                continue
            self.answer(step, self.send(step))

    def look_up(self) -> bool:
        """Look up an enduser that waits for it; False if none does."""
        lookups = self.core.lookups
        part = lookups.next(self.now)
        if part is None:
            return self.list_contacts()
        asks = self.planner.merges.asks(part)
        if asks is not None:
            self.calls["enduser"] += len(asks)
            self.core.looked_up(part, self.contacts_of({part: asks}).rows_of(part), self.now)
            return True
        found = lookups.known_id(part)
        if found is None:
            self.calls["enduser"] += 1
            address = f"extid-{part.body['externalId']}"
            rows = self.sandbox.state.matcher.addressed(ENDUSERS, address)
            found = str(rows[0]["_id"]) if len(rows) == 1 else None
        lookups.found(part, found, self.now)
        return True

    def contacts_of(self, wanted: Mapping[Part, Sequence[Ask]]) -> Listing:
        """All contacts, gone through once."""
        listing = Listing(wanted)
        listing.page(Enduser.model_validate(row) for row in self.rows("endusers"))
        return listing

    def list_contacts(self) -> bool:
        """Look up many by going through all contacts; False if they are not many."""
        taken = self.core.lookups.take_many(self.now)
        if taken:
            self.calls["endusers listed"] += 1
        wanted: dict[Part, Sequence[Ask]] = {}
        for part in taken:
            asks = self.planner.merges.asks(part)
            wanted[part] = asks or [("externalId", str(part.body["externalId"]))]
        listing = self.contacts_of(wanted)
        for part in taken:
            self.core.looked_up(part, listing.rows_of(part), self.now)
        return bool(taken)

    def pass_barrier(self, reached: int | None = None) -> bool:
        """Let merges go that wait for the one partition; False if none does."""
        barrier = self.planner.barrier
        for at in barrier.asks():
            barrier.told(at, {Partition("t", 0): 0 if reached is None else reached})
        return bool(self.core.reached({Partition("t", 0): self._next_offset}, self.now))

    def remove(self) -> bool:
        """Delete a contact that waits for it; False if none does."""
        closing = self.planner.merges.removals.next(self.now)
        if closing is None:
            return False
        self.calls["removal"] += 1
        for row in self.sandbox.state.matcher.addressed(ENDUSERS, closing.key):
            self.sandbox.state.delete(ENDUSERS, row)
        self.core.removed(closing, "", self.now)
        return True

    def send(self, batch: Batch) -> Answer:
        """Let a batch take effect, unless its answer is to be lost afterwards."""
        resource = batch.resource
        if resource in self.down:
            return protocol.Retry("503", 503)
        self.calls[resource.value] += 1
        self.sent_at.append((self.now, resource, len(batch.items)))
        body = b"[" + b",".join(batch.items) + b"]"
        if resource is Resource.ACTIVITIES:
            work = event_work(self.sandbox, body, BULK, is_bulk=True)
        else:
            work = bulk_work(self.sandbox, MODELS[resource.value], body, lambda: False)
        reply = work.finish(None)
        work.release()
        if self.lost[resource.value]:
            self.lost[resource.value] -= 1
            return protocol.Retry("network")
        response = protocol.Response(reply.status, {}, reply.body)
        read = protocol.read_activities if resource is Resource.ACTIVITIES else protocol.read
        return read(response)

    def answer(self, batch: Batch, answer: Answer) -> None:
        self.core.answered(batch, answer, self.now)

    def revoke(self) -> None:
        """Take the partition away, and give it back from its commit."""
        self.core.clear()
        at, known = self.offsets.to_commit() or self.committed
        self.committed = (at, known)
        self.offsets = Offsets(at, known)
        self._next_offset = at

    @property
    def backlog(self) -> Backlog:
        return self.core.assignment.backlog

    # What it wrote

    def rows(self, model: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sandbox.contents()[model]
        return found

    def skips(self) -> list[str]:
        return [reason for receipt in self.outcomes for _, reason in receipt.skips]

    # What Intake reports to

    def part_ended(self, end: Ended) -> None:
        self.ended.append(end)

    def message_ended(self, receipt: Receipt) -> None:
        self.outcomes.append(receipt)

    def record_ended(self, ticket: Ticket) -> None: ...

    def record_rejected(self, ticket: Ticket) -> None:
        self.rejected += ticket.rejected

    def _reject(self, ticket: Ticket) -> None:
        self.letters.append(letter(ticket, 0.0))
        self.core.intake.resolve(ticket, self.now)
