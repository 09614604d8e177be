"""Which contact a merge keeps, and which end."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from consumer.engine.merge.choice import Keys, Survivor, asks, choose
from schemas.planhat import Enduser

HERE, THERE = "c-here", "c-there"


def row(
    planhat_id: str,
    external_id: str | None = None,
    email: str | None = None,
    company: str = HERE,
    *,
    archived: bool = False,
) -> Enduser:
    return Enduser.model_validate(
        {
            "_id": planhat_id,
            "externalId": external_id,
            "email": email,
            "companyId": company,
            "archived": archived,
        }
    )


WINNER = Survivor(None, "win", "win@x.y", HERE)
LOSER = Keys((), ["lose"], ["lose@x.y"])


@pytest.mark.parametrize(
    ("rows", "survivor", "lost", "keep", "ends", "left"),
    [
        pytest.param([], WINNER, LOSER, None, [], [], id="nobody"),
        pytest.param([row("1", "win")], WINNER, LOSER, "1", [], [], id="only the survivor's"),
        pytest.param([row("2", "lose")], WINNER, LOSER, "2", [], [], id="only the loser's"),
        pytest.param([row("1", "win"), row("2", "lose")], WINNER, LOSER, "1", ["2"], [], id="both"),
        pytest.param(
            [row("1", "win"), row("2", None, "LOSE@x.y")],
            WINNER, LOSER, "1", ["2"], [], id="by its address, in any case",
        ),
        pytest.param(
            [row("1", "win"), row("2", "else", "lose@x.y")],
            WINNER, LOSER, "1", [], [], id="somebody else with the loser's address",
        ),
        pytest.param(
            [row("1", "win"), row("2", "else")],
            WINNER, Keys(["2"]), "1", ["2"], [], id="by an id that is known as the loser's",
        ),
        pytest.param(
            [row("1", None, "win@x.y"), row("2", "lose")],
            WINNER, LOSER, "1", ["2"], [], id="the survivor's by its address",
        ),
        pytest.param(
            [row("1", None, "both@x.y")],
            Survivor(None, "win", "both@x.y", HERE), Keys((), ["lose"], ["both@x.y"]),
            "1", [], [], id="one contact with the address of both",
        ),
        pytest.param(
            [row("1", "win"), row("2", "lose")],
            Survivor("2", "win", None, HERE), LOSER, "1", ["2"], [], id="Hull names the other one",
        ),
        pytest.param(
            [row("1", "win", company=THERE), row("2", "lose")],
            Survivor("2", "win", None, HERE), LOSER, "2", [], ["1"],
            id="Hull's goes before one of another company",
        ),
        pytest.param(
            [row("1", "win", "WIN@x.y", THERE), row("2", "lose")],
            Survivor("2", "win", "win@x.y", HERE), LOSER, "2", ["1"], [],
            id="the survivor's other one, by its address",
        ),
        pytest.param(
            [row("1", "win", "lose@x.y", THERE), row("2", "lose")],
            Survivor("2", "win", None, HERE), LOSER, "2", ["1"], [],
            id="the survivor's other one, by the loser's address",
        ),
        pytest.param(
            [row("1", "win", "old@x.y", THERE), row("2", "lose")],
            Survivor("2", "win", "win@x.y", HERE, "1"), LOSER, "2", ["1"], [],
            id="the survivor's other one, by an id that an answer told",
        ),
        pytest.param(
            [row("1", "win", company=THERE), row("2", "lose"), row("3", "win", company="c-third")],
            Survivor("2", "win", None, HERE, "1"), LOSER, "2", [], ["1", "3"],
            id="two may be the survivor's other one",
        ),
        pytest.param(
            [row("1", "else", "win@x.y", THERE), row("2", "lose")],
            Survivor("2", "win", "win@x.y", HERE, "1"), LOSER, "2", [], [],
            id="somebody else with the survivor's address",
        ),
        pytest.param(
            [row("1", "win"), row("2", "lose", company=THERE)],
            Survivor("2", "win", None, None), LOSER, "1", ["2"], [],
            id="the survivor's own goes first if its company is not known",
        ),
        pytest.param(
            [row("1", "win", company=THERE), row("2", "lose")],
            WINNER, LOSER, "1", ["2"], [], id="the survivor's own, elsewhere",
        ),
        pytest.param(
            [row("1", "win", company=THERE), row("2", "win", company="c-third")],
            WINNER, LOSER, None, [], [], id="two of the survivor's elsewhere",
        ),
        pytest.param(
            [row("1", "win"), row("2", "lose", company=THERE), row("3", "lose", company="c-third")],
            WINNER, LOSER, "1", [], ["2", "3"], id="the loser's id in two other companies",
        ),
        pytest.param(
            [row("1", "win"), row("2", "lose", "lose@x.y", THERE), row("3", "lose", company="c-3")],
            WINNER, LOSER, "1", ["2"], ["3"], id="one of them with its address",
        ),
        pytest.param(
            [row("1", "win"), row("2", "lose"), row("3", "lose", company=THERE)],
            WINNER, LOSER, "1", ["2"], ["3"], id="one of them in the survivor's company",
        ),
        pytest.param(
            [row("2", "lose", archived=True), row("3", None, "lose@x.y")],
            WINNER, LOSER, "3", ["2"], [], id="one in use goes before an archived one",
        ),
        pytest.param(
            [row("1", "win"), row("2", "win", company=THERE)],
            WINNER, Keys((), ["win"]), "1", [], ["2"], id="the survivor took the loser's id over",
        ),
    ],
)  # fmt: skip
def test_the_choice(
    rows: list[Enduser],
    survivor: Survivor,
    lost: Keys,
    keep: str | None,
    ends: list[str],
    left: list[str],
) -> None:
    found = choose(rows, survivor, lost)

    assert (found.keep.id if found.keep else None) == keep
    assert [one.id for one in found.ends] == ends
    assert [one.id for one in found.left] == left


def test_each_key_is_asked_for_once_the_survivors_first() -> None:
    survivor = Survivor("7", "win", "Both@x.y")

    found = asks(survivor, Keys(["7", "8"], ["lose", "win"], ["both@x.y"]))

    assert found == [
        ("externalId", "win"),
        ("_id", "7"),
        ("_id", "8"),
        ("externalId", "lose"),
        ("email", "both@x.y"),
    ]


EXTERNAL = st.sampled_from([None, "win", "lose", "else"])
EMAIL = st.sampled_from([None, "win@x.y", "LOSE@x.y", "else@x.y"])
ROWS = st.lists(
    st.tuples(EXTERNAL, EMAIL, st.sampled_from([HERE, THERE, "c-third"]), st.booleans()),
    max_size=6,
).map(
    lambda found: [
        row(str(number), external_id, email, company, archived=archived)
        for number, (external_id, email, company, archived) in enumerate(found)
    ]
)
SURVIVORS = st.builds(
    Survivor,
    st.sampled_from([None, "0", "1", "gone"]),
    st.sampled_from([None, "win"]),
    st.sampled_from([None, "win@x.y", "lose@x.y"]),
    st.sampled_from([None, HERE]),
    st.sampled_from([None, "0", "3"]),
)
LOSERS = st.builds(
    Keys,
    st.sets(st.sampled_from(["0", "2"])),
    st.sets(st.sampled_from(["lose", "win"])),
    st.sets(st.sampled_from(["lose@x.y", "win@x.y"])),
)


@given(ROWS, SURVIVORS, LOSERS)
def test_what_is_kept_never_ends_and_strangers_are_never_touched(
    rows: list[Enduser], survivor: Survivor, lost: Keys
) -> None:
    found = choose(rows, survivor, lost)

    touched = {one.id for one in found.ends}
    assert len(touched) == len(found.ends)
    assert found.keep is None or found.keep.id not in touched
    assert touched.isdisjoint(one.id for one in found.left)
    for one in found.ends:
        assert one.external_id != "else" or one.id in lost.ids
        assert one.external_id != "else" or one.id != survivor.planhat_id or one.id in lost.ids


@given(ROWS, SURVIVORS, LOSERS)
def test_planhat_never_sees_one_external_id_twice_in_a_company(
    rows: list[Enduser], survivor: Survivor, lost: Keys
) -> None:
    found = choose(rows, survivor, lost)

    if found.keep is not None and survivor.external_id and survivor.company:
        here = [
            one
            for one in rows
            if (one.external_id, one.company_id) == (survivor.external_id, survivor.company)
        ]
        assert not here or found.keep in here


@given(ROWS, SURVIVORS, LOSERS)
def test_all_with_the_survivors_external_id_end_or_are_told_beside_the_one_that_is_kept(
    rows: list[Enduser], survivor: Survivor, lost: Keys
) -> None:
    found = choose(rows, survivor, lost)

    if found.keep is not None and survivor.external_id:
        named = {one.id for one in rows if one.external_id == survivor.external_id}
        assert named <= {found.keep.id} | {one.id for one in [*found.ends, *found.left]}


@given(ROWS, SURVIVORS, LOSERS)
def test_a_merge_that_comes_twice_chooses_the_same_and_ends_nothing_more(
    rows: list[Enduser], survivor: Survivor, lost: Keys
) -> None:
    first = choose(rows, survivor, lost)
    # When the one that is kept is renamed, the other one is alone with the loser's external id.
    assume(not first.left)
    ends = {one.id for one in first.ends}
    sent = {
        "external_id": survivor.external_id,
        "email": survivor.email,
        "company_id": survivor.company,
    }
    update = {name: value for name, value in sent.items() if value is not None}
    after = [
        one.model_copy(update=update) if first.keep and one.id == first.keep.id else one
        for one in rows
        if one.id not in ends
    ]

    second = choose(after, survivor, lost)

    if first.keep is not None and survivor.external_id and survivor.company:
        assert second.keep is not None
        # Where two of the survivor's own were in its company, either is the one.
        assert second.keep.id == first.keep.id or second.keep.external_id == survivor.external_id
        assert second.ends == []
