-- The API's queries. Row-level security restricts each to one user. Columns have the names of the fields of the structs
-- in postgres/rows.py. A page begins after the key of the previous page's last item; without one, at the beginning:
-- infinity, and the first or last of all ids.

-- name: task_columns()
-- The columns of a task; postgres/task_queries.py adds the tables and conditions.
select
    tasks.id::text, title, notes, priority::text, tags,
    case when due_date is not null
        then jsonb_build_object('date', due_date, 'time', due_time, 'zone', due_zone)
    end as due,
    due_at, recurrence, reminders, status::text, series::text, occurrence, version, created_at, changed_at, completed_at,
    case when start_date is not null
        then jsonb_build_object('date', start_date, 'time', start_time, 'zone', start_zone)
    end as start,
    start_at, parent_id::text as parent, rank, pinned, list_id::text as list, closing, snoozed;

-- name: beginning(user, first, last, limit)
-- The tasks between two ids, deleted ones last.
select tasks.id::text, title, status::text from rondo.tasks
where user_id = :user::uuid and tasks.id between :first::uuid and :last::uuid
order by status = 'DELETED', tasks.id
limit :limit::bigint;

-- name: beside(user, rank, but)^
-- The ranks before and after a rank, of the user's open tasks but one.
select
    (
        select rank from rondo.tasks
        where user_id = :user::uuid and status = 'OPEN' and rank < :rank::text and tasks.id <> :but::uuid
        order by rank desc
        limit 1
    ) as before,
    (
        select rank from rondo.tasks
        where user_id = :user::uuid and status = 'OPEN' and rank > :rank::text and tasks.id <> :but::uuid
        order by rank
        limit 1
    ) as behind;

-- name: tag(name)^
-- One tag, if a task that is not deleted has it, or it has a colour.
select name, colour, coalesce(used.open, 0) as open
from (
    select tags.name, count(*) filter (where tasks.status = 'OPEN') as open
    from rondo.tags join rondo.task_tags on task_tags.tag_id = tags.id join rondo.tasks on tasks.id = task_tags.task_id
    where tasks.status <> 'DELETED' and tags.name = :name::text
    group by tags.name
) as used full join (
    select tag_colours.name, colour from rondo.tag_colours
    where colour is not null and tag_colours.name = :name::text
) as coloured using (name);

-- name: tags(after, limit)
-- Tags by name: those of tasks that are not deleted, and those with a colour. Counting from the tasks takes a third of
-- the time of looking up each task of each tag.
select name, colour, coalesce(used.open, 0) as open
from (
    select tag collate "C" as name, count(*) filter (where tasks.status = 'OPEN') as open
    from rondo.tasks cross join unnest(tags) as tag
    where tasks.status <> 'DELETED' and tag collate "C" > coalesce(:after::text, '')
    group by tag collate "C"
) as used full join (
    select tag_colours.name, colour from rondo.tag_colours
    where colour is not null and tag_colours.name > coalesce(:after::text, '')
) as coloured using (name)
order by name
limit :limit::bigint;

-- name: history_of_subject(subject, sequence, limit)
-- The history of an entity other than a task, oldest entry first.
select
    id::text, at, sequence, actor, command::text, cause::text, event, task_id::text as task, changes, previous, hash,
    subject
from rondo.audit
where subject = :subject::text and sequence > coalesce(:sequence::bigint, 0)
order by sequence
limit :limit::bigint;

-- name: count_tagged(names, most)$
-- The number of tasks with one of the tags, by folded name; counted up to a limit.
select count(*) from (
    select from rondo.task_tags
    where tag_id = any(array(select tags.id from rondo.tags where tags.name_folded = any(:names::text[])))
    limit :most::bigint
) as tagged;

-- name: unknown(asked)
-- The numbers of the queries that match no task of the user.
select number from rondo.unknown(:asked::text[]::tsquery[]) as number;

-- name: words_beside(asked, expression)
-- The words that match an expression, in the user's tasks that match a query; limited where there are very many.
select word from rondo.words_beside(:asked::text::tsquery, :expression::text) as word;

-- name: history(task, sequence, limit)
-- The history of a task, oldest entry first.
select
    id::text, at, sequence, actor, command::text, cause::text, event, task_id::text as task, changes, previous, hash,
    subject
from rondo.audit
where task_id = :task::uuid and sequence > coalesce(:sequence::bigint, 0)
order by sequence
limit :limit::bigint;

-- name: reminders(due_at, id, limit)
-- Scheduled and past reminders, by their instant.
select id::text, task_id::text as task, reminder, title, due_at, status::text, changed_at
from rondo.reminders
where (due_at, reminders.id) > (
    coalesce(:due_at::timestamptz, '-infinity'), coalesce(:id::uuid, '00000000-0000-0000-0000-000000000000')
)
order by due_at, reminders.id
limit :limit::bigint;

-- name: notifications(due_at, id, limit)
-- Deliveries with every step so far, the latest due first.
with deliveries as (
    select distinct on (due_at, id) id, task_id, title, due_at, target_id, digest
    from rondo.notifications
    where (due_at, id) < (
        coalesce(:due_at::timestamptz, 'infinity'), coalesce(:id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    )
    order by due_at desc, id desc
    limit :limit::bigint
)
select id::text, task_id::text as task, title, due_at, target_id::text as target, digest::text as digest, steps
from deliveries cross join lateral (
    select
        jsonb_agg(
            jsonb_build_object(
                'step', step, 'channel', channel, 'attempt', attempt, 'at', at, 'command', command, 'detail', detail,
                'retry_at', retry_at
            ) order by attempt, step, channel
        ) as steps
    from rondo.notifications where notifications.id = deliveries.id
) as ledger
order by due_at desc, deliveries.id desc;

-- name: outcome_columns()
-- The columns of an outcome; postgres/task_queries.py adds the tables and conditions.
select id::text, at, kind::text, task_id::text as task, fingerprint, version, code, detail, field, subject, events;

-- name: chunks(id)
-- The outcomes of a bulk's decided chunks.
select chunk, command::text, at, kind::text, code, chunks, tasks, changed, unchanged, jsonb_array_length(refused) as refused
from rondo.bulks where id = :id::uuid
order by chunk;

-- name: events_of_commands(commands)
-- The audit entries of these commands, in their order.
select task_id::text as task, subject, cause::text, id::text, event, at, changes
from rondo.audit where command = any(:commands::uuid[])
order by sequence;

-- name: refusals(id, after, limit)
-- The tasks that a bulk did not change, in the order in which it named them. A place is 1000 times the chunk's number,
-- plus the place in the chunk.
select chunk * 1000 + n as place, given.refusal
from rondo.bulks cross join lateral jsonb_array_elements(refused) with ordinality as given (refusal, n)
where id = :id::uuid and chunk >= coalesce(:after::bigint, 0) / 1000 and chunk * 1000 + n > coalesce(:after::bigint, 0)
order by place
limit :limit::bigint;
