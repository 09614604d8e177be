"""The sandbox has facts of its own about Planhat's models: they and the client's agree."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from planhat_client.sandbox.models import MODELS as SANDBOX
from planhat_client.sandbox.models import missing_field
from schemas.models import MODELS, Model
from schemas.planhat import Resource

if TYPE_CHECKING:
    from collections.abc import Iterator

BULK = [model for model in MODELS.values() if model.host == "api"]
ROWS = [pytest.param(model, id=model.resource.value) for model in BULK]


def bodies(model: Model) -> Iterator[dict[str, object]]:
    """All that a record may have of what some need names."""
    switches = [need.where[0] for need in model.required if need.where]
    names = dict.fromkeys(name for need in model.required for name in need.names)
    for count in range(len(names) + 1):
        for chosen in combinations(names, count):
            yield dict.fromkeys(chosen, 1)
            for switch in switches:
                for value in (True, False):
                    yield {**dict.fromkeys(chosen, 1), switch: value}


def is_enough(model: Model, body: dict[str, object]) -> bool:
    return all(
        not body.keys().isdisjoint(names)
        for names, where in model.required
        if where is None or (body.get(where[0]) is True) is where[1]
    )


def test_it_has_a_row_for_each_model_that_is_written_in_bulk() -> None:
    assert set(SANDBOX) == {model.resource.value for model in BULK}


@pytest.mark.parametrize("model", ROWS)
def test_both_know_the_same_keys_owner_and_page(model: Model) -> None:
    theirs = SANDBOX[model.resource.value]

    assert model.keys == ("_id", "sourceId", "externalId", *(["email"] if theirs.has_email else []))
    assert theirs.owned is (model.parent is Resource.COMPANIES)
    assert theirs.owned is (model.link == "companyId")
    assert theirs.most_rows == model.page


@pytest.mark.parametrize("model", ROWS)
def test_what_is_enough_for_us_is_enough_for_it(model: Model) -> None:
    theirs = SANDBOX[model.resource.value]

    refused = [body for body in bodies(model) if missing_field(theirs, body)]

    assert refused
    assert [body for body in refused if is_enough(model, body)] == []
