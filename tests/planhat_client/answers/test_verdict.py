"""What answers prove, by examples and for all shapes that Planhat may choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planhat_client.answers.verdict import IGNORED, Proven, Suspect, Unproven, verdicts
from planhat_client.protocol import Delivered, Partial, Response, read
from schemas.planhat import BulkResult
from tests.examples import examples
from tests.planhat_client.odd_json import ODD_BODIES

if TYPE_CHECKING:
    from planhat_client.keys import Item


def named(
    own: str | None = None,
    source_id: str | None = None,
    external_id: str | None = None,
    email: str | None = None,
) -> Item:
    """An item, as far as it matters here."""
    return {"_id": own, "sourceId": source_id, "externalId": external_id, "email": email}


A, B, C = (named(external_id=name, email=f"{name}@example.com") for name in "abc")
DUPLICATED = "externalId,email duplicated"


def delivered(**members: Any) -> Delivered:  # noqa: ANN401 - any shape
    return Delivered(BulkResult.model_validate(members))


def partial(**members: Any) -> Partial:  # noqa: ANN401 - any shape
    return Partial(BulkResult.model_validate(members), "206 partial")


def test_counts_that_add_up_without_errors_prove_all() -> None:
    answer = delivered(
        created=1,
        updated=1,
        nonupdates=1,
        insertsKeys=[{"_id": "1", "externalId": "b"}],
        updatesKeys=[{"_id": "2", "externalId": "a"}],
    )

    assert verdicts([A, B, C], answer) == [
        Proven("2", "updated"),
        Proven("1", "created"),
        Proven(None, "unchanged"),
    ]


def test_what_was_done_is_not_guessed_from_keys_that_name_nobody() -> None:
    answer = delivered(
        created=1, updated=1, nonupdates=1, insertsKeys=[{"_id": "1"}], updatesKeys=[{"_id": "2"}]
    )

    assert verdicts([A, B, C], answer) == [Proven(), Proven(), Proven()]


def test_the_order_of_the_keys_means_nothing() -> None:
    answer = delivered(
        created=2,
        insertsKeys=[{"_id": "1", "externalId": "b"}, {"_id": "2", "externalId": "a"}],
    )

    assert verdicts([A, B], answer) == [Proven("2", "created"), Proven("1", "created")]


@pytest.mark.parametrize(
    "key",
    [
        {"_id": "id-b"},
        {"sourceId": "source-b"},
        {"externalId": "7"},
        {"externalId": 7},
        {"email": "B@Example.com"},
        {"_id": "unheard of", "externalId": "7"},
    ],
    ids=str,
)
def test_any_key_finds_its_item(key: dict[str, Any]) -> None:
    item = (
        named("id-b", "source-b", "7", "b@example.com")
        if "unheard" not in str(key)
        else (named(None, "source-b", "7", "b@example.com"))
    )

    found = verdicts([A, item, C], partial(updated=1, updatesKeys=[key]))

    assert isinstance(found[1], Proven)
    assert [type(found[0]), type(found[2])] == [Unproven, Unproven]


def test_a_key_of_more_weight_that_says_otherwise_decides() -> None:
    item, by_address = named("id-b", external_id="b"), named(email="c@example.com")

    # It may be the record of the other, whose external id we do not know.
    found = verdicts(
        [by_address, item], partial(created=1, insertsKeys=[{"_id": "else", "externalId": "b"}])
    )

    assert isinstance(found[1], Unproven)


@pytest.mark.parametrize("lists", ["insertsKeys", "updatesKeys"])
def test_another_id_than_was_named_is_the_id_if_the_external_id_can_be_no_other_item(
    lists: str,
) -> None:
    item = named("id-b", external_id="b")
    count = {"insertsKeys": "created", "updatesKeys": "updated"}[lists]

    found = verdicts([A, item], partial(**{count: 1, lists: [{"_id": "else", "externalId": "b"}]}))

    assert found[1] == Proven("else", count)  # type: ignore[arg-type]  # of Change


def test_an_item_without_an_external_id_that_is_proven_leaves_no_doubt() -> None:
    item, by_address = named("id-b", external_id="b"), named(email="c@example.com")
    keys = [{"_id": "else", "externalId": "b"}, {"_id": "id-c", "email": "c@example.com"}]

    found = verdicts([by_address, item], delivered(updated=2, updatesKeys=keys))

    assert found == [Proven("id-c", "updated"), Proven("else", "updated")]


def certain(answer: Delivered | Partial) -> list[bool]:
    found = verdicts([A, B, C], answer)
    return [not isinstance(one, Proven) and one.is_certain for one in found]


B_TAKEN = {"updated": 1, "updatesKeys": [{"_id": "2", "externalId": "b"}]}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (delivered(created=0, updated=0, nonupdates=0), [True, True, True]),
        (delivered(nonupdates=0, **B_TAKEN), [True, False, True]),
        (delivered(updated=0, nonupdates=1), [False] * 3),
        (delivered(nonupdates=1, **B_TAKEN), [False] * 3),
        (partial(createdErrors=["no", "no"], **B_TAKEN), [True, False, True]),
        (partial(createdErrors=["no"], **B_TAKEN), [False] * 3),
        (
            partial(createdErrors=[{"externalId": "a", "error": "no"}], **B_TAKEN),
            [True] + [False] * 2,
        ),
        (partial(updated=0), [False] * 3),
        (partial(createdErrors=["no"] * 3), [False] * 3),
    ],
    ids=[
        *("all ignored", "the others ignored", "one unchanged", "one unchanged beside one taken"),
        *("as many errors as are left", "fewer errors", "a name", "no errors", "no counts"),
    ],
)
def test_who_was_not_taken_for_sure(answer: Delivered | Partial, expected: list[bool]) -> None:
    assert certain(answer) == expected


def test_an_external_id_in_two_companies_proves_neither() -> None:
    found = verdicts([A, named(external_id="a")], partial(insertsKeys=[{"externalId": "a"}]))

    assert [type(verdict) for verdict in found] == [Unproven, Unproven]


def test_a_success_whose_counts_do_not_add_up_proves_only_what_keys_name() -> None:
    answer = delivered(updated=1, updatesKeys=[{"_id": "1", "externalId": "a"}])

    assert verdicts([A, B], answer) == [
        Proven("1", "updated"),
        Unproven("the counts do not add up"),
    ]


@pytest.mark.parametrize("answer", [Delivered(None), delivered()], ids=["no result", "no counts"])
def test_a_success_without_counts_proves_nothing_of_several(answer: Delivered) -> None:
    found = verdicts([A, B], answer)

    assert [type(verdict) for verdict in found] == [Unproven, Unproven]


def test_a_success_without_results_by_nature_proves_all() -> None:
    assert verdicts([A, A], Delivered(is_whole=True)) == [Proven(), Proven()]


@pytest.mark.parametrize(
    "entry",
    [
        "b@example.com is used",
        "no such phase: 'b'.",
        {"externalId": "b", "error": "no"},
        {"item": {"email": "B@example.com", "name": "x"}, "error": "no"},
        {"errors": [{"data": {"externalId": "b"}}]},
        {"message": "record b: no"},
        [{"detail": "b"}],
    ],
    ids=str,
)
def test_an_error_that_names_an_item_makes_only_it_a_suspect(entry: object) -> None:
    answer = partial(created=1, insertsKeys=[{"externalId": "a"}], createdErrors=[entry])

    found = verdicts([A, B, C], answer)

    assert found[0] == Proven(None, "created")
    assert isinstance(found[1], Suspect)
    assert found[2] == Unproven("206 partial")


@pytest.mark.parametrize("entry", ["no", {"code": 7}, {"index": 1, "error": "no"}, [[]], 7, None])
def test_an_error_that_names_nobody_leaves_all_open_that_no_key_proves(entry: object) -> None:
    answer = partial(created=1, insertsKeys=[{"externalId": "a"}], createdErrors=[entry])

    found = verdicts([A, B, C], answer)

    assert found == [Proven(None, "created"), Unproven("206 partial"), Unproven("206 partial")]


def test_counts_and_clear_errors_prove_the_rest() -> None:
    answer = partial(
        nonupdates=2, updatedErrors=[{"item": {"externalId": "b"}, "error": "bad date"}]
    )

    assert verdicts([A, B, C], answer) == [
        Proven(None, "unchanged"),
        Suspect("bad date"),
        Proven(None, "unchanged"),
    ]


@pytest.mark.parametrize(
    "errors",
    [
        pytest.param(["b is bad"], id="a text may name a neighbour"),
        pytest.param(
            [{"existing": {"externalId": "b"}, "item": {"externalId": "c"}}], id="two items"
        ),
        pytest.param([{"externalId": "b"}, {"error": "no"}], id="one names nobody"),
        pytest.param([{"externalId": "b"}, {"externalId": "b"}], id="one item twice"),
    ],
)
def test_counts_prove_no_rest_where_an_error_is_not_clear(errors: list[object]) -> None:
    found = verdicts([A, B, C], partial(nonupdates=2, updatedErrors=errors))

    assert not any(isinstance(verdict, Proven) for verdict in found)


def test_what_its_key_proves_is_not_suspected() -> None:
    answer = partial(
        created=1, insertsKeys=[{"externalId": "a"}], createdErrors=["c collides with a"]
    )

    found = verdicts([A, B, C], answer)

    assert found[0] == Proven(None, "created")
    assert isinstance(found[2], Suspect)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        pytest.param(Delivered(None), Proven(), id="a success without a result"),
        pytest.param(delivered(), Proven(), id="a success without counts"),
        pytest.param(delivered(created=0, updated=0), Proven(), id="an old one, unchanged"),
        pytest.param(delivered(created=1), Proven(None, "created"), id="created"),
        pytest.param(delivered(updated=1), Proven(None, "updated"), id="updated"),
        pytest.param(delivered(nonupdates=1), Proven(None, "unchanged"), id="unchanged"),
        pytest.param(
            delivered(created=1, insertsKeys=[{"_id": "1"}]), Proven("1", "created"), id="a lone id"
        ),
        pytest.param(
            delivered(updated=1, updatesKeys=[{"_id": "1", "externalId": "other"}]),
            Proven("1", "updated"),
            id="a lone key",
        ),
        pytest.param(
            delivered(created=0, updated=0, nonupdates=0),
            Suspect(IGNORED, transient=True),
            id="ignored",
        ),
        pytest.param(partial(), Suspect("206 partial"), id="a failure that says nothing"),
        pytest.param(partial(updated=1), Proven(None, "updated"), id="a partial that counts it"),
        pytest.param(partial(createdErrors=["no"]), Suspect("no"), id="an error"),
        pytest.param(
            partial(created=1, insertsKeys=[{"externalId": "a"}], updatedErrors=["no"]),
            Suspect("no"),
            id="written, with an error",
        ),
        pytest.param(
            partial(createdErrors=[DUPLICATED]),
            Suspect(DUPLICATED, transient=True),
            id="duplicated",
        ),
    ],
)
def test_an_item_alone_always_comes_to_an_end(
    answer: Delivered | Partial, verdict: Proven | Suspect
) -> None:
    assert verdicts([A], answer) == [verdict]


def test_duplicated_as_the_whole_answer_is_a_passing_trouble_too() -> None:
    answer = read(Response(400, {}, b'"externalId,email duplicated"'))

    assert isinstance(answer, Partial)
    assert verdicts([A], answer) == [Suspect(f"400 {DUPLICATED}", transient=True)]
    assert isinstance(verdicts([A, B], answer)[0], Unproven)


KEYS = st.builds(
    named,
    *[st.none() | st.sampled_from(["a", "b", "c", "d", "a@example.com"]) for _ in range(4)],
)


@settings(max_examples=examples(500))
@given(st.lists(KEYS, min_size=1, max_size=8), st.sampled_from([200, 206, 400, 403]), ODD_BODIES)
def test_any_answer_gives_each_item_a_verdict(keys: list[Item], status: int, body: bytes) -> None:
    answer = read(Response(status, {}, body))
    if not isinstance(answer, Delivered | Partial):
        return

    found = verdicts(keys, answer)

    assert len(found) == len(keys)
    assert len(keys) > 1 or not isinstance(found[0], Unproven)


FATES = st.sampled_from(["created", "updated", "nonupdates", "failed", "ignored"])
SHAPES = st.sampled_from(["text", "named", "blamed", "object", "item", "both", "id", "unknown"])


def entry(shape: str, name: str, neighbour: str) -> object:
    return {
        "text": "is refused",
        "named": f"{name} is refused",
        "blamed": f"collides with {neighbour}",
        "object": {"externalId": name, "error": "refused"},
        "item": {"item": {"externalId": name, "email": f"{name}@x.com"}, "error": "refused"},
        "both": {"item": {"externalId": name}, "existing": {"externalId": neighbour}},
        "id": {"_id": "ffff", "error": "refused"},
        "unknown": [{"why": [7]}],
    }[shape]


@settings(max_examples=examples(500))
@given(data=st.data(), fates=st.lists(FATES, min_size=1, max_size=12), has_lists=st.booleans())
def test_what_failed_is_never_proven_and_what_a_key_proves_never_suspected(
    data: st.DataObject,
    fates: list[str],
    has_lists: bool,  # noqa: FBT001 - drawn
) -> None:
    names = [f"k{number}" for number in range(len(fates))]
    fate_of = dict(zip(names, fates, strict=True))
    errors = [
        entry(data.draw(SHAPES), name, data.draw(st.sampled_from(names)))
        for name, fate in fate_of.items()
        if fate == "failed"
    ]
    members: dict[str, Any] = {
        fate: fates.count(fate) for fate in ("created", "updated", "nonupdates")
    }
    lists = {"insertsKeys": "created", "updatesKeys": "updated"}
    for member, wanted in lists.items():
        own = [{"externalId": name} for name, fate in fate_of.items() if fate == wanted]
        members[member] = data.draw(st.permutations(own))
    if has_lists:
        members["createdErrors"] = data.draw(st.permutations(errors))
    document = BulkResult.model_validate(members)
    is_partial = bool(errors) or data.draw(st.booleans())
    answer = Partial(document, "206") if is_partial else Delivered(document)

    found = verdicts([named(external_id=name, email=f"{name}@x.com") for name in names], answer)

    for verdict, fate in zip(found, fates, strict=True):
        assert not (fate in ("failed", "ignored") and isinstance(verdict, Proven))
        assert not (fate in ("created", "updated") and not isinstance(verdict, Proven))
        if isinstance(verdict, Proven) and verdict.change is not None:
            assert verdict.change == {"nonupdates": "unchanged"}.get(fate, fate)


def test_an_error_that_names_what_a_key_proves_proves_no_rest() -> None:
    answer = partial(
        created=2,
        insertsKeys=[{"externalId": "a"}],
        createdErrors=[{"externalId": "a", "error": "no"}],
    )

    found = verdicts([A, B, C], answer)

    assert found == [Proven(None, "created"), Unproven("206 partial"), Unproven("206 partial")]


def test_counts_prove_no_rest_where_one_of_several_errors_names_what_a_key_proves() -> None:
    answer = partial(
        created=1,
        insertsKeys=[{"externalId": "a"}],
        createdErrors=[{"externalId": "a", "error": "no"}, {"externalId": "b", "error": "no"}],
    )

    found = verdicts([A, B, C], answer)

    assert found == [Proven(None, "created"), Suspect("no"), Unproven("206 partial")]


def test_more_successes_than_items_prove_no_rest_beside_an_error() -> None:
    found = verdicts(
        [A, B, C], partial(nonupdates=3, updatedErrors=[{"externalId": "b", "error": "no"}])
    )

    assert [type(one) for one in found] == [Unproven, Suspect, Unproven]


def test_more_successes_than_items_prove_all_where_nothing_failed() -> None:
    assert verdicts([A, B], delivered(updated=2, nonupdates=1)) == [Proven(), Proven()]


def test_a_success_with_an_error_is_judged_by_the_error() -> None:
    answer = delivered(nonupdates=2, updatedErrors=[{"externalId": "b", "error": "no"}])

    assert verdicts([A, B, C], answer) == [
        Proven(None, "unchanged"),
        Suspect("no"),
        Proven(None, "unchanged"),
    ]


def test_a_success_with_an_error_that_names_nobody_says_that_it_does_not_add_up() -> None:
    found = verdicts([A, B], delivered(created=1, createdErrors=["no"]))

    assert found == [Unproven("the counts do not add up")] * 2


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"externalId": "b"}, "no permission"),
        ("b", "no permission: b"),
        (
            {"item": {"externalId": "b"}, "error": "not your company"},
            "no permission: not your company",
        ),
    ],
)
def test_a_missing_permission_is_told_of_the_item_that_lacks_it(entry: object, reason: str) -> None:
    answer = partial(
        created=2,
        insertsKeys=[{"externalId": "a"}, {"externalId": "c"}],
        permissionErrors=[entry],
    )

    assert verdicts([A, B, C], answer)[1] == Suspect(reason)


def test_a_field_in_an_error_is_no_item() -> None:
    entry = {"el": "externalId", "error": "Not valid type"}

    alone = verdicts([A], partial(createdErrors=[entry]))
    among_others = verdicts([A, B], partial(createdErrors=[entry]))

    assert alone == [Suspect("externalId: Not valid type")]
    assert among_others == [Unproven("206 partial")] * 2


def test_a_bare_list_of_errors_names_its_items() -> None:
    body = b'[{"el":"email","error":"Not valid type","item":{"externalId":"b"}}]'
    answer = read(Response(400, {}, body))

    assert isinstance(answer, Partial)
    assert verdicts([A, B], answer) == [
        Unproven("400 email: Not valid type"),
        Suspect("email: Not valid type"),
    ]


def test_an_id_that_is_none_is_not_learnt() -> None:
    keys = [{"_id": "", "externalId": "a"}, {"_id": 7, "externalId": "b"}]

    assert verdicts([A, B], delivered(created=2, insertsKeys=keys)) == [
        Proven(None, "created"),
        Proven(None, "created"),
    ]


def test_the_first_list_that_names_an_item_says_what_was_done() -> None:
    answer = delivered(
        created=1,
        updated=1,
        insertsKeys=[{"_id": "1", "externalId": "a"}],
        updatesKeys=[{"_id": "2", "externalId": "a"}, {"_id": "3", "externalId": "b"}],
    )

    assert verdicts([A, B], answer) == [Proven("1", "created"), Proven("3", "updated")]


def test_keys_that_are_no_objects_prove_nothing() -> None:
    answer = partial(created=1, insertsKeys=["a", None, ["b"]])

    assert [type(one) for one in verdicts([A, B], answer)] == [Unproven, Unproven]


def test_the_first_entry_that_names_an_item_is_its_reason() -> None:
    entries = [{"externalId": "b", "error": "first"}, {"externalId": "b", "error": "second"}]

    found = verdicts([A, B], partial(createdErrors=entries))

    assert found[1] == Suspect("first")


@pytest.mark.parametrize(
    ("members", "verdict"),
    [
        ({"created": 1, "insertsKeys": [{"_id": "1"}, {"_id": "2"}]}, Proven(None, "created")),
        ({"updated": 1, "updatesKeys": ["a"]}, Proven(None, "updated")),
        (
            {"created": 2, "insertsKeys": [{"externalId": "a", "_id": "1"}, {"_id": "2"}]},
            Proven("1", "created"),
        ),
    ],
    ids=["two keys, none its own", "no object", "two keys, one its own"],
)
def test_of_an_item_alone_only_a_lone_key_is_taken_for_its_own(
    members: dict[str, Any], verdict: Proven
) -> None:
    assert verdicts([A], delivered(**members)) == [verdict]


def test_an_item_alone_whose_error_comes_first_of_several_is_told_that_one() -> None:
    answer = partial(createdErrors=["first"], updatedErrors=["second"])

    assert verdicts([A], answer) == [Suspect("first")]
