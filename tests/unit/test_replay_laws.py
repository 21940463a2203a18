"""The laws of the log, each broken once."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from schemas import records as r
from streams.domain import audit
from streams.replay.laws import FORGOTTEN, Laws
from streams.runtime.state import State
from tests.unit.domain.given import ANNA, BERT, NOON, World, complete, create, due_reminder, update


@pytest.fixture
def laws(tmp_path: Path) -> Iterator[Laws]:
    with closing(State(tmp_path)) as seen:
        yield Laws(seen)


def outcome(command: str = "c", at: int = NOON, user: str = ANNA) -> r.CommandOutcome:
    return r.CommandOutcome(user, at, command, r.OutcomeKind.ACCEPTED, "t")


def trail() -> list[r.AuditEntry]:
    entries: list[r.AuditEntry] = []
    for event in World(create(), update(title="Water them all"), complete()).events:
        entries.append(audit.entry(audit.head_after(entries[-1]) if entries else None, None, event))
    return entries


def broken(laws: Laws, *records: object) -> list[str | None]:
    return [laws.broken_by(record) for record in records]


def test_a_log_as_it_should_be_breaks_no_law(laws: Laws):
    events = World(create(), update(title="Water them all"), complete()).events
    assert not any(broken(laws, *events, *trail(), outcome("a"), outcome("b"), outcome("a", user=BERT), due_reminder()))


def test_a_second_outcome_breaks_it(laws: Laws):
    assert broken(laws, outcome(), outcome(at=NOON + FORGOTTEN)) == [None, "the command c has a second outcome."]


def test_an_outcome_after_its_id_was_forgotten_is_none_too_many(laws: Laws):
    assert broken(laws, outcome(), outcome(at=NOON + FORGOTTEN + 1)) == [None, None]


@pytest.mark.parametrize("order", [(0, 0), (0, 2), (1,), (0, 1, 0)])
def test_an_event_that_is_doubled_lost_or_out_of_order_breaks_it(order: tuple[int, ...], laws: Laws):
    events = World(create(), update(title="Water them all"), complete()).events
    *before, last = broken(laws, *(events[n] for n in order))
    assert (any(before), bool(last)) == (False, True)


def test_a_reminder_that_is_due_twice_breaks_it(laws: Laws):
    first, second = broken(laws, due_reminder(), due_reminder())
    assert (first, "due twice" in (second or "")) == (None, True)


def test_an_entry_that_was_altered_breaks_it(laws: Laws):
    first, second, _ = trail()
    good, bad = broken(laws, first, replace(second, actor="user:eve"))
    assert (good, "altered" in (bad or "")) == (None, True)


def test_a_command_without_an_outcome_is_not_answered(laws: Laws):
    command = create()
    assert not laws.is_answered(command)
    laws.broken_by(outcome(command.id))
    assert laws.is_answered(command)
