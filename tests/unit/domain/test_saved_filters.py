"""Given saved filters, when a command comes, then these events and this outcome."""

from itertools import product

import pytest

from domain import audit, filters, validation
from domain.decision import OutOfOrder
from schemas import records as r
from tests.unit.domain.given import ANNA, BERT, NOON, World, delete_filter, restore_filter, save_filter, update_filter

REJECTED, NOTHING = r.OutcomeKind.REJECTED, r.OutcomeKind.NOTHING_TO_DO

WAYS = {"absent": (), "standing": (save_filter(),), "deleted": (save_filter(), delete_filter())}
COMMANDS = {
    "create": save_filter,
    "update": lambda: update_filter(name="Next"),
    "delete": delete_filter,
    "restore": restore_filter,
}
REPLIES = {
    "create": ("FilterCreated", NOTHING, NOTHING),
    "update": ("not-found", "FilterUpdated", "deleted"),
    "delete": ("not-found", "FilterDeleted", NOTHING),
    "restore": ("not-found", NOTHING, "FilterRestored"),
}


def reply(decision):
    """A decision in one word: its event, its rejection's code, or its kind."""
    if decision.events:
        return type(decision.events[0]).__name__
    return decision.outcome.code or decision.outcome.kind


@pytest.mark.parametrize(("state", "name"), list(product(WAYS, COMMANDS)))
def test_every_command_has_its_answer_in_every_state(state, name):
    assert reply(World(*WAYS[state]).does(COMMANDS[name]())) == REPLIES[name][list(WAYS).index(state)]


def test_a_filter_is_saved_as_its_user_wrote_it():
    [event] = World().does(save_filter(text="due <  TODAY", sort="due")).events
    assert event.filter == r.SavedFilter("f", ANNA, "Soon", "due <  TODAY", NOON, NOON, "due")


def test_a_change_names_exactly_the_fields_that_differ():
    [event] = World(save_filter()).does(update_filter(name="Soon", text="overdue")).events
    assert event.changed == ("text",)


def test_a_change_meant_for_another_version_is_refused():
    decision = World(save_filter()).does(update_filter(name="Next", expected=2))
    assert (decision.outcome.kind, decision.outcome.code) == (REJECTED, "version")


def test_another_users_filter_is_not_found():
    assert World(save_filter()).does(delete_filter(user=BERT)).outcome.code == "not-found"


def test_an_outcome_says_which_filter_in_which_version():
    outcome = World(save_filter()).does(update_filter(name="Next")).outcome
    assert (outcome.task, outcome.subject, outcome.version) == (None, "filter:f", 2)


def test_what_changed_is_reported_in_the_audit_trail():
    before = World(save_filter())
    [event] = World(save_filter()).does(update_filter(text="overdue")).events
    entry = audit.entry(None, before.filter("f"), event)
    assert (entry.subject, entry.changes) == (
        "filter:f",
        (r.FieldChange("text", '"due < today+7d"', '"overdue"'),),
    )


def test_an_event_folded_twice_is_refused():
    world = World(save_filter())
    with pytest.raises(OutOfOrder, match="version 2 was expected, not 1"):
        filters.FILTER.evolve(world.filter("f"), world.events[0])


@pytest.mark.parametrize(("fields", "wrong"), [({"text": "du < today"}, "filter"), ({"sort": "du"}, "sort")])
def test_what_can_not_be_read_is_not_saved(fields, wrong):
    given = r.FilterFields(**{"name": "Soon", "text": "overdue", **fields})
    [problem] = validation.check_fields(given, filters.FILTER.checks).problems
    assert (problem.field, "Did you mean `due`?" in problem.detail) == (wrong, True)
