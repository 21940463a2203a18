"""An invariant over all commands: in any state, each is decided once, and leads to a known state."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import entities
from domain.recurrence.derived import CLOSING, derived
from domain.rejections import Code
from schemas import records as r
from tests.unit.domain.given import (
    ANNA,
    BERT,
    DAY,
    LIFECYCLES,
    NOON,
    PARIS,
    WEEKDAYS,
    World,
    by_name,
    chunk,
    colour_tag,
    command,
    complete,
    create,
    delete,
    delete_tag,
    lived,
    rename_tag,
    reopen,
    restore,
    sent,
    set_settings,
    skip,
    snooze,
    update,
)

LATE = replace(PARIS, date="2026-11-27")

NAMES = st.sampled_from(["a", "b", "c"])
WHO = st.sampled_from([ANNA, ANNA, ANNA, BERT])
ACTIONS = [r.Action.COMPLETE, r.Action.REOPEN, r.Action.DELETE, r.Action.RESTORE, r.Action.UPDATE]


@st.composite
def asked(draw):
    """Any command of a person on one of a few entities; it may refer to others, which exist or not."""
    one, other, expected = draw(NAMES), draw(NAMES), draw(st.sampled_from([None, None, 1, 2]))
    fields = draw(
        st.sampled_from(
            [
                {"title": "Other"},
                {"list": other},
                {"parent": other},
                {"tags": (other,)},
                {"due": PARIS, "rrule": WEEKDAYS},
                {"due": None, "rrule": None},
                {"due": PARIS, "rrule": "FREQ=DAILY", "repeats": r.Repeats.CALENDAR},
                {"missed": r.Missed.EACH},
                {"pinned": True, "rank": "V"},
            ]
        )
    )
    whole = {name: value for name, value in fields.items() if value is not None}
    ahead = {"occurrence": draw(st.sampled_from(["2026-11-25", "2026-11-26"]))}
    scope = draw(st.sampled_from(r.Scope))
    kinds = [r.CompleteTask, r.ReopenTask, r.DeleteTask, r.RestoreTask]
    return draw(
        st.sampled_from(
            [
                create(one, **whole),
                update(one, scope=scope, **fields),
                replace(update(one, scope=scope, **fields), **ahead),
                replace(update(one, scope=r.Scope.THIS, title="Other", due=LATE), **ahead),
                *(replace(make(one), **ahead) for make in (complete, skip, reopen)),
                replace(delete(one, scope=scope), **ahead),
                skip(one),
                snooze(one, **draw(st.sampled_from([{}, {"until": NOON + DAY}, {"days": 1}]))),
                set_settings(zone=draw(st.sampled_from([None, "Europe/Paris"]))),
                complete(one),
                reopen(one),
                delete(one, scope=scope),
                restore(one),
                command(draw(st.sampled_from(kinds)), one, user=draw(WHO), expected=expected),
                *(each for of in LIFECYCLES for each in lived(of, one, expected).values()),
                *(replace(lived(of, one)["delete"], user=BERT) for of in LIFECYCLES),
                colour_tag(one, draw(st.sampled_from([None, "#1e90ff"]))),
                rename_tag(one, to=f"{other}{other}"),
                delete_tag(one),
                chunk(draw(st.sampled_from(ACTIONS)), one, other, fields={}, add_tags=(one,)),
            ]
        )
    )


def state(world):
    """Return all entities and latest occurrences, by type and name."""
    return (*map(by_name, world.store.entities.values()), world.latest)


def identity(event):
    after = entities.after(event)
    return type(after), entities.name(after)


def state_without_bookkeeping(world):
    """Return all entities by type and name, without versions, times of change and counts of a rule."""
    found = {}
    for kept in map(by_name, world.store.entities.values()):
        for name, one in kept.items():
            same = {"version": 0, "changed_at": 0}
            if isinstance(one, r.Task) and one.recurrence:
                same["recurrence"] = one.recurrence.rrule
            found[type(one), name] = replace(one, **same)
    return found


@given(st.lists(asked(), max_size=12), asked())
def test_what_was_done_last_is_undone_whole_or_says_why_not(past, now):
    world = World(*past)
    before = state_without_bookkeeping(world)
    if not (events := world.does(now).events):
        return

    decision = world.does(world.undoing(now))

    if decision.outcome.part.refused:
        assert {each.code for each in decision.outcome.part.refused} <= set(Code)
        return
    created = {each for each in map(identity, events) if each not in before}
    assert {key: one for key, one in state_without_bookkeeping(world).items() if key not in created} == before


@given(st.lists(asked(), max_size=12), asked())
def test_every_command_is_rejected_or_lands_in_a_known_state(past, now):
    world = World(*past)
    before = [dict(part) for part in state(world)]

    decision = world.does(now)

    outcome = decision.outcome
    assert outcome.command == now.id
    match outcome.kind:
        case r.OutcomeKind.ACCEPTED:
            assert decision.events
            assert not outcome.code
        case r.OutcomeKind.REJECTED:
            assert outcome.code in set(Code)
            assert outcome.detail
    if not decision.events:
        assert [dict(part) for part in state(world)] == before
    again = World()
    for event in world.events:
        again.evolve(event)
    assert state(again) == state(world)


@given(st.lists(asked(), max_size=12))
def test_what_is_decided_of_all_that_was_asked_is_decided_again_the_same(commands):
    first, second = World(*commands), World(*commands)
    assert first.events == second.events


@given(st.lists(asked(), max_size=15))
def test_versions_of_everything_count_its_events(commands):
    world, counted = World(*commands), {}
    for event in world.events:
        counted[identity(event)] = counted.get(identity(event), 0) + 1
        assert entities.after(event).version == counted[identity(event)]


@given(st.lists(asked(), max_size=8))
def test_a_command_that_changes_nothing_emits_no_event(commands):
    series = (create(one, due=PARIS, rrule=WEEKDAYS, repeats=mode) for one, mode in zip("ab", r.Repeats, strict=False))
    world = World(*series, create("c", parent="a"))  # it holds every event against what that changes
    for one in commands:
        for event in world.does(one).events:
            if isinstance(event, CLOSING) and (followup := derived(event, world.version)):
                world.does(followup)
        world.does(again := replace(one, id=sent()["id"]))
        world.does(undoing := world.undoing(one))
        world.does(replace(undoing, id=sent()["id"], bulk=sent()["id"]))
        world.does(world.undoing(undoing))
        world.does(world.undoing(again))
