from consumer.watch.console.callers import MOST_TRIES, Tries


def wrong(tries: Tries, address: str, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        tries.note_wrong(address, now)


def test_after_so_many_wrong_ones_no_more_is_looked_at() -> None:
    tries = Tries()

    wrong(tries, "10.0.0.1", MOST_TRIES - 1)
    before = tries.may_try("10.0.0.1", 0.0)
    wrong(tries, "10.0.0.1", 1)

    assert (before, tries.may_try("10.0.0.1", 0.5)) == (True, False)


def test_then_there_is_one_a_second() -> None:
    tries = Tries()
    wrong(tries, "10.0.0.1", MOST_TRIES)

    first = tries.may_try("10.0.0.1", 1.0)
    tries.note_wrong("10.0.0.1", 1.0)

    assert (first, tries.may_try("10.0.0.1", 1.9)) == (True, False)


def test_another_address_has_its_own() -> None:
    tries = Tries()

    wrong(tries, "10.0.0.1", MOST_TRIES)

    assert tries.may_try("10.0.0.2", 0.0)


def test_a_network_of_ipv6_counts_as_one_and_a_mapped_address_as_itself() -> None:
    tries = Tries()

    wrong(tries, "2001:db8::1", MOST_TRIES)
    wrong(tries, "::ffff:10.0.0.1", MOST_TRIES)

    assert not tries.may_try("2001:db8::2", 0.0)
    assert not tries.may_try("10.0.0.1", 0.0)
    assert tries.may_try("::ffff:10.0.0.2", 0.0)


def test_only_so_many_addresses_are_remembered() -> None:
    tries = Tries()
    wrong(tries, "first", MOST_TRIES)

    for number in range(1000):
        tries.note_wrong(f"other {number}", 0.0)

    assert tries.may_try("first", 0.0)
