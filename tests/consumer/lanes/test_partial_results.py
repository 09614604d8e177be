"""Whatever form a partial result has: exactly the bad items are rejected, in few more calls.

Each case is a batch of endusers of which some are bad, and a Planhat (the sandbox's rules, without
its sockets) that words each answer as it likes.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Literal

import pytest

from planhat_client import protocol
from planhat_client.sandbox import Refusal, Sandbox, SandboxOptions
from planhat_client.sandbox.models import COMPANIES, ENDUSERS
from planhat_client.sandbox.work import bulk_work
from tests.consumer.lane_bench import Bench, part

if TYPE_CHECKING:
    from consumer.lanes.batch import Batch

Badness = Literal["item", "request", "duplicated", "ignored"]
BADNESSES: tuple[Badness, ...] = ("item", "request", "duplicated", "ignored")
LISTS = (None, "createdErrors", "updatedErrors", "permissionErrors", "validationErrors")
ATTEMPTS = 3
FEW, MANY = 300, 10_000


@dataclass
class Case:
    """A batch, and which of it is bad in which way."""

    random: Random
    size: int
    bad: dict[str, Badness] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    @classmethod
    def draw(cls, seed: int) -> Case:
        random = Random(seed)
        case = cls(random, random.choice((1, 2, 3, 7, 16, 33, 64, 100)))
        share = random.choice((0.0, 0.02, 0.1, 0.5, 1.0))
        ways = random.sample(BADNESSES, random.randint(1, len(BADNESSES)))
        for number in range(case.size):
            if random.random() < share:
                case.bad[f"k{number}"] = random.choice(ways)
            elif random.random() < 0.5:
                case.known.add(f"k{number}")
        return case

    def names(self, badness: Badness) -> tuple[str, ...]:
        return tuple(name for name, found in self.bad.items() if found == badness)

    @property
    def most_calls(self) -> int:
        """What halving costs: each bad item at most two calls a level, and its tries alone."""
        levels = math.ceil(math.log2(self.size)) if self.size > 1 else 0
        again = len(self.names("ignored")) + len(self.names("duplicated"))
        return 1 + 2 * levels * len(self.bad) + (ATTEMPTS - 1) * again


class Tenant:
    """The sandbox without sockets, with what a case wants to be refused."""

    def __init__(self, case: Case) -> None:
        options = SandboxOptions(
            error_shape="random",
            answer_keys=case.random.choice(("all", "id")),
            seed=case.random.randrange(1 << 30),
        )
        self.sandbox = Sandbox(options)
        self.calls = 0
        self._put(COMPANIES.name, [{"externalId": "c", "name": "C"}])
        if case.known:
            self._put(ENDUSERS.name, [_item(case, name) for name in sorted(case.known)])
        self._refuse(case)

    def answer(self, batch: Batch) -> protocol.Answer:
        self.calls += 1
        return self._put(batch.resource.value, [json.loads(item) for item in batch.items])

    def stored(self) -> set[str]:
        return {row["externalId"] for row in self.sandbox.contents()["endusers"]}

    def _put(self, model: str, items: list[dict[str, object]]) -> protocol.Answer:
        named = {COMPANIES.name: COMPANIES, ENDUSERS.name: ENDUSERS}[model]
        work = bulk_work(self.sandbox, named, json.dumps(items).encode(), lambda: False)
        reply = work.finish(None)
        work.release()
        return protocol.read(protocol.Response(reply.status, {}, reply.body))

    def _refuse(self, case: Case) -> None:
        for name in case.names("item"):
            where = case.random.choice(LISTS)
            refusal = Refusal("externalId", (name,), message="is bad", list_name=where)  # type: ignore[arg-type]  # of ErrorList
            self.sandbox.refusals.extend([refusal])
        duplicated = case.names("duplicated")
        if duplicated:
            message = "externalId,email duplicated"
            self.sandbox.refusals.extend([Refusal("externalId", duplicated, message=message)])
        poisonous = case.names("request")
        if poisonous:
            status = case.random.choice((400, 413, 422))
            refusal = Refusal("externalId", poisonous, how="request", status=status)
            self.sandbox.refusals.extend([refusal])


def _item(case: Case, name: str) -> dict[str, object]:
    item: dict[str, object] = {"externalId": name, "email": f"{name}@example.com"}
    if case.bad.get(name) != "ignored":
        item["companyId"] = "extid-c"
    # Half of what is known is as Planhat has it: it will be told in no list.
    if name in case.known and case.random.random() < 0.5:
        item["phone"] = "1"
    return item


def solve(case: Case) -> tuple[Tenant, dict[str, str]]:
    """Send a case until all has ended; returns what became of each item."""
    tenant = Tenant(case)
    bench = Bench(attempts=ATTEMPTS, batch_size=case.size)
    for number in range(case.size):
        one = part(f"k{number}", 1)
        one.body = _item(case, one.key)
        bench.lane.add(one, bench.now)
    ended: dict[str, str] = {}
    while bench.lane.waiting:
        batch = bench.lane.take(bench.now)
        if batch is None:
            due = bench.lane.due(bench.now)
            assert due is not None, "something waits for ever"
            bench.now += due
            continue
        bench.settler.settle(batch, tenant.answer(batch), bench.now)
        for key, ending in bench.ended():
            assert key not in ended, "an item ended twice"
            ended[key] = ending
    return tenant, ended


def check(seed: int) -> None:
    case = Case.draw(seed)

    tenant, ended = solve(case)

    rejected = {key for key, ending in ended.items() if ending == "rejected"}
    assert rejected == set(case.bad), f"seed {seed}"
    assert tenant.stored() >= set(ended) - rejected, f"seed {seed}"
    assert tenant.stored().isdisjoint(rejected), f"seed {seed}"
    assert len(ended) == case.size
    assert tenant.calls <= case.most_calls, f"seed {seed}: {tenant.calls} calls for {case}"


def test_exactly_the_bad_items_are_rejected_whatever_the_answers_look_like() -> None:
    for seed in range(FEW):
        check(seed)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # a minute of CPU, and many where others need it too
def test_exactly_the_bad_items_are_rejected_in_ten_thousand_cases() -> None:
    for seed in range(FEW, FEW + MANY):
        check(seed)


def test_a_batch_without_a_bad_item_takes_one_call() -> None:
    case = Case(Random(1), 100)

    tenant, ended = solve(case)

    assert tenant.calls == 1
    assert set(ended.values()) == {"delivered"}


def test_one_bad_item_in_a_thousand_takes_a_score_of_calls() -> None:
    case = Case(Random(1), 1000, bad={"k617": "request"})

    tenant, ended = solve(case)

    assert tenant.calls <= 1 + 2 * 10
    assert [key for key, ending in ended.items() if ending == "rejected"] == ["k617"]
