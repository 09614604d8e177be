from consumer.engine.pace import CatchUp, Pace


def test_who_has_no_more_than_a_batch_to_read_is_not_behind() -> None:
    assert CatchUp(10).pace(10, 500, is_full=False) is Pace.AT_ONCE


def test_a_backlog_is_gathered_first() -> None:
    assert CatchUp(10).pace(11, 0, is_full=False) is Pace.GATHER


def test_gathering_ends_when_all_is_read() -> None:
    catch_up = CatchUp(10)
    catch_up.pace(11, 0, is_full=False)

    assert catch_up.pace(0, 11, is_full=False) is Pace.FOLLOW


def test_gathering_ends_for_good_when_memory_is_full() -> None:
    catch_up = CatchUp(10)
    catch_up.pace(100, 0, is_full=False)

    assert catch_up.pace(90, 20, is_full=True) is Pace.FOLLOW
    assert catch_up.pace(89, 19, is_full=False) is Pace.BATCH


def test_who_has_caught_up_is_not_behind_any_more() -> None:
    catch_up = CatchUp(10)
    catch_up.pace(11, 0, is_full=False)

    assert catch_up.pace(10, 10, is_full=False) is Pace.AT_ONCE
    assert catch_up.pace(1, 11, is_full=False) is Pace.AT_ONCE


def test_the_next_backlog_is_gathered_again() -> None:
    catch_up = CatchUp(10)
    catch_up.pace(11, 0, is_full=True)
    catch_up.pace(0, 0, is_full=False)

    assert catch_up.pace(11, 0, is_full=False) is Pace.GATHER
