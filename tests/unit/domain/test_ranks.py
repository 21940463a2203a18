"""A place in the custom order, between which and any other there is always room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.domain import ranks, times
from streams.domain.invalid import Invalid
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


def test_two_hundred_tasks_put_at_one_place_after_another_still_have_ranks():
    low, high = ranks.of_creation(NOON), ranks.of_creation(NOON + DAY)
    for _ in range(200):
        high = ranks.between(low, high)
    assert len(high) <= ranks.MAX_RANK


@pytest.mark.parametrize("rank", ["0", "a0", "a b", "a-", "\u00e4", "x" * 65, "a\n"])
def test_what_is_no_rank_is_refused(rank: str):
    with pytest.raises(Invalid) as refused:
        ranks.check(rank)
    assert refused.value.field == "order"


def test_to_have_no_rank_is_allowed():
    assert ranks.check("") == ""
