"""Which stages run as one: the one place where stages are listed, and how they are grouped.

``RONDO_TOPOLOGIES`` groups them otherwise, down to each alone: another grouping has other state, see `rondo regroup`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module

from streams.runtime import Stage, Topology
from streams.runtime.topology import WrongTopology

DEFAULT: Mapping[str, tuple[str, ...]] = {
    "core": ("tasks", "recurrence", "reminders", "audit"),
    "notify": ("notify",),
    "views": ("views",),
}
"""The stages of each topology, in the order in which a command passes them."""

GUESTS: Mapping[str, str] = {"notify": "core"}
"""The topologies that run in the process of another, where that runs: its memory and idle CPU are saved.

notify has little to do until a reminder is due. views has a process of its own: it works while core does, on another
processor.
"""

STAGES = tuple(stage for stages in DEFAULT.values() for stage in stages)
"""Every stage, in the order in which a command passes them."""


@cache
def parsed(grouping: str) -> tuple[Topology, ...]:
    """Return the topologies of a grouping, such as ``core=tasks,recurrence reminders audit notify views``; "": DEFAULT.

    A topology is a name and its stages; a stage alone needs no name. Raises ``WrongTopology`` if a name is none, or a
    stage is in no topology or in several, or can't be grouped as it is.
    """
    groups = [_group(part) for part in grouping.split()] or [*DEFAULT.items()]
    if twice := [name for name, times in Counter(name for name, _ in groups).items() if times > 1]:
        raise WrongTopology(f"There are several topologies {', '.join(twice)} in RONDO_TOPOLOGIES.")
    times = Counter(stage for _, stages in groups for stage in stages)
    for reason, names in {
        "is no stage": times.keys() - {*STAGES},
        "is in several topologies": {name for name in times if times[name] > 1},
        "is in no topology": {*STAGES} - times.keys(),
        "is also the name of a stage outside of it": {
            name for name, stages in groups if name in STAGES and name not in stages
        },
    }.items():
        if names:
            raise WrongTopology(f"{', '.join(sorted(names))} {reason}: change RONDO_TOPOLOGIES.")
    return tuple(Topology(name, tuple(find(stage) for stage in stages)) for name, stages in groups)


_NAME = re.compile("[a-z][a-z0-9-]{0,63}")
"""The name of a topology: topics, transactional ids and a directory are named after it."""


def _group(part: str) -> tuple[str, tuple[str, ...]]:
    name, named, listed = part.partition("=")
    stages = tuple(listed.split(",")) if named else (name,)
    reason = ""
    if not name:
        reason = f"{part} has no name for the topology"
    elif not _NAME.fullmatch(name):
        reason = f"{name} is no name of a topology (a letter of a-z, then letters, digits and hyphens, at most 64)"
    elif "" in stages:
        reason = f"{part} names no stage where one must be"
    if reason:
        raise WrongTopology(f"{reason}: change RONDO_TOPOLOGIES.")
    return name, stages


def processes(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the topologies of each worker that runs some of these, by the worker's name."""
    wanted = [*names]
    guests = {name: GUESTS[name] for name in wanted if GUESTS.get(name) in wanted}
    return {
        name: [name, *(guest for guest in guests if guests[guest] == name)] for name in wanted if name not in guests
    }


def find(name: str) -> Stage:
    """Return the stage with a name."""
    stage: Stage = import_module(f"streams.{name}").stage
    return stage


def chosen(topologies: Iterable[Topology], names: Iterable[str] = ()) -> list[Topology]:
    """Return the topologies with these names or with stages of these names, by default all."""
    wanted = {*names}
    return [one for one in topologies if not wanted or wanted & {one.name, *(stage.name for stage in one.stages)}]
