"""Whatever is done to occurrences and their subtasks: each subtask is once below an occurrence, and the tree is one."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain import subtasks
from domain.decision import VERSION
from domain.recurrence.derived import CLOSING, derived
from schemas import records as r
from tests.unit.domain.given import (
    ANNA,
    DAY,
    NOON,
    World,
    complete,
    create,
    delete,
    reopen,
    restore,
    skip,
    update,
)

DUE = r.Due("2026-11-23")
MODES = st.sampled_from(list(r.Subtasks))


class Checklist(RuleBasedStateMachine):
    """People change the subtasks and the occurrences of a series in any order, while derived commands come late."""

    def __init__(self):
        super().__init__()
        self.world, self.derived, self.said, self.at = World(), [], [], NOON
        self.does(create("p", due=DUE, rrule="FREQ=DAILY"))

    def does(self, command):
        self.at += 1
        decided = self.world.does(command)
        self.said.append(command)
        for event in decided.events if decided else ():
            if isinstance(event, CLOSING) and (followup := derived(event, VERSION)):
                self.derived.append(followup)

    def drawn(self, data):
        return data.draw(st.sampled_from(sorted(self.world.tasks)))

    def occurrences(self):
        return sorted(name for name, task in self.world.tasks.items() if task.series == "p")

    @precondition(lambda self: len(self.world.tasks) < 12)
    @rule(data=st.data(), due=st.sampled_from([None, DUE]), recurs=st.booleans())
    def a_subtask_is_added(self, data, due, recurs):
        rule_ = {"rrule": "FREQ=WEEKLY"} if due and recurs else {}
        self.does(create(f"s{len(self.said)}", self.at, parent=self.drawn(data), due=due, **rule_))

    @rule(data=st.data(), act=st.sampled_from((complete, reopen, delete, restore)))
    def a_task_is_changed(self, data, act):
        self.does(act(self.drawn(data), self.at))

    @rule(data=st.data())
    def a_subtask_is_moved(self, data):
        moved, parent = self.drawn(data), self.drawn(data)
        if self.world.task(moved).origin is None:  # a copy below another occurrence would be a second one there
            self.does(update(moved, self.at, parent=parent))

    @rule(data=st.data(), act=st.sampled_from((complete, skip, reopen)), later=st.integers(0, 2 * DAY))
    def an_occurrence_is_changed(self, data, act, later):
        self.at += later
        self.does(act(data.draw(st.sampled_from(self.occurrences())), self.at))

    @rule(mode=MODES)
    def the_series_is_changed(self, mode):
        for task in self.world.open():
            if self.world.task(task).series == "p":
                self.does(update(task, self.at, subtasks=mode))

    @rule(data=st.data())
    def it_is_undone(self, data):
        said = data.draw(st.sampled_from(self.said[-4:]))
        if self.world.audited.get(said.id):
            self.does(self.world.undoing(said, self.at))

    @precondition(lambda self: self.derived)
    @rule(data=st.data())
    def a_derived_command_comes(self, data):
        command = data.draw(st.sampled_from(self.derived[-3:]))
        before = dict(self.world.tasks)
        below = [one for one in subtasks.below(self.world, command.previous) if one.recurrence is None]
        decided = self.world.does(command)
        if decided and decided.events:
            self.passes_on(decided, before, below)

    def passes_on(self, decided, before, below):
        """Check that of a checklist each subtask has one copy, open if it is new, and that the rest is not copied."""
        following, created = decided.events[0].task, [e.task.id for e in decided.events if isinstance(e, r.TaskCreated)]
        copies = {subtasks.copy_id(following, one) for one in below} if is_checklist(following) else set()
        there = {name for name in copies if name in before and before[name].status is not r.Status.DELETED}
        assert Counter(created) == Counter([following.id, *(copies - there)])
        assert all(self.world.task(name).status is r.Status.OPEN for name in copies - there)

    @invariant()
    def no_task_is_below_itself(self):
        for task in self.world.tasks.values():
            above, seen = task, set()
            while above and above.status is not r.Status.DELETED and above.parent:
                assert above.id not in seen
                seen.add(above.id)
                above = self.world.task(above.parent)

    @invariant()
    def the_index_has_what_is_not_deleted(self):
        below = [task for task in self.world.tasks.values() if task.parent and task.status is not r.Status.DELETED]
        assert sorted(self.world.store.subtasks) == sorted((f"{ANNA}/{task.parent}", task.id) for task in below)


def is_checklist(occurrence):
    return subtasks.mode_of(occurrence) is r.Subtasks.RESET


TestChecklist = Checklist.TestCase
TestChecklist.settings = settings(max_examples=100, stateful_step_count=25)
