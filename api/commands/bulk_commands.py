"""Accepts a bulk: resolves it to tasks and versions, and appends it to the log in chunks.

Chunks are appended in as few batches as possible. A batch is on the log as a whole or not at all, and holds about
20,000 tasks. If a bulk needs several and a later one fails, it was sent in part; then its target-set hash ensures that
only exactly the rest completes it, see ``domain.bulk``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

import msgspec
from fastapi import Response
from msgspec.structs import replace

from api.commands import undoing
from api.commands.gateway import Submission
from api.commands.services import Components
from api.http.problems import FieldError, invalid
from api.models import bulk_inputs, effort, outputs
from api.models.bulk_inputs import NewBulk
from api.models.selection import Selection
from common import clock
from domain import bulk
from domain.projections import tag_id
from domain.rejections import Code
from postgres.conditions import Sql, where
from postgres.reader import Chunk
from postgres.task_queries import BELOW, FIRST, OF_SERIES, ON_LIST, TAGGED
from schemas import ids
from schemas.records import Action, ChangeTasks, TaskAt, TaskChange, TaskFields, Within

MOST = 100_000
"""The most tasks of a bulk."""
_ROOM = 256 * 1024
_REVERT = TaskChange(Action.REVERT, (), TaskFields())


@dataclass(frozen=True)
class Progress:
    """The progress of a bulk: its size, and its decided chunks; empty until the views have one."""

    bulk: str
    tasks: int
    chunks: int
    decided: tuple[Chunk, ...] = ()
    in_part: bool = False
    """Whether some of its chunks never will be decided: they were sent with another target-set hash."""

    @property
    def is_over(self) -> bool:
        """Whether no more chunks will be decided."""
        return self.in_part or len(self.decided) == self.chunks


async def resolve(body: NewBulk, user: str, services: Components) -> tuple[TaskAt, ...]:
    """Return the tasks of a bulk, by id, each once: those that match its filter, in their current versions.

    Raises ``Problem`` where the filter is not valid, or matches too many.
    """
    if body.tasks is not None:
        return await services.long_work.run_unless(effort.are_few(body.tasks), user, _named, body.tasks)
    condition = _condition(body)
    async with services.views.of(user) as view:
        found = await view.matching(condition.text, condition.values, MOST + 1)
    _check_number(len(found))
    few = effort.are_few(found)
    return await services.long_work.run_unless(
        few, user, lambda: tuple(TaskAt(task.id, task.version) for task in found)
    )


def _named(tasks: Iterable[bulk_inputs.TaskAt]) -> tuple[TaskAt, ...]:
    versions = {task.id: task.version for task in tasks}
    return tuple(TaskAt(str(id_), version) for id_, version in versions.items())


async def count(body: NewBulk, user: str, services: Components) -> int:
    """Return how many tasks ``resolve`` would return. Raises ``Problem`` as it does."""
    if body.tasks is not None:
        return len(await services.long_work.run_unless(effort.are_few(body.tasks), user, _named, body.tasks))
    condition = _condition(body)
    async with services.views.of(user) as view:
        found = await view.number(condition.text, condition.values, MOST + 1)
    _check_number(found)
    return found


def _condition(body: NewBulk) -> Sql:
    """Return the condition of the tasks that match a filter now. Raises ``Problem`` where it is not valid."""
    finding = Selection.read(body.filter, body.zone, clock.now())
    return where(finding.filter, finding.clock, FIRST)


def _check_number(found: int) -> None:
    if found > MOST:
        raise invalid(
            [FieldError("filter", f"It matches more than {MOST:,} tasks; narrow it, and send several bulks.")]
        )


async def select(condition: str, values: Sequence[object], user: str, services: Components) -> tuple[TaskAt, ...]:
    """Return the tasks that match a condition, by id, without versions: they may change before they are decided.

    Raises ``Problem`` where they are too many.
    """
    async with services.views.of(user) as view:
        found = await view.matching(condition, values, MOST + 1)
    if len(found) > MOST:
        detail = f"It concerns more than {MOST:,} tasks; change some of them by bulks first."
        raise invalid([FieldError("tasks", detail)])
    few = effort.are_few(found)
    return await services.long_work.run_unless(few, user, lambda: tuple(TaskAt(task.id) for task in found))


async def tagged(tag: str, user: str, services: Components) -> tuple[TaskAt, ...]:
    """Return the tasks with a tag, as ``select`` does."""
    return await select(TAGGED, [tag_id(user, tag)], user, services)


async def on_list(list_id: str, version: int | None, user: str, services: Components) -> tuple[TaskAt, ...]:
    """Return the tasks on a list, as ``select`` does; none where the list has another version than ``version``."""
    return await select(ON_LIST, [list_id, version], user, services)


async def below(task: str, version: int | None, user: str, services: Components) -> tuple[TaskAt, ...]:
    """Return the sub-tasks of a task, at all levels, as ``on_list`` does."""
    return await select(BELOW, [task, version], user, services)


async def of_series(
    task: str, version: int | None, user: str, services: Components, *, subtasks: bool
) -> tuple[TaskAt, ...]:
    """Return the other occurrences of a task's series, and the sub-tasks of all of them, as ``on_list`` does."""
    return await select(OF_SERIES, [task, version, subtasks], user, services)


async def ahead(
    items: Sequence[TaskAt],
    change: TaskChange,
    within: Within,
    submission: Submission,
    fingerprint: str,
    *,
    services: Components,
) -> list[ChangeTasks]:
    """Return the chunks of the bulk that is carried out before a submission's command, as a part of it.

    The views that selected the tasks lag a little: a task that is outside ``within`` when it is decided is unchanged.
    """
    bulk_id = ids.ahead(submission.command)
    change = replace(change, within=within)
    short = _are_few_and_short(items)
    return await services.long_work.run_unless(
        short, submission.user, chunked, items, change, submission, fingerprint, bulk_id
    )


