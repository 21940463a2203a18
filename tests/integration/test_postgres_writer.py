import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, pairwise, permutations

import asyncpg
import msgspec
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from domain import deletion, entities
from domain.added import plain
from domain.projections import collect
from domain.tasks import TASK
from postgres.migrate import migrate
from postgres.queries import load
from postgres.writer import positions
from schemas import ids
from schemas import records as r
from streams.runtime.postgres_store import UNFIT
from tests.integration.postgres_records import (
    DUE,
    Log,
    a_task,
    became_due,
    cancelled,
    created,
    entry,
    event,
    new_user,
    one_of_each,
    outcome,
    part,
    purged,
    scheduled,
    shown,
    step,
    tag_event,
    versions,
    write,
)
from tests.unit.domain.given import LIFECYCLES


@pytest_asyncio.fixture(scope="module")
async def connection(postgres):
    migrate(postgres)
    connection = await asyncpg.connect(postgres)
    yield connection
    await connection.close()


async def test_a_topic_that_was_never_read_is_read_from_its_beginning(connection):
    assert await positions(connection, 3, ["new-a", "new-b"]) == {"new-a": 0, "new-b": 0}


async def test_rows_and_position_come_together(connection):
    log = Log(connection)
    await log.write(event(a_task(user := new_user())))
    assert (await positions(connection, 0, [log.topic]), len((await shown(connection, user))["rondo.tasks"])) == (
        {log.topic: 1},
        1,
    )


async def test_a_position_belongs_to_its_partition(connection):
    log = Log(connection)
    await log.write(event(a_task(new_user())))
    assert await positions(connection, 1, [log.topic]) == {log.topic: 0}


async def test_a_stale_owners_block_is_refused_whole(connection):
    log, user = Log(connection), new_user()
    await log.write(event(a_task(new_user())), event(a_task(new_user())))
    refused = not await write(connection, log.topic, 1, 3, collect(one_of_each(user)))
    assert (refused, set(map(len, (await shown(connection, user)).values()))) == (True, {0})


async def test_a_refused_block_leaves_the_position(connection):
    log = Log(connection)
    await log.write(event(a_task(new_user())), event(a_task(new_user())))
    await write(connection, log.topic, 1, 3, [])
    assert await positions(connection, 0, [log.topic]) == {log.topic: 2}


async def test_a_block_of_a_partition_without_position_is_refused(connection):
    assert not await write(connection, "never-started", 0, 1, [])


async def test_of_two_owners_at_the_same_moment_one_writes(connection, postgres):
    log, block = Log(connection), collect([event(a_task(new_user()))])
    await positions(connection, 0, [log.topic])
    other = await asyncpg.connect(postgres)
    both = await asyncio.gather(*(write(one, log.topic, 0, 1, block) for one in (connection, other)))
    await other.close()
    assert sorted(both) == [False, True]


async def test_an_owner_that_stalls_within_its_block_lets_the_next_one_go_on(connection, postgres):
    log, block = Log(connection), collect([event(a_task(new_user()))])
    await positions(connection, 0, [log.topic])
    stalled = await asyncpg.connect(postgres)
    transaction = stalled.transaction()
    await transaction.start()
    await load().become_projector(stalled)
    await load().advance(stalled, partition=0, topics=[log.topic], reads=[0], nexts=[1])
    assert await asyncio.wait_for(write(connection, log.topic, 0, 1, block), 20)
    stalled.terminate()


async def test_an_owner_that_stalls_before_a_statement_that_it_prepared_lets_the_next_one_go_on(connection, postgres):
    log = Log(connection)
    await positions(connection, 0, [log.topic])
    stalled = await asyncpg.connect(postgres)
    await stalled.transaction().start()
    await load().become_projector(stalled)
    await load().advance(stalled, partition=0, topics=[log.topic], reads=[0], nexts=[1])
    assert await seconds(stalled, "transaction_timeout") == 30
    await stalled.execute("set local transaction_timeout = 0; set local transaction_timeout = '300ms'")  # to come soon
    await stalled.prepare("select $1::text")  # no Sync follows it: to Postgres the session is not idle
    assert await asyncio.wait_for(positions(connection, 0, [log.topic]), 8) == {log.topic: 0}
    stalled.terminate()


async def seconds(connection, name: str) -> int:
    """A setting that is a time, as it is in the running transaction."""
    return await connection.fetchval("select setting::int / 1000 from pg_settings where name = $1", name)


