"""Digests: each day at a local time, a user is sent what is overdue, due and starts that day.

Its time is that of the settings, in their zone. A day on which the clocks don't show it is left out; of two instants
that show it, the first counts (RFC 5545, section 3.3.5: a time within a gap is moved by the gap). The id of a digest is
derived from user and day, and days only go on, so the digest of a day is decided once, whatever changes.

A user has one timer, for the next digest. Settings that change plan the next one after now. Other time zone data moves
its instant, also into the past: then it comes at once. After a downtime only the latest one comes, and none if that is
late and the settings want none that was missed.
"""

from datetime import date, datetime, timedelta

from msgspec.structs import replace

from domain import times
from domain.reminder_times import Basis
from domain.reminders import MISSED
from schemas import ids
from schemas import records as r

Plan = r.DigestPlan
Record = r.DigestDue | r.DigestWithheld
Occurring = tuple[str, int]
"""A local day, and the instant of its digest."""

OUTRUN = "It was missed, and that of a later day has come."
UNWANTED = "It was missed, and the settings say to send none that was."

_DAY = timedelta(days=1)


def planned(plan: Plan, command: str, at: int, basis: Basis) -> Plan:
    """Return the plan of the next digest after ``at`` (ms since 1970), by settings that a command has changed."""
    plan = replace(plan, command=command)
    if basis.settings.digest_time is None:
        return _next(plan, None, basis)
    yesterday = times.local_at(at, basis.settings.zone).date() - _DAY
    found = following(max(plan.last, yesterday.isoformat()), basis.settings)
    while found and found[1] <= at:
        found = following(found[0], basis.settings)
    return _next(plan, found, basis)


def following(day: str, settings: r.Settings) -> Occurring | None:
    """Return the next day behind one (ISO 8601) that has a digest; None at the calendar's end."""
    assert settings.digest_time
    after, time = date.fromisoformat(day), datetime.fromisoformat(f"1970-01-01T{settings.digest_time}").time()
    try:
        while True:
            after += _DAY
            due = times.milliseconds(datetime.combine(after, time), settings.zone)
            if due >= times.END:
                return None
            if times.local_at(due, settings.zone).date() == after:
                return after.isoformat(), due
    except OverflowError:
        return None


def renewed(plan: Plan, basis: Basis) -> Plan:
    """Return the plan by these settings and time zone data: its day stays, its instant may move."""
    if not plan.day or plan.by == _version(basis):
        return plan
    before = date.fromisoformat(plan.day) - _DAY
    return _next(plan, following(before.isoformat(), basis.settings), basis)


def fire(plan: Plan | None, notice: r.DigestNotice, basis: Basis) -> tuple[Plan | None, Record | None]:
    """Decide the digest whose timer has fired, if exactly that timer (id and instant) still exists."""
    if plan is None or not plan.day or (ids.digest(notice.user, plan.day), plan.due) != (notice.id, notice.due):
        return plan, None
    plan = renewed(plan, basis)
    if not plan.day or plan.due > notice.at:  # other time zone data has moved it
        return plan, None
    later = following(plan.day, basis.settings)
    return _next(replace(plan, last=plan.day), later, basis), _decided(plan, later, notice, basis.settings.catch_up)


def timer(user: str, plan: Plan | None, subject: str) -> r.Timer | None:
    """Return the timer of a user's next digest, None for none."""
    return r.Timer(ids.digest(user, plan.day), user, subject, plan.due) if plan and plan.day else None


def _decided(plan: Plan, later: Occurring | None, notice: r.DigestNotice, catch_up: r.CatchUp) -> Record:
    known = (ids.digest(notice.user, plan.day), notice.user, notice.at, plan.command, plan.day, plan.due)
    if later and later[1] <= notice.at:
        return r.DigestWithheld(*known, r.Step.MISSED, OUTRUN)
    if notice.at - plan.due > MISSED and catch_up is r.CatchUp.NONE:
        return r.DigestWithheld(*known, r.Step.MISSED, UNWANTED)
    return r.DigestDue(*known)


def _next(plan: Plan, found: Occurring | None, basis: Basis) -> Plan:
    day, due = found or ("", 0)
    return replace(plan, day=day, due=due, by=_version(basis) if found else "")


def _version(basis: Basis) -> str:
    return f"{basis.tzdata} {basis.settings.zone or 'UTC'} {basis.settings.digest_time}"
