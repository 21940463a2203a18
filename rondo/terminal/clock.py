"""Time zones and the current time, for everything that is typed and shown."""

import os
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import tzdata

from rondo.client.models import Due

LOCALTIME = Path("/etc/localtime")
_ZONES = Path(tzdata.__file__).parent
_NAME = re.compile(r"[A-Za-z]{3,}|<[A-Za-z0-9+-]+>", re.ASCII)


class NoZone(LookupError):
    """There is no such time zone."""


def zone(name: str) -> ZoneInfo:
    """Return a zone by its IANA name, from the same pinned data as the API. Raises ``NoZone``."""
    if name not in _names():
        raise NoZone(f"There is no time zone {name!r}: write its IANA name, such as Europe/Paris.{_suggestion(name)}")
    with _ZONES.joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _suggestion(typed: str) -> str:
    """Return a sentence that suggests a zone of this name in another case, or of this city; empty for none."""
    sought = typed.strip().replace(" ", "_").casefold()
    names = {name: (name.casefold(), name.rpartition("/")[2].casefold()) for name in _names()} if sought else {}
    near = sorted((name for name, its in names.items() if sought in its), key=lambda name: names[name][0] != sought)
    return f" Did you mean `{near[0]}`?" if near else ""


def now(name: str) -> datetime:
    """Return the current time in a zone. Raises ``NoZone``."""
    return datetime.now(zone(name))


def local(instant: str, name: str) -> datetime:
    """Return the local time in a zone at an instant in RFC 3339. Raises ``NoZone``."""
    return datetime.fromisoformat(instant).astimezone(zone(name))


def machine() -> str:
    """Return the IANA name of this machine's zone. Raises ``NoZone``."""
    names = _names()
    if found := next((name for name in _candidates() if name in names), None):
        return found
    raise NoZone(f"TZ={os.environ.get('TZ')!a} names no time zone: write its IANA name, such as TZ=Europe/Paris.")


def _candidates() -> Iterator[str]:
    """Yield candidates for the machine's zone: by name, else by rules, as the C library reads TZ."""
    tz = os.environ.get("TZ")
    if tz:
        named = tz.removeprefix(":")
        yield named.rpartition("/zoneinfo/")[2]
        yield from _ruled(named)
        return
    if tz is None:
        yield from _configured()
        if LOCALTIME.is_file():
            yield from _ruled(_rules(LOCALTIME))
    yield "UTC"


def _configured() -> Iterator[str]:
    import tzlocal  # noqa: PLC0415 - not needed where TZ is set

    try:
        yield str(tzlocal.get_localzone_name())
    except LookupError:  # several files say different things
        return


def _ruled(rules: str) -> Iterator[str]:
    """Yield the zones with these POSIX rules for future years; those with the same abbreviations first."""
    known = {name: _rules(_ZONES.joinpath("zoneinfo", *name.split("/"))) for name in _names()}
    yield from (name for name, its in known.items() if its == rules)
    plain = _plain(rules)
    alike = (name for name, its in known.items() if _plain(its) == plain)
    yield from sorted(alike, key=lambda name: not name.startswith("Etc/"))


def _plain(rules: str) -> str:
    """Return rules without the abbreviations of standard and summer time."""
    return _NAME.sub("~", rules).replace("+", "")


def _rules(file: Path) -> str:
    """Return the footer of a zone's file (RFC 8536, section 3.3)."""
    return file.read_bytes().rstrip(b"\n").rpartition(b"\n")[2].decode("ascii", "replace")


def _names() -> list[str]:
    return _ZONES.joinpath("zones").read_text(encoding="utf-8").split()


def passed(due: Due | None, due_at: str | None, now: datetime) -> bool:
    """Return whether a due has passed at ``now``, an instant with the person's offset.

    A day passes when it ends, a floating time by the person's clock, a time with a zone at its instant.
    """
    if due is None:
        return False
    if due_at:
        return datetime.fromisoformat(due_at) < now
    if due["time"]:
        return datetime.fromisoformat(f"{due['date']}T{due['time']}") < now.replace(tzinfo=None)
    return date.fromisoformat(due["date"]) < now.date()