async def test_a_row_that_postgres_refuses_takes_its_whole_block_with_it(connection):
    log, user = Log(connection), new_user()
    with pytest.raises(asyncpg.UntranslatableCharacterError):
        await log.write(event(a_task(user, "good")), event(a_task(user, "bad", notes="\0")))
    assert (await positions(connection, 0, [log.topic]), (await shown(connection, user))["rondo.tasks"]) == (
        {log.topic: 0},
        [],
    )


UNFIT_TASKS = {
    "an id that is no UUID": {"series": "no uuid"},
    "NUL in a text": {"title": "a\0b"},
    "NUL within JSON": {"reminders": (r.Reminder("a\0b", before=0),)},
    "no day of the calendar": {"due": r.Due("2026-02-30")},
    "no time of a day": {"due": r.Due("2026-02-28", "25:00:00")},
    "half a character": {"title": "\ud800"},
    "an instant beyond the calendar": {"created_at": -(2**62)},
    "a number beyond 64 bits": {"version": 2**63},
}


@pytest.mark.parametrize("fields", [pytest.param(fields, id=name) for name, fields in UNFIT_TASKS.items()])
async def test_what_postgres_cannot_hold_is_known_to_lie_in_the_rows(connection, fields):
    log = Log(connection)
    with pytest.raises(UNFIT):
        await log.write(event(a_task(new_user(), **fields)))


@settings(max_examples=60)
@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")))
async def test_a_text_stands_as_it_was_written(connection, text):
    log, user = Log(connection), new_user()
    await log.write(event(a_task(user, title=text)))
    assert await connection.fetchval("select title from rondo.tasks where user_id = $1", user) == text


async def test_what_is_json_stands_as_the_record_has_it(connection):
    log, user = Log(connection), new_user()
    rule = r.Recurrence("FREQ=DAILY", r.Due("2026-11-24", "09:00:00"))
    await log.write(
        event(a_task(user, recurrence=rule, reminders=(r.Reminder('"x"', before=60), r.Reminder("y", at=1))))
    )
    query = "select recurrence::text, reminders::text from rondo.tasks where user_id = $1"
    found = [msgspec.json.decode(value) for value in await connection.fetchrow(query, user)]
    assert found == [
        msgspec.to_builtins(plain(rule)),
        [{"id": '"x"', "before": 60, "at": None}, {"id": "y", "before": None, "at": 1}],
    ]


async def test_rows_of_an_unknown_query_are_refused(connection):
    log = Log(connection)
    await positions(connection, 0, [log.topic])
    with pytest.raises(KeyError, match="put_nothing"):
        await write(connection, log.topic, 0, 1, [("put_nothing", (1,))])


async def test_the_same_block_written_twice_changes_nothing(connection):
    log, user = Log(connection), new_user()
    block = [*one_of_each(user), *versions(user, ("a",), ("b", "c")), cancelled(scheduled(user)), scheduled(user)]
    await log.write(*block)
    before = await shown(connection, user)
    await log.write(*block)
    assert await shown(connection, user) == before


async def test_writing_again_touches_no_row(connection):
    log, user = Log(connection), new_user()
    await log.write(*one_of_each(user))
    query = "select (xmin, ctid)::text from rondo.tasks where user_id = $1"
    before = await connection.fetchval(query, user)
    await log.write(*one_of_each(user))
    assert await connection.fetchval(query, user) == before


@pytest.mark.parametrize("order", list(permutations([0, 1, 2])))
async def test_the_newest_version_stands_in_whatever_order_versions_come(connection, order):
    log, user = Log(connection), new_user()
    events = versions(user, ("a",), ("a", "b"), ("c",))
    for number in order:
        await log.write(events[number])
    assert await tags_and_title(connection, user) == (["c"], "v3")


async def test_the_newest_version_of_a_block_stands(connection):
    log, user = Log(connection), new_user()
    await log.write(*reversed(versions(user, ("a",), ("b",))))
    assert await tags_and_title(connection, user) == (["b"], "v2")


async def test_tags_that_a_task_lost_are_gone(connection):
    log, user = Log(connection), new_user()
    for change in versions(user, ("a", "b", "c"), ("b",)):
        await log.write(change)
    assert await tags_and_title(connection, user) == (["b"], "v2")


async def test_a_task_may_lose_all_tags(connection):
    log, user = Log(connection), new_user()
    for change in versions(user, ("a",), ()):
        await log.write(change)
    assert await tags_and_title(connection, user) == ([], "v2")


