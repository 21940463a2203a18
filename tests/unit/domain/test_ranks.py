"""A place in the custom order, between which and any other there is always room."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import ranks, times
from domain.invalid import Invalid
from tests.unit.domain.given import DAY, NOON

RANKS = st.text(ranks.DIGITS, min_size=1, max_size=12).filter(lambda text: not text.endswith("0"))


@given(RANKS, RANKS)
def test_between_any_two_there_is_room(one: str, other: str):
    if one != other:
        low, high = sorted((one, other))
        assert low < ranks.check(ranks.between(low, high)) < high


@given(RANKS)
def test_before_and_behind_each_there_is_room(rank: str):
    assert ranks.check(ranks.between(None, rank)) < rank < ranks.check(ranks.between(rank, None))


def test_the_first_place_is_in_the_middle():
    assert ranks.between(None, None) == "V"


@pytest.mark.parametrize(("before", "after"), [("a", "a"), ("b", "a")])
def test_there_is_no_place_between_what_is_out_of_order(before: str, after: str):
    with pytest.raises(ValueError, match="There is no place"):
        ranks.between(before, after)


@given(st.integers(0, times.END - 2))
def test_a_later_creation_stands_behind(at: int):
    assert ranks.check(ranks.of_creation(at)) < ranks.of_creation(at + 1)


Lines = Callable[[list[str], int], int]
"""Which place of a line of ranks, of which one was put in last, the next one is put in before."""


def top(_line: list[str], _last: int) -> int:
    return 0


def bottom(line: list[str], _last: int) -> int:
    return len(line)


def behind_the_last(_line: list[str], last: int) -> int:
    return last + 1


def before_the_last(_line: list[str], last: int) -> int:
    return last


def behind_one(line: list[str], _last: int) -> int:
    return line.index(ONE) + 1


def before_one(line: list[str], _last: int) -> int:
    return line.index(ONE)


ONE = ranks.of_creation(NOON)
LINES = st.lists(RANKS | st.integers(0, times.END - 2).map(ranks.of_creation), max_size=8, unique=True)


@pytest.mark.parametrize("place", [top, bottom, behind_the_last, before_the_last, behind_one, before_one])
@given(LINES)
@settings(max_examples=5)
def test_ranks_of_five_thousand_tasks_put_at_one_place_stay_short(place: Lines, line: list[str]):
    line = sorted({*line, ONE})
    longest = max(map(len, line))
    last = line.index(ONE)
    for _ in range(5_000):
        last = place(line, last)
        line.insert(last, ranks.between(line[last - 1] if last else None, line[last] if last < len(line) else None))
    assert line == sorted(set(line))
    assert max(map(len, line)) <= longest + 12


@given(st.randoms(use_true_random=False))
@settings(max_examples=5)
def test_ranks_of_five_thousand_tasks_put_anywhere_stay_short(random: Random):
    line = [ONE]
    for _ in range(5_000):
        place = random.randrange(len(line) + 1)
        new = ranks.between(line[place - 1] if place else None, line[place] if place < len(line) else None)
        line.insert(place, new)
    assert max(map(len, line)) <= 40


def test_five_hundred_tasks_each_between_the_last_two_have_ranks():
    low, high = ranks.of_creation(NOON), ranks.of_creation(NOON + DAY)
    for number in range(500):
        new = ranks.check(ranks.between(low, high))
        low, high = (new, high) if number % 2 else (low, new)


def test_a_task_at_the_bottom_is_before_the_one_that_is_created_next():
    bottom = ranks.between(ranks.of_creation(NOON), None)
    assert bottom < ranks.of_creation(NOON + 2)


@pytest.mark.parametrize("rank", ["0", "a0", "a b", "a-", "\u00e4", "x" * 256, "a\n"])
def test_what_is_no_rank_is_refused(rank: str):
    with pytest.raises(Invalid) as refused:
        ranks.check(rank)
    assert refused.value.field == "order"


def test_to_have_no_rank_is_allowed():
    assert ranks.check("") == ""