def _are_few_and_short(items: Sequence[TaskAt]) -> bool:
    return effort.are_few(items) and not any(item.reversal for item in items)  # a reversal has the texts to restore


def chunked(
    items: Sequence[TaskAt], change: TaskChange, submission: Submission, fingerprint: str, bulk_id: str
) -> list[ChangeTasks]:
    """Return a bulk's chunks, at least one: its key is kept in the idempotency store even if there is nothing to do."""
    chunks = list(_pieces(items)) or [()]
    resolution = sha256(msgspec.json.encode((items, change))).hexdigest()
    first = ChangeTasks(
        id=bulk_id,
        user=submission.user,
        at=clock.now(),
        actor=f"user:{submission.user}",
        bulk=bulk_id,
        chunk=0,
        chunks=len(chunks),
        tasks=len(items),
        items=(),
        change=change,
        resolution=resolution,
        fingerprint=fingerprint,
    )
    return [
        replace(first, id=ids.chunk(first.bulk, number), chunk=number, items=chunk)
        for number, chunk in enumerate(chunks)
    ]


def _pieces(items: Iterable[TaskAt]) -> Iterator[tuple[TaskAt, ...]]:
    """Yield items in chunks of at most ``bulk.MOST``, and of about ``_ROOM`` characters of changes to undo."""
    piece: list[TaskAt] = []
    size = 0
    for item in items:
        more = sum(len(c.before) + len(c.after) for c in item.reversal.changes) if item.reversal else 0
        if piece and (len(piece) == bulk.MOST or size + more > _ROOM):
            yield tuple(piece)
            piece, size = [], 0
        piece.append(item)
        size += more
    if piece:
        yield tuple(piece)


async def take(body: NewBulk, change: TaskChange, submission: Submission, services: Components) -> Progress:
    """Accept a bulk, unless it is over already; return its progress, after waiting if the client prefers that.

    Raises ``Problem``, as ``Gateway.take`` does.
    """

    async def resolving() -> Sequence[TaskAt]:
        return await resolve(body, submission.user, services)

    short = effort.is_short_bulk(body)
    fingerprint = await services.long_work.run_unless(short, submission.user, submission.fingerprint, body)
    return await _take(resolving, change, submission, fingerprint, services)


async def undo(id_: str, submission: Submission, services: Components) -> Progress:
    """Accept the bulk that undoes a command or a bulk, as ``take`` does. Raises ``Problem`` also if that can't be."""
    return await _take(
        lambda: undoing.items(id_, submission.user, services), _REVERT, submission, submission.fingerprint(), services
    )


async def _take(
    resolving: Callable[[], Awaitable[Sequence[TaskAt]]],
    change: TaskChange,
    submission: Submission,
    fingerprint: str,
    services: Components,
) -> Progress:
    if await services.gateway.known(submission, fingerprint):
        found = await progress(submission.command, submission.user, services)
        if found and found.is_over:
            return found
    items = await resolving()
    chunks = await services.long_work.run_unless(
        _are_few_and_short(items), submission.user, chunked, items, change, submission, fingerprint, submission.command
    )
    sent = Progress(submission.command, chunks[0].tasks, chunks[0].chunks)
    await services.gateway.append(chunks, submission, partial(answer, sent, submission))
    if submission.seconds is None:
        return sent
    return await wait(submission.command, submission.user, submission.seconds, services) or sent


async def progress(id_: str, user: str, services: Components) -> Progress | None:
    """Return the progress of a bulk, None for an unknown one."""
    async with services.views.of(user) as view:
        chunks = await view.chunks(id_)
    decided = tuple(chunk for chunk in chunks if chunk.code != Code.RESOLUTION)
    if decided:
        begun, done = decided[0], {chunk.chunk for chunk in decided}
        in_part = any(chunk.chunk < begun.chunks and chunk.chunk not in done for chunk in chunks)
        return Progress(id_, begun.tasks, begun.chunks, decided, in_part)
    sent = services.recent.get(user, id_)
    return Progress(id_, sent.tasks, sent.chunks) if isinstance(sent, ChangeTasks) else None


async def wait(id_: str, user: str, seconds: float, services: Components) -> Progress | None:
    """Return the progress of a bulk once it is over, or after ``seconds`` seconds."""
    clock = asyncio.get_running_loop()
    deadline = clock.time() + seconds
    await services.outcomes.wait(user, id_, seconds)
    found = await progress(id_, user, services)
    if found and not found.is_over:
        await services.outcomes.wait(user, ids.chunk(id_, found.chunks - 1), deadline - clock.time())
        found = await progress(id_, user, services)
    return found


def to_response(found: Progress) -> outputs.Bulk:
    """Return the progress of a bulk as a response."""
    return outputs.Bulk(
        id=found.bulk,
        href=outputs.bulk_href(found.bulk),
        status="in-part" if found.in_part else "done" if found.is_over else "pending",
        tasks=found.tasks,
        chunks=found.chunks,
        decided=len(found.decided),
        changed=sum(chunk.changed for chunk in found.decided),
        unchanged=sum(chunk.unchanged for chunk in found.decided),
        refused=sum(chunk.refused for chunk in found.decided),
    )


def answer(found: Progress, submission: Submission) -> Response:
    """Return the answer to the request that began a bulk."""
    headers = {"Idempotency-Key": submission.key, "Vary": "Prefer", "Location": outputs.bulk_href(found.bulk)}
    headers |= submission.applied(waited=found.is_over)
    content = to_response(found).model_dump_json()
    return Response(content, 200 if found.is_over else 202, headers, "application/json")
