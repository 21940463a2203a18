"""What is hidden for longer than a transaction may take is reported; what moves, or ends in time, is not."""

from aiokafka import TopicPartition

from schemas.kafka.hidden import Hidden

HERE, THERE = TopicPartition("task-events", 0), TopicPartition("task-events", 1)


def looked(*ends: tuple[int, int], seconds: float = 10) -> Hidden:
    """What is known after looks at (written, committed) ends of one partition, ``seconds`` apart."""
    hidden = Hidden(20)
    for number, (written, stable) in enumerate(ends):
        hidden.look({HERE: written, THERE: 5}, {HERE: stable, THERE: 5}, number * seconds)
    return hidden


def test_where_reading_makes_no_progress_before_the_end_for_its_time_records_are_hidden():
    hidden = looked((9, 4), (12, 4), (20, 4))
    assert hidden.overdue() == {HERE: 4}
    assert (hidden.seconds(HERE), hidden.seconds(THERE)) == (20, 0)


def test_until_its_time_is_over_a_transaction_is_waited_for():
    hidden = looked((9, 4), (12, 4))
    assert (hidden.overdue(), hidden.still(0)) == ({}, [HERE])


def test_another_transaction_than_at_a_look_is_not_waited_for():
    assert looked((9, 4), (12, 9)).still(0) == []


def test_one_transaction_after_the_other_hides_nothing():
    assert looked((9, 4), (12, 9), (20, 12), (30, 20)).overdue() == {}


def test_what_has_ended_is_forgotten():
    hidden = looked((9, 4), (12, 4), (20, 4), (20, 20))
    assert (hidden.overdue(), hidden.seconds(HERE), hidden.still(0)) == ({}, 0, [])


def test_nothing_is_held_against_a_broker_that_did_not_answer_meanwhile():
    hidden = looked((9, 4), (12, 4), (20, 4))
    hidden.forget()
    hidden.look({HERE: 20}, {HERE: 4}, 30)
    assert hidden.overdue() == {}
