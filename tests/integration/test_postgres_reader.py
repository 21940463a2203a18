import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import pytest
import pytest_asyncio
from msgspec import structs

from domain import ranks
from domain.query import Clock, parse, sort
from postgres import ordering
from postgres import reader as postgres_reader
from postgres.conditions import Sql, required_tags, where
from postgres.migrate import migrate
from postgres.reader import Page, Reader, ReminderStatus, TaskQuery
from postgres.task_queries import FIRST, behind
from schemas import ids
from schemas import records as r
from tests.integration.postgres_records import (
    DUE,
    Log,
    a_task,
    became_due,
    cancelled,
    entry,
    event,
    new_user,
    one_of_each,
    outcome,
    scheduled,
    step,
    versions,
)

PARIS = r.Due("2026-11-24", "09:00:00", "Europe/Paris")
AT = datetime.fromtimestamp(DUE / 1000, UTC)


@pytest_asyncio.fixture(scope="module", params=[100, 0], ids=["direct", "through a pooler"])
async def pool(postgres, request):
    """Connections that keep prepared statements, and such as a pooler in transaction mode needs."""
    migrate(postgres)
    async with postgres_reader.pool(postgres, min_size=1, max_size=2, statement_cache_size=request.param) as pool:
        yield pool


@pytest.fixture
def user() -> str:
    return new_user()


@pytest.fixture
def reader(pool) -> Reader:
    return Reader(pool)


@pytest_asyncio.fixture
async def log(pool):
    async with pool.acquire() as connection:
        yield Log(connection)


def wanted(order: str, condition: Sql) -> TaskQuery:
    return TaskQuery(condition.text, condition.values, ordering.order_by(sort(order)), ordering.position(sort(order)))


NEWEST = wanted("-created", Sql("true", ()))


async def pages_of_tasks(view, order: str, size: int) -> list[tuple]:
    """Every page of tasks in an order."""
    page = await view.tasks(wanted(order, Sql("true", ())), size)
    found = [page.items]
    while page.next is not None:
        following = [(each.text, each.values) for each in ordering.after(sort(order), page.next, FIRST)]
        page = await view.tasks(behind(wanted(order, Sql("true", ())), following), size)
        found.append(page.items)
    return found


async def pages(read, **parameters) -> list[tuple]:
    """Every page until there is no next."""
    found, page = [], Page((), None)
    while not found or page.next is not None:
        page = await read(after=page.next, **parameters)
        found.append(page.items)
    return found


async def test_a_task_is_read_as_it_was_written(reader, log, user):
    written = r.Task(
        id=ids.derive("whole", user),
        user=user,
        title="Grüße 🌱",
        created_at=DUE,
        changed_at=DUE + 1,
        notes="two\nlines",
        priority=r.Priority.HIGH,
        tags=("home", "Ärger"),
        due=PARIS,
        recurrence=r.Recurrence("FREQ=DAILY", PARIS, 2),
        reminders=(r.Reminder("one", before=900), r.Reminder("two", at=DUE)),
        status=r.Status.COMPLETED,
        completed_at=DUE + 1,
        series=ids.derive("series", user),
        occurrence="2026-11-24T09:00:00",
        version=3,
        start=r.Due("2026-11-23", "18:00:00"),
        parent=ids.derive("parent", user),
        rank="V",
        pinned=True,
    )
    await log.write(event(written))
    async with reader.user(user) as view:
        task = await view.task(written.id)
    same = {
        name: getattr(task, name) == getattr(written, name)
        for name in task.__struct_fields__
        if name not in {"due_at", "start_at", "created_at", "changed_at", "completed_at"}
    }
    assert all(same.values()), same


async def test_a_tasks_instants_are_in_utc(reader, log, user):
    await log.write(event(a_task(user, due=PARIS, changed_at=DUE + 1)))
    async with reader.user(user) as view:
        task = await view.task(a_task(user).id)
    assert (task.due_at.isoformat(), task.created_at, task.completed_at) == ("2026-11-24T08:00:00+00:00", AT, None)


