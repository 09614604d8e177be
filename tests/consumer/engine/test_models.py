"""Each of Planhat's models, whatever it is called, is held to the same behaviour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from consumer.lanes.batch import Batch
from planhat_client.sandbox import Refusal
from schemas.models import MODELS, Model
from schemas.planhat import Resource
from schemas.target import Kind
from tests.consumer.engine_run import CONNECTOR, Engine, account, account_message, user_message

if TYPE_CHECKING:
    from collections.abc import Iterable


def _rows(models: Iterable[Model]) -> list[Any]:
    return [pytest.param(model, id=model.resource.value) for model in models]


ROWS = _rows(MODELS.values())
CHILDREN = _rows(model for model in MODELS.values() if model.parent)
LISTED = [model for model in MODELS.values() if model.is_listed]
SAMPLES: dict[Kind, Any] = {
    Kind.KEY: "k",
    Kind.NAME: "n",
    Kind.TEXT: "t",
    Kind.ARRAY: ["t"],
    Kind.DATE: "2026-01-01",
    Kind.BOOLEAN: False,
    Kind.NUMBER: 1,
}


def connector() -> dict[str, Any]:
    """Settings that map each standard field of what lies in a list under its own name."""
    found = dict(CONNECTOR)
    for model in LISTED:
        found[model.list_attribute] = model.resource.value
        found[model.table] = [
            {"hull_field_name": name, "service_field_name": name} for name in model.fields.names
        ]
    return found


def message(model: Model, number: int, version: int = 1) -> dict[str, Any]:
    """What makes a change of one record of a model; its text tells the version."""
    text = f"{model.word} {number} v{version}"
    if model.profile == "user":
        return user_message(number, account(number), user={"name": text})
    if model.profile == "account":
        return account_message(account(number, name=text))
    if model.is_listed:
        item = {name: SAMPLES.get(kind) for name, kind in model.fields.kinds.items()}
        keys = {"externalId": f"i-{number}", "sourceId": None, text_field(model): text}
        return account_message(account(number, **{model.resource.value: [item | keys]}))
    event = {"event": "Signed in", "event_id": f"{number}.{version}", "properties": {"text": text}}
    return user_message(number, account(number), events=[event])


def text_field(model: Model) -> str:
    """Where the text lies in an item."""
    if model.profile:
        return "name"
    texts = (name for name, kind in model.fields.kinds.items() if kind is Kind.TEXT)
    return next(texts, "info.text")


def texts(engine: Engine, model: Model) -> list[str]:
    """The texts of what is stored, in the order in which it came into being."""
    found: list[str] = []
    for row in engine.rows(model.resource):
        value: Any = row
        for step in text_field(model).split("."):
            value = value.get(step, {})
        found.append(str(value))
    return [text for text in found if text.startswith(model.word)]


def items_sent(engine: Engine, model: Model) -> int:
    return sum(count for _, resource, count in engine.sent_at if resource is model.resource)


def fly(engine: Engine, model: Model) -> Batch:
    """Send until a request of this model is on its way."""
    while isinstance(batch := engine.core.next(engine.now), Batch):
        if batch.resource is model.resource:
            return batch
        engine.answer(batch, engine.send(batch))
    raise AssertionError("none was sent")


def test_each_resource_has_its_row() -> None:
    assert list(MODELS) == list(Resource)
    assert [name for name, model in MODELS.items() if model.resource is not name] == []


@pytest.mark.parametrize("model", ROWS)
def test_of_three_the_bad_one_costs_only_itself(model: Model) -> None:
    engine = Engine(connector=connector())
    bad = Refusal(
        text_field(model),
        (f"{model.word} 2 v1",),
        model.resource.value,
        how="request",
        status=400,
    )
    engine.sandbox.refusals.extend([bad])

    engine.take(*[message(model, number) for number in (1, 2, 3)])
    engine.run()

    assert sorted(texts(engine, model)) == [f"{model.word} 1 v1", f"{model.word} 3 v1"]
    rejected = [end for end in engine.ended if end.ending == "rejected"]
    assert [end.part.resource for end in rejected] == [model.resource]
    assert len(engine.letters) == 1
    assert not engine.dispatch.waiting


@pytest.mark.parametrize("model", ROWS)
def test_a_newer_change_never_overtakes_an_older_one(model: Model) -> None:
    engine = Engine(connector=connector())
    engine.take(message(model, 1, version=1))
    first = fly(engine, model)

    engine.take(message(model, 1, version=2))
    while isinstance(batch := engine.core.next(engine.now), Batch):
        assert batch.resource is not model.resource, "the first is on its way"
        engine.answer(batch, engine.send(batch))
    engine.answer(first, engine.send(first))
    engine.run()

    told = [f"{model.word} 1 v{version}" for version in (1, 2)]
    assert texts(engine, model) == (told[1:] if model.merges else told)


@pytest.mark.parametrize("model", ROWS)
def test_changes_that_wait_merge_if_its_row_says_so(model: Model) -> None:
    engine = Engine(connector=connector())

    engine.take(*[message(model, 1, version) for version in (1, 2, 3)])
    engine.run()

    assert items_sent(engine, model) == (1 if model.merges else 3)
    assert texts(engine, model)[-1] == f"{model.word} 1 v3"
    assert {end.ending for end in engine.ended} == {"delivered"}


@pytest.mark.parametrize("model", CHILDREN)
def test_what_has_a_parent_waits_for_it_and_names_it(model: Model) -> None:
    assert model.parent is not None
    engine = Engine(connector=connector(), company_wait=1e9)
    engine.down.add(model.parent)

    engine.take(message(model, 1))
    engine.run(60.0)
    before = items_sent(engine, model)
    engine.down.clear()
    engine.run()

    assert before == 0
    assert texts(engine, model) == [f"{model.word} 1 v1"]
    (parent,) = engine.rows(model.parent)
    assert not model.link or engine.rows(model.resource)[0][model.link] == parent["_id"]


@pytest.mark.parametrize("model", CHILDREN)
def test_what_waits_for_a_parent_says_so(model: Model) -> None:
    assert model.parent is not None
    engine = Engine(connector=connector())
    engine.take(message(model, 1))

    (part,) = engine.lanes[model.resource].claims.holders()[0].parts

    assert engine.planner.waits.reason(part, engine.now).startswith(
        f"its {MODELS[model.parent].singular} goes first"
    )


@pytest.mark.parametrize("model", CHILDREN)
def test_when_a_model_fails_the_others_go_on(model: Model) -> None:
    engine = Engine(connector=connector())
    engine.down.add(model.resource)
    others = [one for one in MODELS.values() if one is not model and not _hangs_on(one, model)]

    engine.take(*[message(one, at) for at, one in enumerate([model, *others])])
    engine.run(60.0)

    for at, one in enumerate(others, 1):
        assert texts(engine, one) == [f"{one.word} {at} v1"]
    assert engine.lanes[model.resource].waiting == 1


def _hangs_on(one: Model, model: Model) -> bool:
    """Whether a model is below another, at whatever distance."""
    while one.parent is not None:
        one = MODELS[one.parent]
        if one is model:
            return True
    return False
