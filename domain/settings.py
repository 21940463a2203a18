"""Settings: decisions on the one command that changes a user's settings, and their defaults.

What depends on a user's zone, hours or wishes is decided by these, so that they are part of the log. A user has exactly
one record of them; until the first change it has the defaults and version 0.
"""

from functools import partial
from operator import attrgetter

from msgspec.structs import replace

from domain import decision, times
from domain.decision import About, Decision
from domain.entity import BOOKKEEPING, EntityType, State, differing
from domain.invalid import Invalid
from domain.recurrence.rule_words import LANGUAGES
from domain.rejections import Code
from schemas import records as r

Command = r.UpdateSettings
Event = r.SettingsUpdated


def defaults(user: str) -> r.Settings:
    """Return the settings of a user who never changed any."""
    return r.Settings(user, 0, version=0)


def decide(state: State, command: Command) -> Decision[Event]:
    """Return the event of a command, if it changes a setting, and its outcome."""
    found = state.settings()
    about = _about(found)
    if command.expected not in (None, found.version):
        detail = f"The settings have changed: their version is {found.version} by now."
        return decision.rejected(command, about, Code.VERSION, detail)
    after = replace(found, **{name: getattr(command.fields, name) for name in command.changed})
    if problem := _problem(after):
        return decision.rejected(command, about, Code.INVALID, problem, "quiet_to")
    if after == found:
        return decision.nothing(command, about)
    after = replace(after, changed_at=command.at, version=found.version + 1)
    event = SETTINGS.event(r.SettingsUpdated, command, after, changed=differing(found, after))
    return decision.accepted(command, _about(after), event)


def _about(settings: r.Settings) -> About:
    return About(subject=SETTINGS.subject(settings.user), version=settings.version or None)


def _problem(settings: r.Settings) -> str | None:
    """Return what is wrong with the quiet hours, None if nothing is."""
    if (settings.quiet_from is None) != (settings.quiet_to is None):
        return "Quiet hours have a beginning and an end: set both, or clear both."
    if settings.quiet_from is not None and settings.quiet_from == settings.quiet_to:
        return "Quiet hours end at another time than they begin; to have none, clear both."
    return None


def _zone(name: str | None) -> str | None:
    if name is not None:
        times.check_zone("zone", name)
    return name


def _language(name: str | None) -> str | None:
    if name not in {None, *LANGUAGES}:
        raise Invalid("language", f"Write one of {', '.join(LANGUAGES)}.")
    return name


def _time(field: str, time: str | None) -> str | None:
    return None if time is None else times.checked_time(field, time)


SETTINGS = EntityType(
    word="settings",
    plural="settings",
    record=r.Settings,
    commands=(r.UpdateSettings,),
    events=(r.SettingsUpdated,),
    decide=decide,
    create=None,
    update=r.UpdateSettings,
    key="user",
    is_deleted=lambda _: False,
    unaudited=BOOKKEEPING,
    checks={
        "zone": _zone,
        "language": _language,
        **{name: partial(_time, name) for name in ("day_time", "quiet_from", "quiet_to", "digest_time")},
    },
    named_by=attrgetter("user"),
)
