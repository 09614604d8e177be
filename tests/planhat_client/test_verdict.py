from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planhat_client.protocol import Delivered, Partial
from planhat_client.verdict import Keys, Proven, Suspect, Unproven, verdicts
from schemas.planhat import BulkResult


def keys(*names: str) -> list[Keys]:
    return [Keys(external_id=name, email=f"{name}@example.com") for name in names]


def partial(**lists: Any) -> Partial:  # noqa: ANN401 - any shape
    return Partial(BulkResult.model_validate(lists), "partial")


def test_a_plain_success_proves_all_and_tells_the_ids() -> None:
    inserted = ({"_id": "1", "externalId": "a"},)
    answer = Delivered(BulkResult(created=1, nonupdates=1, insertsKeys=inserted))

    assert verdicts(keys("a", "b"), answer) == [Proven("1", "created"), Proven(None, "unchanged")]


@pytest.mark.parametrize(
    "entry",
    [
        "b@example.com duplicated",
        {"externalId": "b", "error": "no"},
        {"item": {"email": "B@example.com"}, "error": "no"},
        {"message": "record b: no"},
    ],
    ids=str,
)
def test_an_error_that_names_an_item_makes_only_it_a_suspect(entry: object) -> None:
    answer = partial(created=2, insertsKeys=[{"externalId": "a"}], createdErrors=[entry])

    found = verdicts(keys("a", "b", "c"), answer)

    assert found[0] == Proven(None, "created")
    assert isinstance(found[1], Suspect)
    assert found[2] == Proven(None, "unchanged")


def test_counts_that_do_not_add_up_prove_only_what_keys_name() -> None:
    answer = Delivered(BulkResult(updated=1, updatesKeys=({"externalId": "a"},)))

    found = verdicts(keys("a", "b"), answer)

    assert found[0] == Proven(None, "updated")
    assert isinstance(found[1], Unproven)


def test_two_requests_at_once_are_a_passing_trouble() -> None:
    (found,) = verdicts(keys("a"), partial(createdErrors=["externalId,email duplicated"]))

    assert isinstance(found, Suspect)
    assert found.transient


shapes = st.sampled_from(["text", "object", "item", "unknown"])


@given(st.lists(st.booleans(), min_size=1, max_size=30), shapes, st.booleans())
def test_what_failed_is_never_proven_and_what_is_proven_never_failed(
    bad: list[bool],
    shape: str,
    has_keys: bool,  # noqa: FBT001 - drawn
) -> None:
    names = [f"key-{number}" for number in range(len(bad))]
    errors = {
        "text": "{} is refused",
        "object": {"externalId": "{}", "error": "refused"},
        "item": {"item": {"externalId": "{}"}, "error": "refused"},
        "unknown": ["?"],
    }

    def entry(name: str) -> object:
        form = errors[shape]
        if isinstance(form, str):
            return form.format(name)
        if shape == "object":
            return {"externalId": name, "error": "refused"}
        return {"item": {"externalId": name}, "error": "refused"} if shape == "item" else form

    failed = [name for name, is_bad in zip(names, bad, strict=True) if is_bad]
    good = [name for name in names if name not in failed]
    inserted = [{"externalId": name} for name in good] if has_keys else []
    answer = partial(
        created=len(good), insertsKeys=inserted, createdErrors=[entry(name) for name in failed]
    )

    found = verdicts(keys(*names), answer)

    assert len(found) == len(names)
    for is_bad, verdict in zip(bad, found, strict=True):
        assert not (is_bad and isinstance(verdict, Proven))
        assert not (not is_bad and isinstance(verdict, Suspect) and len(names) > 1)
