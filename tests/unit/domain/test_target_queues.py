"""The queue of a target: one at a time, and nothing is tried while the breaker is open."""

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from domain import ledger
from domain import target_queues as queues
from schemas import records as r
from tests.unit.domain.given import NOON, due_reminder

CLAIM = ledger.claim(due_reminder(), "ntfy", NOON)
IDS = st.uuids().map(str)


def fails(queue, at=NOON, delivery="d"):
    """The queue after its next delivery has begun and failed."""
    queue = queues.begun(queue, delivery, waited=queues.retried(queue, at) is None, at=at)
    return queues.ended(queue, delivery, ledger.failed(CLAIM, at, "down"))


def waiting(number):
    return reduce(lambda queue, _: queues.arrived(queue, NOON), range(number), r.TargetQueue())


def test_a_delivery_is_tried_at_once_and_the_next_one_when_it_has_ended():
    queue = waiting(2)
    assert queue.wake == NOON
    begun = queues.begun(queue, "d", waited=True, at=NOON)
    assert begun.wake is None
    assert queues.ended(begun, "d", ledger.sent(CLAIM, NOON + 5)).wake == NOON + 5


def test_a_failed_delivery_delays_no_other_until_the_breaker_opens():
    queue = waiting(9)
    for number in range(1, queues.OPENS):
        queue = fails(queue, NOON + number, f"d{number}")
        assert queue.wake == NOON + number
    assert fails(queue, NOON + 9, "d9").wake >= NOON + 9 + queues.PAUSE


def test_an_open_breaker_lets_one_through_when_its_pause_is_over_and_closes_with_the_first_success():
    queue = waiting(9)
    for number in range(queues.OPENS):
        queue = fails(queue, NOON, f"d{number}")
    begun = queues.begun(queue, "d0", waited=False, at=queue.until)
    assert begun.wake is None
    closed = queues.ended(begun, "d0", ledger.sent(CLAIM, queue.until))
    assert (closed.failures, closed.until) == (0, 0)
    assert closed.wake <= queue.until


@given(st.integers(queues.OPENS, 100), IDS)
def test_pauses_double_up_to_the_longest_with_at_most_a_quarter_of_jitter(failures, seed):
    whole = min(queues.PAUSE * 2 ** (failures - queues.OPENS), queues.LONGEST)
    assert whole <= queues.pause(failures, seed) <= whole * 1.25
    assert queues.pause(failures, seed) == queues.pause(failures, seed)


def test_the_jitter_differs_by_target():
    assert len({queues.pause(5, f"{seed}") for seed in range(100)}) > 50


def test_what_waits_while_the_breaker_is_open_is_not_counted():
    queue, at = waiting(1000), NOON
    for number in range(200):
        at = max(at, queue.wake)
        queue = fails(queue, at, queues.retried(queue, at) or f"d{number}")
    assert queue.next - queue.first > 800
    assert len(queue.retries) <= queues.MOST_RETRIES


@given(st.lists(st.sampled_from(("arrive", "send", "fail", "give up")), max_size=50))
def test_a_target_has_a_timer_exactly_while_something_waits_and_nothing_is_sent(happenings):
    queue, at = r.TargetQueue(), NOON
    for number, happening in enumerate(happenings):
        at += 1000
        if happening == "arrive":
            queue = queues.arrived(queue, at)
        elif queue.wake is not None:
            at = max(at, queue.wake)
            key = queues.retried(queue, at)
            queue = queues.begun(queue, key or f"d{number}", waited=key is None, at=at)
            step = {
                "send": ledger.sent(CLAIM, at),
                "fail": ledger.failed(CLAIM, at, "down"),
                "give up": ledger.suppressed(CLAIM, at, "gone"),
            }[happening]
            queue = queues.ended(queue, key or f"d{number}", step)
        assert (queue.wake is not None) == (queue.first < queue.next or bool(queue.retries))


def test_all_that_waits_is_tried_at_once_when_the_target_is_corrected():
    queue = waiting(9)
    for number in range(queues.OPENS):
        queue = fails(queue, NOON, f"d{number}")
    queue = queues.corrected(queue, 2, NOON + 5)
    assert (queue.wake, queue.version) == (NOON + 5, 2)
    assert queues.retried(queue, NOON + 5) == "d0"
    assert fails(queue, NOON + 5, "d0").wake == NOON + 5


def test_a_correction_sends_nothing_beside_what_is_being_sent():
    busy = queues.begun(waiting(2), "d", waited=True, at=NOON)
    assert queues.corrected(busy, 2, NOON + 5).wake is None


def test_a_queue_is_idle_when_nothing_waits_and_nothing_is_sent():
    begun = queues.begun(waiting(1), "d", waited=True, at=NOON)
    ended = queues.ended(begun, "d", ledger.sent(CLAIM, NOON))
    assert [queues.is_idle(queue) for queue in (waiting(1), begun, ended, fails(waiting(1)))] == [
        False, False, True, False,
    ]  # fmt: skip
