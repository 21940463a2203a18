"""The life of a user over time: commands, the clock, timers that fire, and what follows from them, in memory."""

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from domain import deletion, reminder_state
from domain.decision import VERSION
from domain.recurrence import awaiting
from domain.recurrence.derived import CLOSING, derived
from domain.reminder_state import Reminders
from domain.tasks import TASK
from schemas import records as r
from tests.unit.domain.given import ANNA, NOON, World, awaiting_in_memory, reminders_in_memory

DECIDED = r.ReminderDue | r.ReminderWithheld


def local(zone, text):
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


class Life:
    """A user's tasks and reminders, with a clock: timers fire as soon as they are due, unless the worker is down."""

    def __init__(self, at=NOON, tzdata="2026.1", version=VERSION):
        self.version = version
        self.world, self.store = World(version=version), reminders_in_memory()
        self.at, self.tzdata = at, tzdata
        self.records, self.notices, self.asked = [], 0, 0

    @property
    def reminders(self):
        return Reminders(self.store, self.version, self.tzdata)

    def does(self, *commands):
        for command in commands:
            self.asked += 1
            self.follows(self.world.does(replace(command, id=f"{command.id} {self.asked}", at=self.at)).events)
        return self

    def follows(self, events):
        for event in events:
            if isinstance(event, (*TASK.events, r.SettingsUpdated)):
                self.records += self.reminders.follow(event)
        self.reminders.renew(self.at)

    def until(self, at):
        """Let time pass while the worker runs."""
        while (due := min((timer.due for timer in self.timers()), default=at + 1)) <= at:
            self.at = max(self.at, due)
            self.fires()
        self.at = at
        return self

    def later(self, at):
        """Let time pass while the worker is down, and let it catch up."""
        self.at = at
        return self.until(at)

    def passes(self, how, by):
        """Let time pass while the worker runs, or is ``down``; or let the clock ``jump``."""
        match how:
            case "until":
                self.until(self.at + by)
            case "down":
                self.later(self.at + by)
            case "jump":
                self.at += by

    def timers(self):
        return [*self.store.timers.values()]

    def fires(self):
        for timer in self.store.timers.due(self.at, 1):
            self.takes(timer)

    def takes(self, timer):
        """Consume the notice that a timer has fired, which may be late, or one of a timer that is no more."""
        self.notices += 1
        self.records += self.reminders.decide(reminder_state.notice(timer, max(self.at, timer.due)))

    def told(self, kind=DECIDED):
        return [record for record in self.records if isinstance(record, kind)]

    def sent(self):
        return [record.at for record in self.told(r.ReminderDue)]

    def withheld(self):
        return [(record.step.value, record.due) for record in self.told(r.ReminderWithheld)]

    def held(self, task="t"):
        return self.store.held.get(f"{ANNA}/{task}")


class Whole(Life):
    """A life whose series go on by themselves: what completions and the calendar lead to is decided at once."""

    def __init__(self, at=NOON, tzdata="2026.1", version=VERSION):
        super().__init__(at, tzdata, version)
        self.awaited, self.waiting, self.commands = awaiting_in_memory(), [], []

    @property
    def awaiting(self):
        return awaiting.Awaiting(self.awaited, self.version, self.tzdata)

    def follows(self, events):
        super().follows(events)
        for event in events:
            if isinstance(event, (*TASK.events, r.SettingsUpdated)):
                self.awaiting.follow(event)
            if isinstance(event, CLOSING) and (command := derived(event, self.version)):
                self.leads_to(command)
        self.awaiting.renew(self.at)

    def leads_to(self, command):
        """Decide a derived command, which may be one that was decided before."""
        self.commands.append(command)
        if decision := self.world.does(command):
            self.follows(decision.events)

    def timers(self):
        return [*super().timers(), *self.awaited.timers.values(), *self.world.store.purges.values()]

    def fires(self):
        super().fires()
        for timer in self.awaited.timers.due(self.at, 1):
            if command := self.awaiting.decide(awaiting.notice(timer, self.at)):
                self.leads_to(command)
        for timer in self.world.store.purges.due(self.at, 1):
            self.follows(self.world.purge(deletion.notice(timer, self.at)))