@pytest.mark.parametrize("due", [None, r.Due("2026-11-24"), r.Due("2026-11-24", "09:00:00"), PARIS])
async def test_each_kind_of_due_is_read_as_it_was_written(reader, log, user, due):
    await log.write(event(a_task(user, due=due)))
    async with reader.user(user) as view:
        assert (await view.task(a_task(user).id)).due == due


async def test_a_start_with_a_zone_is_read_with_its_instant(reader, log, user):
    await log.write(event(a_task(user, start=PARIS)))
    async with reader.user(user) as view:
        task = await view.task(a_task(user).id)
    assert (task.start, task.start_at.isoformat()) == (PARIS, "2026-11-24T08:00:00+00:00")


async def test_a_task_that_was_never_moved_stands_where_its_creation_puts_it(reader, log, user):
    await log.write(event(a_task(user)))
    async with reader.user(user) as view:
        assert (await view.task(a_task(user).id)).rank == ranks.of_creation(DUE)


async def test_the_task_of_another_is_not_there(reader, log, user):
    await log.write(event(a_task(user)))
    async with reader.user(new_user()) as view:
        assert await view.task(a_task(user).id) is None


async def test_tasks_are_listed_newest_first_page_by_page(reader, log, user):
    await log.write(*(event(a_task(user, str(n), created_at=DUE + n)) for n in range(5)))
    async with reader.user(user) as view:
        titles = [[task.title for task in page] for page in await pages_of_tasks(view, "-created", 2)]
    assert titles == [["4", "3"], ["2", "1"], ["0"]]


async def test_tasks_of_the_same_moment_stand_on_one_page_only(reader, log, user):
    await log.write(*(event(a_task(user, str(n))) for n in range(7)))
    async with reader.user(user) as view:
        titles = [task.title for page in await pages_of_tasks(view, "-created", 2) for task in page]
    assert sorted(titles) == [str(n) for n in range(7)]


async def test_a_full_last_page_has_no_next(reader, log, user):
    await log.write(*(event(a_task(user, str(n))) for n in range(2)))
    async with reader.user(user) as view:
        assert (await view.tasks(NEWEST, 2)).next is None


async def test_a_list_of_nothing_is_an_empty_page(reader, user):
    async with reader.user(user) as view:
        assert await view.tasks(NEWEST, 2) == Page((), None)


async def test_a_listed_task_is_the_task(reader, log, user):
    await log.write(*versions(user, ("a", "b")))
    async with reader.user(user) as view:
        assert (await view.tasks(NEWEST, 1)).items == (await view.task(a_task(user).id),)


@pytest.mark.parametrize("few", [0, 2, 500])
async def test_tasks_with_a_tag_are_the_same_however_many_have_it(reader, log, user, few, monkeypatch):
    monkeypatch.setattr(postgres_reader, "FEW", few)
    tags = {"a": ("Café",), "b": ("cafe", "home"), "c": ("home",), "d": ()}
    tasks = {name: a_task(user, name, tags=names) for name, names in tags.items()}
    await log.write(*map(event, tasks.values()))
    filter_ = parse("#cafe")
    async with reader.user(user) as view:
        asked = replace(
            wanted("-created", where(filter_, Clock(DUE, "UTC"), FIRST)), required_tags=required_tags(filter_)
        )
        page, facets = await view.tasks(asked, 10), await view.facets(asked)
    assert {task.id for task in page.items} == {tasks["a"].id, tasks["b"].id}
    assert [facet.tasks for facet in facets if facet.facet == "total"] == [2]


async def test_of_tags_those_that_most_tasks_have_are_counted(reader, log, user):
    many = [tuple(f"{number}-{place}" for place in range(50)) for number in range(101)]
    await log.write(*(event(a_task(user, str(n), tags=(*tags, "most"))) for n, tags in enumerate(many)))
    async with reader.user(user) as view:
        facets = await view.facets(NEWEST)
    tags = {facet.value: facet.tasks for facet in facets if facet.facet == "tag"}
    assert (len(tags), tags["most"]) == (5000, 101)
    assert [facet.tasks for facet in facets if facet.facet == "total"] == [101]


