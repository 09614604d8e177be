"""Who stands first in all its queues may go; whoever leaves lets the next one in."""

from consumer.lanes.claims import Claims
from consumer.lanes.part import Profile


def test_whoever_comes_second_waits_until_the_first_has_left() -> None:
    claims = Claims[Profile]()
    first, second = Profile("u1"), Profile("u2")
    claims.join(first, ("u1", "email:a"))
    claims.join(second, ("u2", "email:a"))

    assert (first.blockers, second.blockers) == (0, 1)
    assert claims.leave(first) == [second]
    assert second.blockers == 0


def test_a_claim_that_is_made_twice_counts_once() -> None:
    claims = Claims[Profile]()
    one = Profile("email:a")
    claims.join(one, ("email:a", "email:a"))
    claims.join(one, ("email:a", "externalid:1"))

    assert one.claims == ("email:a", "externalid:1")
    assert one.blockers == 0
    assert claims.leave(one) == []
    assert claims.holders() == []
