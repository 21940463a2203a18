"""The idempotency store: which commands were decided, so that one that comes again leads to nothing more.

It keeps the ids of the last 30 days of record time, and what each bulk of that time resolved to. Gap: older ids are
dropped, so a client must not send a command again after 30 days.
"""

from msgspec.structs import replace

from domain.entities import Command
from domain.store import Store
from schemas.records import ChangeTasks, CreateOccurrence, DeleteTag, Remembered, RenameTag, Timer

RETENTION = 30 * 24 * 60 * 60 * 1000
"""Milliseconds of record time for which a command's id is kept."""
_DROPPED_A_COMMAND = 3  # more than one brings, so that the store stays bounded


def recall(store: Store, key: str, at: int) -> Remembered | None:
    """Return what is kept under a key, unless it had expired ``at`` (ms since 1970)."""
    known = store.decided.get(key)
    return known if known and known.at >= at - RETENTION else None


def remember(store: Store, key: str, at: int, fingerprint: str) -> None:
    """Keep under a command's key that it was decided, or under a bulk's what it resolved to."""
    store.decided[key] = Remembered(at, fingerprint)
    user, _, name = key.partition("/")
    store.expiries.set(Timer(id=name, user=user, subject=key, due=at))


def is_superseded(store: Store, command: ChangeTasks | RenameTag | DeleteTag) -> bool:
    """Tell whether a bulk was begun on another target set; the first to ask begins it, and fixes its target set."""
    key = _target_set(command.user, command.bulk)
    if begun := recall(store, key, command.at):
        return begun.fingerprint != command.resolution
    remember(store, key, command.at, command.resolution)
    return False


def note_changed(store: Store, chunk: ChangeTasks, tasks: int) -> None:
    """Count tasks that a bulk has changed, with its target set."""
    key = _target_set(chunk.user, chunk.bulk)
    if tasks and (begun := store.decided.get(key)):
        store.decided[key] = replace(begun, changed=begun.changed + tasks)


def changed_by(store: Store, user: str, bulk: str) -> int:
    """Return how many tasks a bulk has changed so far."""
    begun = store.decided.get(_target_set(user, bulk))
    return begun.changed if begun else 0


def drop(store: Store, now: int, commands: int) -> None:
    """Drop some of the ids that ``now`` (ms since 1970) has outdated, after so many commands.

    They are looked up no more: when they are dropped changes no decision.
    """
    for old in list(store.expiries.due(now - RETENTION, _DROPPED_A_COMMAND * commands)):
        known = store.decided.get(old.subject)
        if known and known.at == old.due:
            del store.decided[old.subject]
        store.expiries.remove(old)


def outdated(command: Command | ChangeTasks, again_at: int) -> str | None:
    """Return why a command that is sent again at ``again_at`` must not be decided: its id may have been dropped.

    What recurrence derived comes once, and is held against its series besides.
    """
    if isinstance(command, CreateOccurrence) or again_at - command.at <= RETENTION:
        return None
    return "the command is older than 30 days, for which its id would be remembered: it may have been sent anew since"


def _target_set(user: str, bulk: str) -> str:
    return f"{user}/{bulk}/resolution"
