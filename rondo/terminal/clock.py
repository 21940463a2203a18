"""One clock for everything that is typed and shown: the zone of this machine, and the time and the day in a zone."""

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
    """Return a zone by its IANA name, as the API knows it: of the pinned data. Raises ``NoZone``."""
    if name not in _names():
        raise NoZone(f"There is no time zone {name!r}: write its IANA name, as Europe/Paris.{_wished(name)}")
    with _ZONES.joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _wished(typed: str) -> str:
    """Return in a sentence which zone was probably meant: one of this name in other letters, or of this place."""
    sought = typed.strip().replace(" ", "_").casefold()
    names = {name: (name.casefold(), name.rpartition("/")[2].casefold()) for name in _names()} if sought else {}
    near = sorted((name for name, its in names.items() if sought in its), key=lambda name: names[name][0] != sought)
    return f" Did you mean `{near[0]}`?" if near else ""


def now(name: str) -> datetime:
    """Return this moment by the clocks of a zone. Raises ``NoZone``."""
    return datetime.now(zone(name))


def machine() -> str:
    """Return the IANA name of this machine's zone. Raises ``NoZone``."""
    names = _names()
    if found := next((name for name in _candidates() if name in names), None):
        return found
    raise NoZone(f"TZ={os.environ.get('TZ')!a} names no time zone: write its IANA name, as TZ=Europe/Paris.")


def _candidates() -> Iterator[str]:
    """Yield what may be the machine's zone: by its name, else by its rules, as the C library reads TZ."""
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
    import tzlocal  # noqa: PLC0415 - what TZ says is known without it

    try:
        yield str(tzlocal.get_localzone_name())
    except LookupError:  # several files say different things
        return


def _ruled(rules: str) -> Iterator[str]:
    """Yield the zones that have such rules for the years to come, as POSIX writes them; the same names first."""
    known = {name: _rules(_ZONES.joinpath("zoneinfo", *name.split("/"))) for name in _names()}
    yield from (name for name, its in known.items() if its == rules)
    plain = _plain(rules)
    alike = (name for name, its in known.items() if _plain(its) == plain)
    yield from sorted(alike, key=lambda name: not name.startswith("Etc/"))


def _plain(rules: str) -> str:
    """Return rules without what clocks are called meanwhile."""
    return _NAME.sub("~", rules).replace("+", "")


def _rules(file: Path) -> str:
    """Return the footer of a file of a zone (RFC 8536, section 3.3)."""
    return file.read_bytes().rstrip(b"\n").rpartition(b"\n")[2].decode("ascii", "replace")


def _names() -> list[str]:
    return _ZONES.joinpath("zones").read_text(encoding="utf-8").split()


def passed(due: Due | None, due_at: str | None, now: datetime) -> bool:
    """Say whether a due has passed at ``now``, an instant with the offset of where the person is.

    A day passes with its end, a floating time by the person's clock, one with a zone at its instant.
    """
    if due is None:
        return False
    if due_at:
        return datetime.fromisoformat(due_at) < now
    if due["time"]:
        return datetime.fromisoformat(f"{due['date']}T{due['time']}") < now.replace(tzinfo=None)
    return date.fromisoformat(due["date"]) < now.date()
