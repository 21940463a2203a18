"""The idempotency store: the ids of decided commands, so that a repeated command has no further effect.

It keeps the ids of the last 30 days of record time, and the target-set hash of each bulk of that time. Gap: older ids
are dropped, so a client must not send a command again after 30 days.
"""

from msgspec.structs import replace

from domain.entities import Command
from domain.store import Store
from schemas.records import ChangeTasks, CreateOccurrence, DeleteTag, Remembered, RenameTag, Timer

RETENTION = 30 * 24 * 60 * 60 * 1000
"""Milliseconds of record time for which a command's id is kept."""
_DROPPED_A_COMMAND = 3  # more than a command adds, so that the store stays bounded


def get(store: Store, key: str, at: int) -> Remembered | None:
    """Return the entry of a key, unless it had expired ``at`` (ms since 1970)."""
    known = store.decided.get(key)
    return known if known and known.at >= at - RETENTION else None


def put(store: Store, key: str, at: int, fingerprint: str) -> None:
    """Store the fingerprint of a decided command, or the target-set hash of a bulk."""
    store.decided[key] = Remembered(at, fingerprint)
    user, _, name = key.partition("/")
    store.expiries.set(Timer(id=name, user=user, subject=key, due=at))


def is_superseded(store: Store, command: ChangeTasks | RenameTag | DeleteTag) -> bool:
    """Return whether a bulk was begun on another target set; the first call begins it, and fixes its target set."""
    key = _target_set(command.user, command.bulk)
    if begun := get(store, key, command.at):
        return begun.fingerprint != command.resolution
    put(store, key, command.at, command.resolution)
    return False


def note_changed(store: Store, chunk: ChangeTasks, tasks: int) -> None:
    """Add to the number of tasks that a bulk has changed, stored with its target-set hash."""
    key = _target_set(chunk.user, chunk.bulk)
    if tasks and (begun := store.decided.get(key)):
        store.decided[key] = replace(begun, changed=begun.changed + tasks)


def changed_by(store: Store, user: str, bulk: str) -> int:
    """Return the number of tasks that a bulk has changed so far."""
    begun = store.decided.get(_target_set(user, bulk))
    return begun.changed if begun else 0


def drop(store: Store, now: int, commands: int) -> None:
    """Drop some of the entries expired at ``now`` (ms since 1970), after a number of commands.

    Expired entries are ignored, so the time of dropping them affects no decision.
    """
    for old in list(store.expiries.due(now - RETENTION, _DROPPED_A_COMMAND * commands)):
        known = store.decided.get(old.subject)
        if known and known.at == old.due:
            del store.decided[old.subject]
        store.expiries.remove(old)


def outdated(command: Command | ChangeTasks, again_at: int) -> str | None:
    """Return why a command that is sent again at ``again_at`` must not be decided: its id may have been dropped.

    Derived commands are exempt: they are sent once, and checked against their series.
    """
    if isinstance(command, CreateOccurrence) or again_at - command.at <= RETENTION:
        return None
    return "the command is older than 30 days, for which its id would be kept: it may have been sent again since"


def _target_set(user: str, bulk: str) -> str:
    return f"{user}/{bulk}/resolution"