async def test_a_page_of_long_texts_ends_sooner_and_the_next_one_goes_on(reader, log, user):
    notes = "x" * 300_000  # longer than any may be
    await log.write(*(event(a_task(user, str(n), notes=notes, created_at=DUE + n)) for n in range(7)))
    changes = (r.FieldChange("notes", '""', f'"{notes}"'),)
    await log.write(*(structs.replace(entry(user, n), changes=changes) for n in range(1, 8)))
    async with reader.user(user) as view:
        found = await pages_of_tasks(view, "start,-created", 5)
        trail = await pages(view.history, task=a_task(user).id, limit=5)
    assert [[task.title for task in page] for page in found] == [["6", "5", "4"], ["3", "2", "1"], ["0"]]
    assert [[one.sequence for one in page] for page in trail] == [[1, 2, 3], [4, 5, 6], [7]]


async def test_the_first_item_of_a_page_is_on_it_however_long_it_is(reader, log, user):
    notes = "x" * 1_200_000
    await log.write(*(event(a_task(user, str(n), notes=notes, created_at=DUE + n)) for n in range(2)))
    async with reader.user(user) as view:
        found = await pages_of_tasks(view, "-created", 5)
    assert [[task.title for task in page] for page in found] == [["1"], ["0"]]


async def test_the_history_of_a_task_is_in_order_page_by_page(reader, log, user):
    await log.write(*(entry(user, n, "other" if n == 2 else "task") for n in (4, 3, 2, 1)))
    async with reader.user(user) as view:
        found = await pages(view.history, task=a_task(user).id, limit=2)
    assert [[one.sequence for one in page] for page in found] == [[1, 3], [4]]


async def test_a_change_is_read_exactly_as_it_was_hashed(reader, log, user):
    await log.write(entry(user))
    async with reader.user(user) as view:
        [read] = (await view.history(a_task(user).id, 10)).items
    assert (read.changes, read.at, read.previous, read.hash) == (entry(user).changes, AT, "0", "1")


async def test_reminders_are_listed_by_their_instant_page_by_page(reader, log, user):
    await log.write(*(scheduled(user, str(n), DUE + n % 3) for n in range(5)))
    async with reader.user(user) as view:
        found = [reminder for page in await pages(view.reminders, limit=2) for reminder in page]
    assert sorted(found, key=lambda reminder: (reminder.due_at, reminder.id)) == found
    assert {reminder.reminder for reminder in found} == set("01234")


async def test_a_reminder_says_where_it_stands(reader, log, user):
    one, two, three = (scheduled(user, name) for name in ("one", "two", "three"))
    await log.write(one, two, three, cancelled(two), became_due(three))
    async with reader.user(user) as view:
        found = {reminder.reminder: reminder.status for reminder in (await view.reminders(10)).items}
    assert found == {
        "one": ReminderStatus.SCHEDULED,
        "two": ReminderStatus.CANCELLED,
        "three": ReminderStatus.DUE,
    }


async def test_a_delivery_shows_its_steps_in_order_whatever_order_they_came_in(reader, log, user):
    steps = [(r.Step.CLAIMED, 1), (r.Step.FAILED, 1), (r.Step.CLAIMED, 2), (r.Step.SENT, 2)]
    await log.write(*(step(user, kind, attempt) for kind, attempt in reversed(steps)))
    async with reader.user(user) as view:
        [delivery] = (await view.notifications(10)).items
    assert [(one.step, one.attempt) for one in delivery.steps] == steps
    assert (delivery.latest.at, delivery.latest.step) == (AT, r.Step.SENT)


async def test_deliveries_are_listed_latest_due_first_page_by_page(reader, log, user):
    await log.write(*(step(user, name=str(n), due=DUE + n) for n in range(3)))
    async with reader.user(user) as view:
        found = await pages(view.notifications, limit=2)
    assert [[one.title[-1] for one in page] for page in found] == [["2", "1"], ["0"]]


