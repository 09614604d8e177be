"""The rows of Planhat's models fit together."""

from __future__ import annotations

import pytest

from schemas.models import ENDUSERS, MODELS, Model
from schemas.target import Kind

ROWS = [pytest.param(model, id=model.resource.value) for model in MODELS.values()]


def of(model: Model, kind: Kind) -> set[str]:
    return {name for name, its in model.fields.kinds.items() if its is kind}


@pytest.mark.parametrize("model", ROWS)
def test_a_parent_stands_before_what_hangs_on_it(model: Model) -> None:
    order = list(MODELS)

    assert model.parent is None or order.index(model.parent) < order.index(model.resource)


@pytest.mark.parametrize("model", ROWS)
def test_keys_are_in_the_order_in_which_planhat_asks_for_them(model: Model) -> None:
    assert model.keys == tuple(key for key in ENDUSERS.keys if key in model.keys)


@pytest.mark.parametrize("model", ROWS)
def test_each_key_but_planhats_own_may_be_mapped(model: Model) -> None:
    assert of(model, Kind.KEY) == {*model.keys} - {"_id"}


@pytest.mark.parametrize("model", ROWS)
def test_what_names_the_parent_is_never_mapped(model: Model) -> None:
    assert of(model, Kind.LINK) == ({model.link} if model.link else set())


@pytest.mark.parametrize("model", ROWS)
def test_what_is_required_is_a_standard_field(model: Model) -> None:
    needed = {name for need in model.required for name in need.names}
    switches = {need.where[0] for need in model.required if need.where}

    assert needed <= model.fields.kinds.keys()
    assert switches <= of(model, Kind.BOOLEAN)


@pytest.mark.parametrize("model", ROWS)
def test_only_what_appends_does_not_merge(model: Model) -> None:
    assert model.merges is bool(model.keys)


def test_no_two_models_have_a_word_in_common() -> None:
    told = [{model.singular, model.word} for model in MODELS.values()]

    assert sum(map(len, told)) == len(set().union(*told))
    assert len({model.logged_as for model in MODELS.values()}) == len(MODELS)
    assert len({model.settings for model in MODELS.values()}) == len(MODELS)


@pytest.mark.parametrize("model", [model for model in MODELS.values() if model.is_listed])
def test_the_items_of_a_list_are_told_apart_by_their_external_id(model: Model) -> None:
    assert any(need == (("externalId",), None) for need in model.required)
