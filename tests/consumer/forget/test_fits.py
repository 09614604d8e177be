"""Which contacts the names fit, and which may be deleted."""

from __future__ import annotations

from consumer.forget.fits import Fits, chosen, refused
from consumer.forget.names import Name
from schemas.planhat import Enduser

ANN = Name("email", "ann@example.com")
BOB = Name("email", "bob@example.com")


def row(planhat_id: str) -> Enduser:
    return Enduser(_id=planhat_id)


def two_of_bob() -> Fits:
    fits = Fits()
    fits.add(ANN, [row("1")])
    fits.add(BOB, [row("2")])
    fits.add(BOB, [row("3"), row("2")])
    return fits


def test_a_name_that_fits_several_is_refused_with_them() -> None:
    assert refused(two_of_bob(), takes_all=False) == {BOB: ["2", "3"]}
    assert refused(two_of_bob(), takes_all=True) == {}


def test_of_names_that_are_left_nothing_is_chosen() -> None:
    fits = two_of_bob()

    assert chosen(fits, {BOB: ["2", "3"]}) == [row("1")]
    assert chosen(fits, {}) == [row("1"), row("2"), row("3")]


def test_a_contact_of_two_names_is_chosen_once() -> None:
    fits = Fits()
    fits.add(ANN, [row("1")])
    fits.add(Name("external_id", "u-1"), [row("1")])

    assert refused(fits, takes_all=False) == {}
    assert chosen(fits, {}) == [row("1")]


def test_a_name_that_fits_nobody_is_known_to() -> None:
    fits = Fits()
    fits.add(ANN, [])

    assert fits.by_name == {ANN: []}
    assert chosen(fits, {}) == []
