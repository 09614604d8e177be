"""Contacts are deleted one by one, as far as anything may be sent at all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from consumer.ask.removals import Remover
from consumer.engine.dispatch import Wait
from planhat_client.errors import (
    PlanhatError,
    PlanhatRejected,
    PlanhatThrottled,
    PlanhatUnauthorized,
    PlanhatUnavailable,
)
from planhat_client.limiter import Limiter
from tests.consumer.ask.test_merged import merge
from tests.consumer.engine_run import CONNECTOR, Engine, account, account_message, user_message
from tests.consumer.virtual_time import in_no_time

if TYPE_CHECKING:
    from consumer.engine.merge.removals import Removals
    from planhat_client.endusers import Deletion


class Deleting:
    """Planhat, which gives its answers in turn."""

    def __init__(self, *answers: Deletion | PlanhatError) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def delete_contact(self, planhat_id: str) -> Deletion:
        self.asked.append(planhat_id)
        answer = self.answers.pop(0)
        if isinstance(answer, PlanhatError):
            raise answer
        return answer


class Desk:
    """An engine in which the contact of a merged user is to be deleted."""

    def __init__(self, *answers: Deletion | PlanhatError) -> None:
        self.gate = Limiter(6000, 6000)
        self.engine = Engine(connector={**CONNECTOR, "on_user_merged": "delete"}, gate=self.gate)
        self.engine.take(account_message(account(1)))
        self.engine.take(*[user_message(number, account(1)) for number in (1, 101)])
        self.engine.run()
        self.engine.take(merge(1, 101))
        while not len(self.removals):
            if not self.engine.pass_barrier() and not self.engine.look_up():
                self._send()
        self.api = Deleting(*answers)
        self.remover = Remover(self.api, self.engine.core, lambda: None)

    def _send(self) -> None:
        step = self.engine.core.next(self.engine.now)
        if isinstance(step, Wait):
            self.engine.now += step.seconds or 0.5
        else:
            self.engine.answer(step, self.engine.send(step))

    @property
    def removals(self) -> Removals:
        return self.engine.planner.merges.removals

    async def remove(self, seconds: float = 60.0) -> None:
        removing = asyncio.create_task(self.remover.run())
        until = asyncio.get_running_loop().time() + seconds
        while len(self.removals) and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110 - the sign is no event
            await asyncio.sleep(0.05)
        removing.cancel()
        await asyncio.wait([removing])

    @property
    def changes(self) -> list[tuple[str, str | None, str]]:
        return [(end.ending, end.change, end.reason) for end in self.engine.ended[-1:]]


@pytest.mark.parametrize("answer", ["deleted", "absent"])
def test_what_is_not_there_any_more_is_deleted(answer: Deletion) -> None:
    desk = Desk(answer)

    in_no_time(desk.remove())

    assert desk.changes == [("delivered", "deleted", "")]
    assert desk.engine.backlog.records == 0


@pytest.mark.parametrize(
    "trouble",
    [PlanhatUnavailable("503"), PlanhatThrottled("429", 2.0), PlanhatUnavailable("", 1.0)],
)
def test_a_failure_is_tried_again(trouble: PlanhatError) -> None:
    desk = Desk(trouble, "deleted")

    with capture_logs() as logs:
        in_no_time(desk.remove())

    assert desk.changes == [("delivered", "deleted", "")]
    assert len(set(desk.api.asked)) == 1
    assert [line["event"] for line in logs] == ["contact.not_deleted"]


@pytest.mark.parametrize(
    "refusal", [PlanhatRejected("400 no"), PlanhatUnauthorized("403 may not", 403)]
)
def test_a_refusal_goes_to_the_dead_letters_with_its_reason(refusal: PlanhatError) -> None:
    desk = Desk(refusal)

    in_no_time(desk.remove())

    assert desk.changes == [("rejected", None, str(refusal))]
    assert len(desk.engine.letters) == 1
    assert desk.engine.backlog.records == 0


def test_a_refused_token_halts_and_nothing_is_deleted_meanwhile() -> None:
    desk = Desk(PlanhatUnauthorized("401", 401))

    in_no_time(desk.remove(seconds=30))

    assert desk.engine.core.halts.stops_all
    assert len(desk.api.asked) == 1
    assert len(desk.removals) == 1


@pytest.mark.parametrize("held_by", ["drain", "listing", "halt"])
def test_nothing_is_deleted_while_nothing_may_be_sent(held_by: str) -> None:
    desk = Desk("deleted")
    core = desk.engine.core
    if held_by == "drain":
        core.dispatch.stop()
    elif held_by == "listing":
        core.lookups.is_listing = True
    else:
        core.halts.begin("unauthorized", "401", 0.0)

    in_no_time(desk.remove(seconds=5))

    assert desk.api.asked == []


def test_the_answer_to_what_was_revoked_changes_nothing() -> None:
    desk = Desk()
    closing = desk.removals.next(0.0)
    desk.engine.revoke()

    assert closing is not None
    desk.engine.core.removed(closing, "", 0.0)
    desk.removals.failed(closing, 0.0, 0.5)

    assert len(desk.removals) == 0
    assert desk.engine.backlog.records == 0
