"""Audit: every event becomes an entry with field-by-field changes, actor and cause, in a hash chain per user.

The stage keeps the last state of each entity, to compute changes, and the head of each user's chain. A dead-lettered
event that is sent again gets its entry at the end of the chain. If a later event of the same entity was folded before,
that one's entry already has the changes, and the entity is not set back.
"""

from collections.abc import Mapping
from typing import Any

from domain import audit, deletion, entities
from domain.entities import EVENTS, Entity, Event
from domain.entity import EntityType
from schemas import records as r
from schemas.topics import AUDIT_LOG, RETRIES, TASK_EVENTS
from streams.runtime import App, Block, Stage, Table

stage = Stage(
    "audit",
    reads=(TASK_EVENTS, RETRIES),
    writes=(AUDIT_LOG,),
    keeps="the last state of each entity; the end of each user's chain",
)
heads = stage.table("heads", r.AuditHead)
kept: Mapping[EntityType[Any], Table[Any]] = {one: stage.table(one.plural, one.record) for one in entities.TYPES}


@stage.on(TASK_EVENTS, folds=EVENTS, about=audit.about)
def record(block: Block, event: Event) -> None:
    """Append an event's entry to its user's chain."""
    before = entities.after(event) if block.record.overtaken else swap(event)
    entry = audit.entry(heads.get(event.user), before, event)
    heads[event.user] = audit.head_after(entry)
    block.emit(AUDIT_LOG, entry)


def swap(event: Event) -> Entity | None:
    """Store the entity after an event; return the one before, None if it is new."""
    of = entities.of(event)
    after = of.after(event)
    table, key = kept[of], f"{event.user}/{of.name(after)}"
    before: Entity | None = table.get(key)
    if deletion.purges(event):
        del table[key]
    else:
        table[key] = after
    return before


app = App(stage)
