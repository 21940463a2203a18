"""What depends on a dead letter: what has not happened because of it, according to the log."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord
from msgspec import Struct

from domain import entities, reasons
from domain.decision import VERSION
from domain.recurrence.derived import CLOSING, derived
from rondo.operator.dead_letters import DeadLetterRecord, Log
from rondo.operator.records import text
from rondo.operator.resending import look, read_again
from schemas import records as r
from schemas.topics import AUDIT_LOG, NOTIFICATIONS, TASK_EVENTS, TASK_FOLLOWUPS, Topic


async def kind(log: Log, dead: DeadLetterRecord) -> str:
    """Return the type of a dead letter's record; "" if it can't be decoded."""
    record = await log.decoded(dead.value)
    return type(record).__name__ if record else ""


async def value(log: Log, dead: DeadLetterRecord) -> Any:
    """Return a dead letter's record as plain data; as text if it can't be decoded."""
    record = await log.decoded(dead.value)
    return msgspec.to_builtins(reasons.cleaned(record), builtin_types=(), enc_hook=str) if record else text(dead.value)


async def sentences(log: Log, dead: DeadLetterRecord) -> list[str]:
    """Return as sentences what has not happened, or has happened since in other ways."""
    record = await log.decoded(dead.value)
    if dead.is_timer:
        return ["A timer fired without effect: what waits for it is stuck."]
    if record is None:
        return ["It can't be decoded, so what depends on it is unknown."]
    if dead.stage == "views":
        again = await read_again(log, [dead])
        return [f"Users don't see its effects. When it is resent, views read {again:,} records again."]
    describe = _DEPENDS.get(dead.stage)
    found = [await describe(log, dead, record)] if describe else []
    if (await look(log, [dead]))[dead.number].found:
        found.append(_OVERTAKEN.get(dead.stage, "A later event about the same was folded since."))
    return [sentence for sentence in found if sentence]


_OVERTAKEN = {
    "recurrence": "A later event about the same has been folded: resent, this one sets no timer of a series.",
    "reminders": "A later event about the same has been folded: resent, this one changes no reminder.",
    "audit": "A later event about the same has an entry with the changes of both: resent, this one's entry has none.",
}


async def _command(log: Log, dead: DeadLetterRecord, record: Struct) -> str:
    if isinstance(record, r.TaskNotice):
        return "What was deleted long ago has not been purged."
    command = getattr(record, "id", "")
    async for raw, outcome in _of_user(log, dead, TASK_EVENTS):
        if isinstance(outcome, r.CommandOutcome) and outcome.command == command:
            where = f"{raw.topic}/{raw.partition}/{raw.offset}"
            return f"The command already has an outcome ({where}): resent, it changes nothing."
    if isinstance(record, r.CreateOccurrence):
        return f"The series {record.series} has no occurrence {record.occurrence}."
    return f"The command {command} has no outcome: its sender sees it as pending."


async def _completion(log: Log, dead: DeadLetterRecord, record: Struct) -> str:
    following = derived(record, VERSION) if isinstance(record, CLOSING) else None
    if following is None:
        return "No series depends on it."
    async for _, event in _of_user(log, dead, TASK_EVENTS):
        if isinstance(event, r.TaskCreated) and event.task.id == following.task:
            return f"The series {following.series} has continued in another way: resent, it changes nothing."
    async for _, followup in _of_user(log, dead, TASK_FOLLOWUPS):
        if isinstance(followup, r.CreateOccurrence) and followup.id == following.id:
            return ""
    return f"The series {following.series} has no further occurrence after {following.after}."


async def _event(log: Log, dead: DeadLetterRecord, record: Struct) -> str:  # noqa: ARG001 - like the others
    if isinstance(record, r.ReminderNotice):
        return f"The reminder {record.id} was not decided, so it is not sent."
    return "The task's reminders are as they were before it."


async def _entry(log: Log, dead: DeadLetterRecord, record: Struct) -> str:
    if not isinstance(record, entities.EVENTS):
        return "The audit trail is complete: it is not an event."
    async for _, entry in _of_user(log, dead, AUDIT_LOG):
        if isinstance(entry, r.AuditEntry) and entry.id == record.id:
            return "The audit trail has its entry."
    return f"The audit trail has no entry for it, at version {entities.after(record).version}."


async def _delivery(log: Log, dead: DeadLetterRecord, record: Struct) -> str:
    if not isinstance(record, r.ReminderDue):
        return "A step of a delivery is missing; the lease of a claim has its own timer."
    async for _, step in _of_user(log, dead, NOTIFICATIONS):
        if isinstance(step, r.Notification) and step.id == record.id:
            return f"The reminder {record.id} has a delivery: resent, it changes nothing."
    return f"The reminder {record.id} is due and was not sent."


_DEPENDS = {
    "tasks": _command,
    "recurrence": _completion,
    "reminders": _event,
    "audit": _entry,
    "notify": _delivery,
}


async def _of_user(
    log: Log, dead: DeadLetterRecord, topic: Topic
) -> AsyncIterator[tuple[ConsumerRecord, Struct | None]]:
    """Yield the records on a topic with the dead letter's key."""
    tp = TopicPartition(topic.name, dead.partition)
    if tp not in await log.reader.partitions(topic.name):
        return
    async for raw in log.reader.between(await log.reader.bounds([tp])):
        if raw.key == dead.key:
            yield raw, await log.decoded(raw.value)
