"""Given tags with and without a colour, when a command comes, then these events and this outcome."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import audit, tags
from domain.decision import OutOfOrder
from schemas import records as r
from tests.unit.domain.given import World, chunk, colour_tag, create, delete_tag, rename_tag

BLUE, RED = "#1e90ff", "#ff0000"
ACCEPTED, NOTHING = r.OutcomeKind.ACCEPTED, r.OutcomeKind.NOTHING_TO_DO


def colours(world):
    """The colours of the tags that have one."""
    return {name: tag.colour for name, tag in world.tags.items() if tag.colour}


def renamed(world, old, new):
    """Rename a tag as the API does: on the tasks that have it, then on its own record."""
    tagged = [task.id for task in world.tasks.values() if old in task.tags]
    world.does(chunk(r.Action.UPDATE, *tagged, add_tags=(new,), remove_tags=(old,)))
    return world.does(rename_tag(old, new))


def test_the_table_answers_every_command_in_every_state():
    assert {kind: set(row) for kind, row in tags.TABLE.items()} == {
        kind: {False, True} for kind in tags.Command.__args__
    }


@pytest.mark.parametrize(
    ("before", "asked", "kind"),
    [
        ((), colour_tag(), ACCEPTED),
        ((), colour_tag(colour=None), NOTHING),
        ((), rename_tag(), NOTHING),
        ((), delete_tag(), NOTHING),
        ((colour_tag(),), colour_tag(), NOTHING),
        ((colour_tag(),), colour_tag(colour=RED), ACCEPTED),
        ((colour_tag(),), rename_tag(), ACCEPTED),
        ((colour_tag(),), rename_tag(to="home"), NOTHING),
        ((colour_tag(),), delete_tag(), ACCEPTED),
        ((colour_tag(), delete_tag()), delete_tag(), NOTHING),
    ],
)
def test_every_command_has_its_answer(before, asked, kind):
    assert World(*before).does(asked).outcome.kind == kind


@pytest.mark.parametrize(("tagged", "kind"), [(("t",), ACCEPTED), ((), NOTHING)])
def test_a_rename_without_a_colour_is_accepted_where_its_bulk_changed_a_task(tagged, kind):
    world = World(create(tags=("home",)))
    world.does(chunk(r.Action.UPDATE, *tagged, add_tags=("house",), remove_tags=("home",), bulk="b"))
    outcome = world.does(rename_tag()).outcome
    assert (outcome.kind, outcome.events) == (kind, 0)


def test_a_colour_goes_with_the_name():
    assert colours(World(colour_tag(), rename_tag())) == {"house": BLUE}


def test_a_name_that_has_a_colour_keeps_it():
    assert colours(World(colour_tag(), colour_tag("house", RED), rename_tag())) == {"house": RED}


def test_an_outcome_is_about_the_new_name():
    outcome = World(colour_tag()).does(rename_tag()).outcome
    assert (outcome.subject, outcome.task, outcome.version) == ("tag:house", None, 1)


def test_each_tag_that_changes_has_an_event_with_an_id_of_its_own():
    events = World(colour_tag()).does(rename_tag()).events
    assert ([event.tag.name for event in events], len({event.id for event in events})) == (["home", "house"], 2)


def test_a_colour_is_reported_in_the_audit_trail():
    [event] = World().does(colour_tag()).events
    entry = audit.entry(None, None, event)
    assert (entry.subject, entry.changes) == ("tag:home", (r.FieldChange("colour", "null", f'"{BLUE}"'),))


def test_an_event_folded_twice_is_refused():
    world = World(colour_tag())
    with pytest.raises(OutOfOrder, match="version 2 was expected, not 1"):
        tags.TAG.evolve(world.get(tags.TAG, "home"), world.events[0])


NAMES = ("home", "house", "work")
TAGGED = st.lists(st.sets(st.sampled_from(NAMES)), max_size=4)
RENAMES = st.lists(st.permutations(NAMES).map(lambda names: names[:2]), min_size=1, max_size=4)


@given(TAGGED, st.dictionaries(st.sampled_from(NAMES), st.sampled_from((BLUE, RED))), RENAMES)
def test_after_a_rename_nothing_has_the_old_name_and_no_task_lost_its_place(tagged, coloured, renames):
    world = World(*(create(f"t{place}", tags=tuple(sorted(each))) for place, each in enumerate(tagged)))
    for name, colour in coloured.items():
        world.does(colour_tag(name, colour))
    for old, new in renames:
        before = {task.id: set(task.tags) for task in world.tasks.values()}
        renamed(world, old, new)
        assert old not in colours(world)
        assert {task.id: set(task.tags) for task in world.tasks.values()} == {
            id_: tags_ - {old} | {new} if old in tags_ else tags_ for id_, tags_ in before.items()
        }
        assert all(list(task.tags) == sorted(task.tags) for task in world.tasks.values())


@given(TAGGED, st.permutations(NAMES))
def test_merging_again_changes_nothing(tagged, names):
    old, new, _ = names
    world = World(*(create(f"t{place}", tags=tuple(sorted(each))) for place, each in enumerate(tagged)))
    world.does(colour_tag(old))
    renamed(world, old, new)
    stood = (dict(world.tasks), colours(world))
    renamed(world, old, new)
    assert (dict(world.tasks), colours(world)) == stood