async def test_a_purged_task_is_gone_with_its_tags(connection):
    log, user = Log(connection), new_user()
    task = a_task(user, tags=("a",), version=2)
    await log.write(event(task))
    await log.write(purged(replace(task, version=3)))
    assert await tags_and_title(connection, user) == ([], None)


@pytest.mark.parametrize("cuts", [(), (1,), (2,), (1, 2)], ids=str)
async def test_a_task_that_is_created_again_after_it_was_purged_stands_however_the_log_is_cut(connection, cuts):
    log, user = Log(connection), new_user()
    before = event(a_task(user, tags=("a",), version=2))
    lives = [before, purged(a_task(user, version=3)), event(a_task(user, tags=("b",), title="again"))]
    for begin, end in pairwise([0, *cuts, len(lives)]):
        await log.write(*lives[begin:end])
    assert await tags_and_title(connection, user) == (["b"], "again")


async def test_a_block_may_purge_a_task_and_create_it_again_several_times(connection):
    log, user = Log(connection), new_user()
    lives = [[*versions(user, (tag,), ()), purged(a_task(user, version=3))] for tag in "abc"]
    await log.write(*chain(*lives), *versions(user, ("d",)))
    assert await tags_and_title(connection, user) == (["d"], "v1")


async def test_a_purge_that_comes_late_leaves_a_newer_version_alone(connection):
    log, user = Log(connection), new_user()
    await log.write(event(a_task(user, tags=("a",), version=3)), purged(a_task(user, version=3)))
    assert await tags_and_title(connection, user) == (["a"], "task")


async def test_nobody_overwrites_the_task_of_another(connection):
    log, owner = Log(connection), new_user()
    mine = a_task(owner, tags=("mine",))
    await log.write(event(mine))
    await log.write(event(r.Task(mine.id, new_user(), "stolen", DUE, DUE, tags=("theirs",), version=2)))
    assert await tags_and_title(connection, owner) == (["mine"], "task")


async def test_a_cancelled_reminder_keeps_its_title_and_instant(connection):
    log, user = Log(connection), new_user()
    await log.write(scheduled(user))
    await log.write(cancelled(scheduled(user)))
    assert await reminder(connection, user) == ("CANCELLED", "Title of reminder")


async def test_a_reminder_scheduled_and_cancelled_within_a_block_is_cancelled(connection):
    log, user = Log(connection), new_user()
    await log.write(scheduled(user), cancelled(scheduled(user)))
    assert await reminder(connection, user) == ("CANCELLED", "Title of reminder")


async def test_a_reminder_that_was_cancelled_can_stand_again(connection):
    log, user = Log(connection), new_user()
    await log.write(scheduled(user), cancelled(scheduled(user)))
    await log.write(scheduled(user, at=DUE - 5))  # another ingress's clock is behind: the log's order counts
    assert await reminder(connection, user) == ("SCHEDULED", "Title of reminder")


async def test_a_reminder_that_became_due_stays_due(connection):
    log, user = Log(connection), new_user()
    await log.write(scheduled(user), became_due(scheduled(user)))
    await log.write(cancelled(scheduled(user)))
    assert await reminder(connection, user) == ("DUE", "Title of reminder")


async def test_the_cancellation_of_a_reminder_that_never_stood_leaves_nothing(connection):
    log, user = Log(connection), new_user()
    await log.write(cancelled(scheduled(user)))
    assert await reminder(connection, user) is None


async def test_the_first_answer_to_a_command_stays(connection):
    log, user = Log(connection), new_user()
    command = ids.derive("command", user)
    await log.write(outcome(user, command), outcome(user, command, r.OutcomeKind.REJECTED))
    await log.write(outcome(user, command, r.OutcomeKind.NOTHING_TO_DO))
    kind = await connection.fetchval("select kind::text from rondo.commands where id = $1", command)
    assert kind == "ACCEPTED"


async def test_who_waits_for_an_outcome_hears_of_each(connection, postgres):
    log, user, heard = Log(connection), new_user(), asyncio.Queue()
    commands = [ids.derive("command", user, number) for number in range(450)]
    listener = await asyncpg.connect(postgres)
    await listener.add_listener("rondo_commands", lambda *said: heard.put_nowait(said[-1].split(",")))
    await log.write(*(outcome(user, command) for command in commands))
    groups = [await asyncio.wait_for(heard.get(), 10) for _ in range(3)]
    await listener.close()
    assert ([len(group) for group in groups], [*chain(*groups)]) == ([200, 200, 50], commands)


