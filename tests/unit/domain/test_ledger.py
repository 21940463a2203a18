"""The ledger: at least once, under one id, and never further than its last step allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.records import Step
from streams.domain import ledger
from tests.unit.domain.given import NOON, due_reminder

CLAIM = ledger.claim(due_reminder(), "webhook", NOON)
SENT = ledger.sent(CLAIM, NOON + 5)
FAILED = ledger.failed(CLAIM, NOON + 5, "503 Service Unavailable")
SECOND = ledger.again(FAILED, NOON + 5 + ledger.BACKOFF)


def test_a_claim_bears_the_reminders_id_and_a_lease():
    assert (CLAIM.id, CLAIM.step, CLAIM.attempt, CLAIM.retry_at) == (
        "reminder", Step.CLAIMED, 1, NOON + ledger.LEASE,
    )  # fmt: skip


def test_a_failure_says_why_and_when_it_is_tried_again():
    assert (FAILED.detail, FAILED.retry_at) == ("503 Service Unavailable", NOON + 5 + 10_000)


def test_claims_whose_outcome_never_came_do_not_count_as_failures():
    assert ledger.failed(replace(CLAIM, attempt=100), NOON, "down").retry_at == NOON + ledger.BACKOFF


def test_waits_grow_threefold_up_to_eight_attempts():
    steps = [ledger.failed(replace(CLAIM, failures=n), 0, "down").retry_at for n in range(9)]
    assert steps == [10_000, 30_000, 90_000, 270_000, 810_000, 2_430_000, 7_290_000, None, None]


def test_a_failure_is_claimed_again_once_its_wait_is_over():
    assert (SECOND.step, SECOND.attempt, SECOND.detail) == (Step.CLAIMED, 2, None)


def test_a_failure_is_not_claimed_again_before():
    assert ledger.again(FAILED, FAILED.retry_at - 1) is None


def test_a_claim_whose_lease_is_over_is_claimed_again():
    assert ledger.again(CLAIM, NOON + ledger.LEASE).attempt == 2


def test_what_was_sent_is_never_claimed_again():
    assert ledger.again(SENT, NOON * 2) is None


@pytest.mark.parametrize(
    ("last", "step"),
    [
        (None, CLAIM),
        (None, replace(CLAIM, step=Step.MISSED, retry_at=None)),
        (None, replace(CLAIM, step=Step.SUPPRESSED, retry_at=None)),
        (CLAIM, SENT),
        (CLAIM, FAILED),
        (FAILED, SECOND),
        (SECOND, ledger.sent(SECOND, NOON)),
    ],
)
def test_the_next_step_is_accepted(last, step):
    assert ledger.accept(last, step) == step


@pytest.mark.parametrize(
    ("last", "step"),
    [
        (None, SENT),
        (None, SECOND),
        (CLAIM, CLAIM),
        (CLAIM, replace(SECOND, at=NOON)),
        (FAILED, SENT),
        (FAILED, CLAIM),
        (SECOND, SENT),
        (SECOND, FAILED),
        (SENT, FAILED),
        (SENT, SECOND),
        (ledger.failed(replace(CLAIM, failures=7), NOON, "down"), replace(CLAIM, attempt=2)),
        (replace(CLAIM, step=Step.MISSED, retry_at=None), CLAIM),
    ],
)
def test_a_stale_step_is_not_accepted(last, step):
    assert ledger.accept(last, step) is None


STEPS = st.builds(
    lambda step, attempt, at: {
        Step.CLAIMED: lambda claim: replace(claim, at=at, retry_at=at + ledger.LEASE),
        Step.SENT: lambda claim: ledger.sent(claim, at),
        Step.FAILED: lambda claim: ledger.failed(claim, at, "down"),
        Step.MISSED: lambda claim: replace(claim, step=Step.MISSED, at=at, retry_at=None),
    }[step](replace(CLAIM, attempt=attempt)),
    st.sampled_from((Step.CLAIMED, Step.CLAIMED, Step.SENT, Step.FAILED, Step.FAILED, Step.MISSED)),
    st.integers(1, 4),
    st.integers(NOON, NOON + 10 * ledger.LEASE),
)


def accepted(steps):
    """The ledger after steps that arrive in any order, twice or never."""
    rows = []
    for step in steps:
        if taken := ledger.accept(rows[-1] if rows else None, step):
            rows.append(taken)
    return rows


@given(st.lists(STEPS, max_size=30))
def test_attempts_never_go_back(steps):
    attempts = [row.attempt for row in accepted(steps)]
    assert attempts == sorted(attempts)


@given(st.lists(STEPS, max_size=30))
def test_a_final_step_is_the_last(steps):
    assert not any(ledger.is_final(row) for row in accepted(steps)[:-1])


@given(st.lists(STEPS, max_size=30))
def test_each_attempt_is_claimed_once_and_ends_at_most_once(steps):
    rows = [(row.attempt, row.step is Step.CLAIMED) for row in accepted(steps)]
    assert len(rows) == len(set(rows))


@given(st.lists(STEPS, max_size=30), st.integers(NOON, NOON * 2))
def test_what_is_not_final_is_always_claimed_again_in_time(steps, at):
    for last in accepted(steps)[-1:]:
        assert ledger.is_final(last) or ledger.again(last, max(at, last.retry_at)) is not None


@given(st.lists(STEPS, max_size=30), st.integers(NOON, NOON * 2))
def test_a_claim_made_again_is_accepted(steps, at):
    for last in accepted(steps)[-1:]:
        step = ledger.again(last, at)
        assert step is None or ledger.accept(last, step) == step
