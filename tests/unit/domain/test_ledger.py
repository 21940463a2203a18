"""The ledger: at least once, under one id, and never further than its last step allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import ledger
from schemas.records import Step
from tests.unit.domain.given import NOON, due_reminder

CLAIM = ledger.claim(due_reminder(), "webhook", NOON)
SENT = ledger.sent(CLAIM, NOON + 5)
FAILED = ledger.failed(CLAIM, NOON + 5, "503 Service Unavailable")
SECOND = ledger.again(FAILED, NOON + 5 + ledger.BACKOFF)
HANDED_OVER = ledger.handed_over(CLAIM, NOON + 5)
ORPHANED = ledger.orphaned(CLAIM, NOON + 5)
LEASED = ledger.claim(due_reminder(), "webhook", NOON, lease=ledger.LEASE)
"""A claim of decision version 3: it ends with its lease."""


def leased(claim, at):
    """A claim as decision version 3 renewed it."""
    return replace(claim, step=Step.CLAIMED, attempt=claim.attempt + 1, at=at, retry_at=at + ledger.LEASE)


def test_a_claim_has_the_reminders_id_and_ends_with_its_outcome_alone():
    assert (CLAIM.id, CLAIM.step, CLAIM.attempt, CLAIM.retry_at) == ("reminder", Step.CLAIMED, 1, None)
    assert ledger.again(CLAIM, NOON * 2) is None


def test_a_claim_that_is_handed_over_is_the_same_attempt_and_left_alone_for_twice_the_time():
    assert (HANDED_OVER.step, HANDED_OVER.attempt) == (Step.CLAIMED, 1)
    assert [ledger.leases(claim) for claim in (CLAIM, HANDED_OVER, ledger.orphaned(HANDED_OVER, NOON))] == [1, 2, 1]


def test_an_orphaned_claim_is_claimed_again_as_the_next_attempt():
    assert (ORPHANED.step, ORPHANED.attempt, ORPHANED.failures) == (Step.CLAIMED, 2, 0)


@pytest.mark.parametrize("last", [None, CLAIM, HANDED_OVER, FAILED])
@pytest.mark.parametrize("step", [CLAIM, HANDED_OVER, ORPHANED, SENT, FAILED, SECOND])
def test_sending_begins_with_each_attempt_once(last, step):
    new = step.step is Step.CLAIMED and (last is None or step.attempt > last.attempt)
    assert ledger.begins(last, step) == new


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


def test_a_claim_of_version_3_whose_lease_is_over_is_claimed_again_and_then_has_none():
    second = ledger.again(LEASED, NOON + ledger.LEASE)
    assert (second.attempt, second.retry_at) == (2, None)
    assert ledger.again(LEASED, NOON + ledger.LEASE - 1) is None


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
        (CLAIM, HANDED_OVER),
        (CLAIM, ORPHANED),
        (HANDED_OVER, SENT),
        (HANDED_OVER, ORPHANED),
        (FAILED, SECOND),
        (LEASED, SENT),
        (LEASED, leased(LEASED, NOON + ledger.LEASE)),
        (LEASED, ledger.again(LEASED, NOON + ledger.LEASE)),
        (LEASED, ledger.handed_over(LEASED, NOON + 5)),
        (LEASED, ORPHANED),
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
        (None, ORPHANED),
        (CLAIM, ledger.orphaned(ORPHANED, NOON + 9)),
        (ORPHANED, SENT),
        (ORPHANED, HANDED_OVER),
        (SENT, HANDED_OVER),
        (SENT, ORPHANED),
        (FAILED, HANDED_OVER),
        (FAILED, ORPHANED),
        (LEASED, LEASED),
        (LEASED, leased(LEASED, NOON + ledger.LEASE - 1)),
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
    lambda step, attempt, at, lease: {
        Step.CLAIMED: lambda claim: replace(claim, at=at, retry_at=at + lease if lease else None),
        Step.SENT: lambda claim: ledger.sent(claim, at),
        Step.FAILED: lambda claim: ledger.failed(claim, at, "down"),
        Step.MISSED: lambda claim: replace(claim, step=Step.MISSED, at=at, retry_at=None),
    }[step](replace(CLAIM, attempt=attempt)),
    st.sampled_from((Step.CLAIMED, Step.CLAIMED, Step.SENT, Step.FAILED, Step.FAILED, Step.MISSED)),
    st.integers(1, 4),
    st.integers(NOON, NOON + 10 * ledger.LEASE),
    st.sampled_from((None, ledger.LEASE)),
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


def begun(steps):
    """The attempts whose sending begins with steps that arrive in any order, twice or never."""
    rows = accepted(steps)
    return [row.attempt for last, row in zip([None, *rows], rows, strict=False) if ledger.begins(last, row)]


@given(st.lists(STEPS, max_size=30))
def test_each_attempt_begins_once_and_ends_at_most_once(steps):
    ends = [row.attempt for row in accepted(steps) if row.step in {Step.SENT, Step.FAILED}]
    assert begun(steps) == sorted(set(begun(steps)))
    assert ends == sorted(set(ends))


@given(st.lists(STEPS, max_size=30), st.integers(NOON, NOON * 2))
def test_what_is_not_final_is_always_claimed_again(steps, at):
    for last in accepted(steps)[-1:]:
        step = (
            ledger.orphaned(last, at) if last.step is Step.CLAIMED else ledger.again(last, max(at, last.retry_at or 0))
        )
        assert ledger.is_final(last) or ledger.accept(last, step) == step


@given(st.lists(STEPS, max_size=30), st.integers(NOON, NOON * 2))
def test_a_claim_made_again_is_accepted(steps, at):
    for last in accepted(steps)[-1:]:
        step = ledger.again(last, at)
        assert step is None or ledger.accept(last, step) == step
