-- The views stage's queries. A query takes one JSON array for each column, all of one length, and reads their elements
-- as text; its parameters are in the order of the rows of domain/projections.py. Instants are milliseconds since 1970.
-- (Postgres's own arrays would be encoded in Python, element by element, which takes four times as long.) A block may
-- have several rows for the same row of a table, which ON CONFLICT refuses to update twice: so each query first selects
-- the newest, by version where there is one, else by the order of the log (n). Current rows are not updated, so that
-- writing again changes nothing.

-- name: become_projector()^
-- Set, for the rest of the transaction, the role that may write. The log is the source of truth and the position is
-- lost together with the rows, so a commit need not wait for the disk. A worker that stalls within its block locks the
-- position's row, and the next owner waits for it: Postgres ends it as soon as Kafka would (transaction.timeout.ms).
-- Between asyncpg's preparing of a statement and its execution a session does not count as idle: there the
-- transaction's timeout ends it, which is as long as a block's. (Postgres 16 lacks that setting.)
select
    set_config('role', 'rondo_views', true), set_config('synchronous_commit', 'off', true),
    set_config('idle_in_transaction_session_timeout', '10s', true),
    case when current_setting('transaction_timeout', true) is not null
        then set_config('transaction_timeout', '30s', true) end;

-- name: start_positions(topics, partition)!
-- Insert position 0 for each topic that was never read.
insert into rondo.positions (topic, partition, position)
select topic, :partition::integer, 0 from unnest(:topics::text[]) as given (topic)
on conflict do nothing;

-- name: positions_of(topics, partition)
-- The next offset to read, by topic.
select topic, position from rondo.positions where partition = :partition::integer and topic = any(:topics::text[]);

-- name: all_positions()
-- The next offset to read, of every partition.
select topic, partition, position from rondo.positions;

-- name: advance(partition, topics, reads, nexts)!
-- Move positions, if they are still those from which the rows were read: no other owner wrote since.
update rondo.positions as held set position = move.next
from unnest(:topics::text[], :reads::bigint[], :nexts::bigint[]) as move (topic, read, next)
where held.topic = move.topic and held.partition = :partition::integer and held.position = move.read;

-- name: rewind(topic, partition, to)!
-- Move the position back: the records after it are read and written again, in their order.
update rondo.positions set position = :to::bigint
where topic = :topic::text and partition = :partition::integer and position > :to::bigint;

-- name: put_tasks(id, user_id, title, notes, priority, due_date, due_time, due_zone, due_at, recurrence, reminders, status, series, occurrence, version, created_at, changed_at, completed_at, start_date, start_time, start_zone, start_at, parent_id, rank, pinned, list_id, tags, title_folded, notes_folded, tags_folded, words, closing, snoozed)!
-- Tasks after an event.
insert into rondo.tasks as held (
    id, user_id, title, notes, priority, due_date, due_time, due_zone, due_at, recurrence, reminders, status, series,
    occurrence, version, created_at, changed_at, completed_at, start_date, start_time, start_zone, start_at, parent_id,
    rank, pinned, list_id, tags, title_folded, notes_folded, tags_folded, words, closing, snoozed
)
select distinct on (id)
    id::uuid, user_id::uuid, title, notes, priority::rondo.priority, due_date::date, due_time::time, due_zone,
    rondo.instant(due_at::bigint), recurrence::jsonb, reminders::jsonb, status::rondo.status, series::uuid, occurrence,
    version::bigint, rondo.instant(created_at::bigint), rondo.instant(changed_at::bigint),
    rondo.instant(completed_at::bigint), start_date::date, start_time::time, start_zone,
    rondo.instant(start_at::bigint), parent_id::uuid, rank, pinned::boolean, list_id::uuid,
    array(select json_array_elements_text(tags::json)), title_folded, notes_folded,
    array(select json_array_elements_text(tags_folded::json)), words::tsvector,
    closing, rondo.instant(snoozed::bigint)
from rows from (
    json_array_elements_text(:id), json_array_elements_text(:user_id), json_array_elements_text(:title),
    json_array_elements_text(:notes), json_array_elements_text(:priority), json_array_elements_text(:due_date),
    json_array_elements_text(:due_time), json_array_elements_text(:due_zone), json_array_elements_text(:due_at),
    json_array_elements_text(:recurrence), json_array_elements_text(:reminders), json_array_elements_text(:status),
    json_array_elements_text(:series), json_array_elements_text(:occurrence), json_array_elements_text(:version),
    json_array_elements_text(:created_at), json_array_elements_text(:changed_at),
    json_array_elements_text(:completed_at), json_array_elements_text(:start_date),
    json_array_elements_text(:start_time), json_array_elements_text(:start_zone), json_array_elements_text(:start_at),
    json_array_elements_text(:parent_id), json_array_elements_text(:rank), json_array_elements_text(:pinned),
    json_array_elements_text(:list_id), json_array_elements_text(:tags), json_array_elements_text(:title_folded),
    json_array_elements_text(:notes_folded), json_array_elements_text(:tags_folded), json_array_elements_text(:words),
    json_array_elements_text(:closing), json_array_elements_text(:snoozed)
) as given (
    id, user_id, title, notes, priority, due_date, due_time, due_zone, due_at, recurrence, reminders, status, series,
    occurrence, version, created_at, changed_at, completed_at, start_date, start_time, start_zone, start_at, parent_id,
    rank, pinned, list_id, tags, title_folded, notes_folded, tags_folded, words, closing, snoozed
)
order by id, version desc
on conflict (id) do update set
    title = excluded.title,
    notes = excluded.notes,
    priority = excluded.priority,
    due_date = excluded.due_date,
    due_time = excluded.due_time,
    due_zone = excluded.due_zone,
    due_at = excluded.due_at,
    recurrence = excluded.recurrence,
    reminders = excluded.reminders,
    status = excluded.status,
    series = excluded.series,
    occurrence = excluded.occurrence,
    version = excluded.version,
    created_at = excluded.created_at,
    changed_at = excluded.changed_at,
    completed_at = excluded.completed_at,
    start_date = excluded.start_date,
    start_time = excluded.start_time,
    start_zone = excluded.start_zone,
    start_at = excluded.start_at,
    parent_id = excluded.parent_id,
    rank = excluded.rank,
    pinned = excluded.pinned,
    list_id = excluded.list_id,
    tags = excluded.tags,
    title_folded = excluded.title_folded,
    notes_folded = excluded.notes_folded,
    tags_folded = excluded.tags_folded,
    words = excluded.words,
    closing = excluded.closing,
    snoozed = excluded.snoozed
where held.version < excluded.version and held.user_id = excluded.user_id;

-- name: put_tags(id, user_id, name, name_folded)!
-- Tags of tasks. A tag stays when no task has it any more: otherwise the rows would depend on the division of the log
-- into blocks.
insert into rondo.tags (id, user_id, name, name_folded)
select distinct id::uuid, user_id::uuid, name, name_folded
from rows from (
    json_array_elements_text(:id), json_array_elements_text(:user_id), json_array_elements_text(:name),
    json_array_elements_text(:name_folded)
) as given (id, user_id, name, name_folded)
where not exists (select from rondo.tags as held where held.id = given.id::uuid);

-- name: put_task_tags(task_id, user_id, version, tags)!
-- Set the tags of tasks, ids joined by commas, if this version of the task is the current one.
with given as (
    select distinct on (task_id)
        task_id::uuid, user_id::uuid, version::bigint, string_to_array(tags, ',')::uuid[] as tags
    from rows from (
        json_array_elements_text(:task_id), json_array_elements_text(:user_id), json_array_elements_text(:version),
        json_array_elements_text(:tags)
    ) as given (task_id, user_id, version, tags)
    order by task_id, version desc
), standing as (
    select task_id, given.user_id, given.tags
    from given join rondo.tasks on tasks.id = task_id and tasks.version = given.version and tasks.user_id = given.user_id
), removed as (
    delete from rondo.task_tags using standing
    where task_tags.task_id = standing.task_id and task_tags.tag_id <> all(standing.tags)
)
insert into rondo.task_tags (task_id, tag_id, user_id)
select standing.task_id, tag.id, user_id
from standing cross join lateral unnest(tags) as tag (id)
where not exists (select from rondo.task_tags as held where held.task_id = standing.task_id and held.tag_id = tag.id);

-- name: put_tag_colours(user_id, name, colour, version)!
-- Colours of tags after an event.
insert into rondo.tag_colours as held (user_id, name, colour, version)
select distinct on (user_id, name) user_id::uuid, name, colour, version::bigint
from rows from (
    json_array_elements_text(:user_id), json_array_elements_text(:name), json_array_elements_text(:colour),
    json_array_elements_text(:version)
) as given (user_id, name, colour, version)
order by user_id, name, version desc
on conflict (user_id, name) do update set
    colour = excluded.colour,
    version = excluded.version
where held.version < excluded.version;

-- name: purge_tasks(id, user_id, version)!
-- Delete tasks that are purged, and their tags.
with gone as (
    delete from rondo.tasks as held
    using rows from (
        json_array_elements_text(:id), json_array_elements_text(:user_id), json_array_elements_text(:version)
    ) as given (id, user_id, version)
    where held.id = given.id::uuid and held.user_id = given.user_id::uuid and held.version < given.version::bigint
    returning held.id
)
delete from rondo.task_tags using gone where task_tags.task_id = gone.id;

-- name: put_audit(user_id, sequence, id, at, actor, command, cause, event, task_id, changes, previous, hash, subject)!
-- Entries of the audit trail, which never change.
insert into rondo.audit (
    user_id, sequence, id, at, actor, command, cause, event, task_id, changes, previous, hash, subject
)
select
    user_id::uuid, sequence::bigint, id::uuid, rondo.instant(at::bigint), actor, command::uuid, cause::uuid, event,
    task_id::uuid, changes::jsonb, previous, hash, subject
from rows from (
    json_array_elements_text(:user_id), json_array_elements_text(:sequence), json_array_elements_text(:id),
    json_array_elements_text(:at), json_array_elements_text(:actor), json_array_elements_text(:command),
    json_array_elements_text(:cause), json_array_elements_text(:event), json_array_elements_text(:task_id),
    json_array_elements_text(:changes), json_array_elements_text(:previous), json_array_elements_text(:hash),
    json_array_elements_text(:subject)
) as given (user_id, sequence, id, at, actor, command, cause, event, task_id, changes, previous, hash, subject)
on conflict do nothing;

-- name: put_reminders(id, user_id, task_id, reminder, title, due_at, status, changed_at)!
-- The status of reminders: the last record on the log counts, but none after a decision. A cancellation has neither title
-- nor instant, and keeps those of the scheduling; for a reminder that was never scheduled it leaves no row.
with given as (
    select *, min(n) filter (where status in ('DUE', 'SUPPRESSED', 'MISSED')) over (partition by id) as decided
    from rows from (
        json_array_elements_text(:id), json_array_elements_text(:user_id), json_array_elements_text(:task_id),
        json_array_elements_text(:reminder), json_array_elements_text(:title), json_array_elements_text(:due_at),
        json_array_elements_text(:status), json_array_elements_text(:changed_at)
    ) with ordinality as given (id, user_id, task_id, reminder, title, due_at, status, changed_at, n)
), counted as (
    select * from given where n <= coalesce(decided, n)
), last_word as (
    select distinct on (id)
        id::uuid, user_id::uuid, task_id::uuid, status::rondo.reminder_status,
        rondo.instant(changed_at::bigint) as changed_at
    from counted order by id, n desc
), last_schedule as (
    select distinct on (id) id::uuid, reminder, title, rondo.instant(due_at::bigint) as due_at
    from counted where due_at is not null order by id, n desc
)
insert into rondo.reminders as held (id, user_id, task_id, reminder, title, due_at, status, changed_at)
select
    id, last_word.user_id, last_word.task_id, coalesce(last_schedule.reminder, existing.reminder),
    coalesce(last_schedule.title, existing.title), coalesce(last_schedule.due_at, existing.due_at), last_word.status,
    last_word.changed_at
from last_word left join last_schedule using (id) left join rondo.reminders as existing using (id)
where last_schedule.id is not null or existing.id is not null
on conflict (id) do update set
    title = excluded.title,
    due_at = excluded.due_at,
    status = excluded.status,
    changed_at = excluded.changed_at
where held.status in ('SCHEDULED', 'CANCELLED') and (held.title, held.due_at, held.status, held.changed_at)
    is distinct from (excluded.title, excluded.due_at, excluded.status, excluded.changed_at);

-- name: put_notifications(id, channel, attempt, step, user_id, at, command, task_id, title, due_at, detail, retry_at, target_id, digest)!
-- Steps of the ledger, which never change.
insert into rondo.notifications (
    id, channel, attempt, step, user_id, at, command, task_id, title, due_at, detail, retry_at, target_id, digest
)
select
    id::uuid, channel, attempt::integer, step::rondo.step, user_id::uuid, rondo.instant(at::bigint), command::uuid,
    task_id::uuid, title, rondo.instant(due_at::bigint), detail, rondo.instant(retry_at::bigint),
    target_id::uuid, digest::date
from rows from (
    json_array_elements_text(:id), json_array_elements_text(:channel), json_array_elements_text(:attempt),
    json_array_elements_text(:step), json_array_elements_text(:user_id), json_array_elements_text(:at),
    json_array_elements_text(:command), json_array_elements_text(:task_id), json_array_elements_text(:title),
    json_array_elements_text(:due_at), json_array_elements_text(:detail), json_array_elements_text(:retry_at),
    json_array_elements_text(:target_id), json_array_elements_text(:digest)
) as given (id, channel, attempt, step, user_id, at, command, task_id, title, due_at, detail, retry_at, target_id, digest)
on conflict do nothing;

-- name: put_bulks(id, chunk, user_id, command, at, kind, code, chunks, tasks, changed, unchanged, refused)!
-- Outcomes of chunks of bulks. Like a command, a chunk is answered once: the first outcome stays.
insert into rondo.bulks (id, chunk, user_id, command, at, kind, code, chunks, tasks, changed, unchanged, refused)
select
    id::uuid, chunk::bigint, user_id::uuid, command::uuid, rondo.instant(at::bigint), kind::rondo.outcome, code,
    chunks::bigint, tasks::bigint, changed::bigint, unchanged::bigint, refused::jsonb
from rows from (
    json_array_elements_text(:id), json_array_elements_text(:chunk), json_array_elements_text(:user_id),
    json_array_elements_text(:command), json_array_elements_text(:at), json_array_elements_text(:kind),
    json_array_elements_text(:code), json_array_elements_text(:chunks), json_array_elements_text(:tasks),
    json_array_elements_text(:changed), json_array_elements_text(:unchanged), json_array_elements_text(:refused)
) as given (id, chunk, user_id, command, at, kind, code, chunks, tasks, changed, unchanged, refused)
on conflict do nothing;

-- name: put_commands(id, user_id, at, kind, task_id, fingerprint, version, code, detail, field, subject, events)!
-- Outcomes of commands. A command is answered once: the first outcome stays.
insert into rondo.commands (id, user_id, at, kind, task_id, fingerprint, version, code, detail, field, subject, events)
select
    id::uuid, user_id::uuid, rondo.instant(at::bigint), kind::rondo.outcome, task_id::uuid, fingerprint,
    version::bigint, code, detail, field, subject, events::integer
from rows from (
    json_array_elements_text(:id), json_array_elements_text(:user_id), json_array_elements_text(:at),
    json_array_elements_text(:kind), json_array_elements_text(:task_id), json_array_elements_text(:fingerprint),
    json_array_elements_text(:version), json_array_elements_text(:code), json_array_elements_text(:detail),
    json_array_elements_text(:field), json_array_elements_text(:subject), json_array_elements_text(:events)
) as given (id, user_id, at, kind, task_id, fingerprint, version, code, detail, field, subject, events)
on conflict do nothing;

-- name: wake(id)!
-- Notify waiters of these outcomes, once this transaction commits: ids joined by commas, 200 in a payload, since
-- Postgres allows at most 7,999 bytes.
select pg_notify('rondo_commands', string_agg(given.id, ',' order by n))
from json_array_elements_text(:id) with ordinality as given (id, n)
group by (n - 1) / 200;