async def test_what_became_of_a_command_is_read(reader, log, user):
    command = ids.derive("command", user)
    await log.write(
        r.CommandOutcome(
            user, DUE, command, r.OutcomeKind.REJECTED, a_task(user).id, "f", None, "deleted", "Gone.", "id"
        )
    )
    async with reader.user(user) as view:
        read = await view.command(command)
    assert (read.kind, read.at, read.task, read.code, read.detail, read.field, read.fingerprint, read.version) == (
        r.OutcomeKind.REJECTED,
        AT,
        a_task(user).id,
        "deleted",
        "Gone.",
        "id",
        "f",
        None,
    )


async def test_a_command_without_answer_is_not_there(reader, user):
    async with reader.user(user) as view:
        assert await view.command(ids.derive("unanswered", user)) is None


async def test_of_several_commands_those_that_were_answered_are_read(reader, log, user):
    answered, unanswered = ids.derive("answered", user), ids.derive("unanswered", user)
    await log.write(outcome(user, answered), outcome(new_user(), ids.derive("theirs", user)))
    async with reader.user(user) as view:
        found = await view.commands([answered, unanswered, ids.derive("theirs", user)])
    assert list(found) == [answered]


async def test_outcomes_are_read_with_the_tasks_that_they_name(reader, log, user):
    with_task, without, theirs = (ids.derive(name, user) for name in ("with", "without", "theirs"))
    task, stranger = a_task(user), new_user()
    await log.write(*one_of_each(user), outcome(user, with_task), outcome(stranger, theirs))
    await log.write(structs.replace(outcome(user, without), task=None))
    async with reader.user(user) as view:
        found = await view.answers([with_task, without, theirs])
        assert found == {
            with_task: (await view.command(with_task), await view.task(task.id)),
            without: (await view.command(without), None),
        }
        assert found[with_task][1] is not None


async def test_a_view_is_one_snapshot(reader, log, user):
    async with reader.user(user) as view:
        before = await view.tasks(NEWEST, 10)
        await log.write(*one_of_each(user))
        assert await view.tasks(NEWEST, 10) == before


async def test_a_connection_that_comes_back_to_the_pool_is_nobodys(pool, reader, log, user):
    await log.write(*one_of_each(user))
    async with reader.user(user) as view:
        await view.task(a_task(user).id)
    async with reader.user(new_user()) as view:
        assert (await view.tasks(NEWEST, 10)).items == ()


async def test_tasks_are_counted_up_to_a_limit_without_being_read(pool, reader, log, user):
    await log.write(*(event(a_task(user, name, tags=("home",))) for name in "abc"), event(a_task(user, "d")))
    await log.write(event(a_task(new_user(), "e", tags=("home",))))
    condition = where(parse("#home"), Clock(DUE, "UTC"), FIRST)
    async with reader.user(user) as view:
        found = await view.matching(condition.text, condition.values, 10)
        assert [await view.number(condition.text, condition.values, most) for most in (10, 3, 2)] == [len(found), 3, 2]


async def left_behind(pool) -> list[tuple]:
    """Who each connection of the pool acts as, whose rows it sees, and whether it may write."""
    role, seen, read_only = (
        f"current_setting('{name}', true)" for name in ("role", "rondo.user", "transaction_read_only")
    )
    asked = f"select {role}, {seen}, {read_only}"
    async with pool.acquire() as one, pool.acquire() as other:
        return [tuple(await each.fetchrow(asked)) for each in (one, other)]


async def test_nothing_is_left_on_a_connection_that_comes_back(reader, pool, user):
    async with reader.user(user) as view:
        await view.task(a_task(user).id)
    with pytest.raises(asyncpg.DataError):
        async with reader.user(user) as view:
            await view.task("no id")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1), reader.user(user) as view:
            await view._connection.execute("select pg_sleep(60)")
    for role, seen, read_only in await left_behind(pool):
        assert (role, seen or None, read_only) == ("none", None, "off")


async def test_only_a_uuid_has_views(reader):
    with pytest.raises(ValueError, match="UUID"):
        async with reader.user("'; reset role; --"):
            pass
