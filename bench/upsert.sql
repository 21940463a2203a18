-- The write of every implementation's sink: a batch of tasks, newer versions only, by primary key.
-- Ids are text, so that clients spend no time on them.
insert into bench.tasks as held (id, user_id, title, priority, done, version, command)
select distinct on (id) id::uuid, user_id::uuid, title, priority, done, version, command::uuid
from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::boolean[], $6::bigint[], $7::text[])
    as given (id, user_id, title, priority, done, version, command)
order by id, version desc
on conflict (id) do update set
    title = excluded.title, priority = excluded.priority, done = excluded.done, version = excluded.version,
    command = excluded.command
where held.version < excluded.version
