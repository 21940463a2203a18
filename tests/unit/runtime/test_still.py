"""The time for which something makes no progress while it should."""

from streams.runtime.watch import Still


def looked(*looks: tuple[int, bool, float]) -> float:
    """Return how long it made no progress after looks, each with a mark, whether it should move, and the time."""
    (mark, _, at), *others = looks
    still = Still(mark, at)
    for mark, owed, at in others:
        still = still.then(mark, owed, at, most=5)
    return still.seconds


def test_what_should_move_and_does_not_makes_no_progress():
    assert looked((7, True, 0), (7, True, 2), (7, True, 4)) == 4


def test_what_moves_begins_again():
    assert looked((7, True, 0), (7, True, 2), (8, True, 4), (8, True, 5)) == 1


def test_what_need_not_move_gathers_nothing_and_loses_nothing():
    assert looked((7, True, 0), (7, True, 2), (7, False, 4), (7, True, 6)) == 4


def test_to_fall_back_is_not_to_move():
    assert looked((7, True, 0), (3, True, 2), (6, True, 4)) == 4


def test_a_machine_that_slept_is_not_held_against_it():
    assert looked((7, True, 0), (7, True, 3600)) == 5
