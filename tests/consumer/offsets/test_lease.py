"""How long a confirmation of the group is good for."""

from consumer.offsets.lease import Lease, lease_seconds


def test_a_request_that_goes_under_the_lease_ends_before_the_session_does() -> None:
    assert lease_seconds(45.0, 30.0) == 15.0


def test_a_session_shorter_than_a_request_leaves_a_third_of_itself() -> None:
    assert lease_seconds(6.0, 30.0) == 2.0


def test_nothing_holds_before_the_first_confirmation() -> None:
    assert not Lease(15.0).holds(0.0)


def test_a_confirmation_holds_for_its_time_and_no_longer() -> None:
    lease = Lease(15.0)

    lease.confirm(100.0)

    assert lease.holds(114.9)
    assert not lease.holds(115.0)


def test_a_late_answer_to_an_early_question_takes_nothing_away() -> None:
    lease = Lease(15.0)
    lease.confirm(100.0)

    lease.confirm(90.0)

    assert lease.holds(114.9)


def test_it_is_renewed_long_before_it_ends() -> None:
    lease = Lease(15.0)
    lease.confirm(100.0)

    assert not lease.is_due(102.9)
    assert lease.is_due(103.0)


def test_a_refusal_ends_it_at_once() -> None:
    lease = Lease(15.0)
    lease.confirm(100.0)

    lease.end()

    assert not lease.holds(100.0)
