-- When to begin with a task, what it is a part of, its place in the custom order, and whether it is pinned. Rows that
-- stand have none of these, as their events have none: nothing has to be rebuilt.
alter table rondo.tasks
    add column start_date date,
    add column start_time time,
    add column start_zone text,
    add column start_at timestamptz, -- the instant, where there is a zone
    add column parent_id uuid, -- of tasks
    add column rank text collate "C" not null default '', -- its place in the custom order, see domain/ranks.py
    add column pinned boolean not null default false;

-- A task that was never moved stands where its creation puts it: milliseconds since 1970 as eight digits in base 62, and
-- the middle digit. As the role of the views, since row-level security binds the owner, too.
set local role rondo_views;
update rondo.tasks set rank = (
    select string_agg(
        substr(
            '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
            (div((extract(epoch from created_at) * 1000)::bigint, power(62::numeric, place)) % 62)::integer + 1, 1
        ), '' order by place desc
    ) || 'V'
    from generate_series(0, 7) as place
);
reset role;

create index tasks_by_rank on rondo.tasks (user_id, rank, id);
create index tasks_of_parent on rondo.tasks (user_id, parent_id) where parent_id is not null;