async def test_of_a_refused_block_nobody_hears(connection, postgres):
    log, user, heard = Log(connection), new_user(), asyncio.Queue()
    refused, accepted = ids.derive("refused", user), ids.derive("accepted", user)
    await log.write(event(a_task(user)))
    listener = await asyncpg.connect(postgres)
    await listener.add_listener("rondo_commands", lambda *said: heard.put_nowait(said[-1]))
    await write(connection, log.topic, 0, 1, collect([outcome(user, refused)]))
    await log.write(outcome(user, accepted))
    first = await asyncio.wait_for(heard.get(), 10)
    await listener.close()
    assert first == accepted


USER = new_user()
TAGS = [("a",), ("a", "b"), (), ("c",)]
NAMES = st.sampled_from(["milk", "rent"])
KINDS = {kind: one for one in entities.TYPES if one.purged for kind in (one.events[0], one.purged)}
PURGED = 4  # a version beyond all others of a life
REMINDERS = [scheduled(USER, name) for name in ("one", "two")]
COLOURS = [None, "#1e90ff", "#ff0000"]
RECORDS = st.one_of(
    # What a version of a thing holds is fixed, as on a log.
    st.builds(lambda name, version: event(a_task(USER, name, version=version)), NAMES, st.integers(0, 3)),
    st.builds(lambda name, version: purged(a_task(USER, name, version=version)), NAMES, st.sampled_from([2, PURGED])),
    *(st.builds(partial(created, of, USER), st.integers(1, 3)) for of in LIFECYCLES),
    *(st.sampled_from([purged(of.after(created(of, USER, version))) for version in (2, PURGED)]) for of in LIFECYCLES),
    st.builds(lambda version: tag_event(USER, version, COLOURS[version]), st.integers(0, 2)),
    st.builds(lambda chunk, kind: part(USER, chunk, kind), st.integers(0, 1), st.sampled_from(r.OutcomeKind)),
    st.sampled_from(REMINDERS),
    st.sampled_from([cancelled(one, DUE + 1) for one in REMINDERS]),
    st.sampled_from([became_due(one, DUE + 2) for one in REMINDERS]),
    st.builds(lambda kind, attempt: step(USER, kind, attempt), st.sampled_from(r.Step), st.integers(1, 2)),
    st.builds(lambda sequence: entry(USER, sequence), st.integers(1, 3)),
    st.builds(
        lambda number, kind: outcome(USER, ids.derive("c", number), kind),
        st.integers(1, 2),
        st.sampled_from(r.OutcomeKind),
    ),
)


def lived(records: Iterable[Struct]) -> Iterator[Struct]:
    """Give each life of a thing other content: another life begins once it was purged."""
    lives = Counter[str]()
    for record in records:
        of = KINDS.get(type(record))
        if of is None:
            yield record
            continue
        thing = of.after(record)
        if deletion.purges(record):
            lives[thing.id] += thing.version == PURGED
            yield record
            continue
        life = lives[thing.id]
        told = f"life {life}, version {thing.version}"
        tags = TAGS[(thing.version + life) % len(TAGS)]
        given = {"notes": told, "tags": tags} if of is TASK else {of.settable.__struct_fields__[0]: told}
        yield replace(record, **{of.word: replace(thing, **given)})


@settings(max_examples=100)
@given(st.lists(RECORDS, max_size=16).map(lived).map(list), st.sets(st.integers(1, 15)))
async def test_however_a_log_is_cut_into_blocks_the_views_are_the_same(connection, log, cuts):
    edges = [0, *sorted(cut for cut in cuts if cut < len(log)), len(log)]
    blocks = [log[start:end] for start, end in pairwise(edges)]
    assert await after(connection, blocks) == await after(connection, [log])


async def after(connection, blocks) -> dict[str, list[str]]:
    """The rows after these blocks, in tables that are empty before and after."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        log = Log(connection)
        for block in blocks:
            await log.write(*block)
        return await shown(connection, USER)
    finally:
        await transaction.rollback()


async def tags_and_title(connection, user) -> tuple[list[str], str]:
    tags = await connection.fetch(
        "select name from rondo.task_tags join rondo.tags on tags.id = tag_id where task_tags.user_id = $1 order by 1",
        user,
    )
    title = await connection.fetchval("select title from rondo.tasks where user_id = $1", user)
    return [row["name"] for row in tags], title


async def reminder(connection, user) -> tuple[str, str] | None:
    row = await connection.fetchrow("select status::text, title from rondo.reminders where user_id = $1", user)
    return row and tuple(row)
