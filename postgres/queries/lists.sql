-- Lists: written and purged by the views stage (see write.sql), read by the API (see read.sql).

-- name: put_lists(id, user_id, name, colour, rank, deleted, version, created_at, changed_at, name_folded)!
-- Lists after an event.
insert into rondo.lists as held (
    id, user_id, name, colour, rank, deleted, version, created_at, changed_at, name_folded
)
select distinct on (id)
    id::uuid, user_id::uuid, name, colour, rank, deleted::boolean, version::bigint, rondo.instant(created_at::bigint),
    rondo.instant(changed_at::bigint), name_folded
from rows from (
    json_array_elements_text(:id), json_array_elements_text(:user_id), json_array_elements_text(:name),
    json_array_elements_text(:colour), json_array_elements_text(:rank), json_array_elements_text(:deleted),
    json_array_elements_text(:version), json_array_elements_text(:created_at), json_array_elements_text(:changed_at),
    json_array_elements_text(:name_folded)
) as given (id, user_id, name, colour, rank, deleted, version, created_at, changed_at, name_folded)
order by id, version desc
on conflict (id) do update set
    name = excluded.name,
    name_folded = excluded.name_folded,
    colour = excluded.colour,
    rank = excluded.rank,
    deleted = excluded.deleted,
    version = excluded.version,
    changed_at = excluded.changed_at
where held.version < excluded.version and held.user_id = excluded.user_id;

-- name: purge_lists(id, user_id, version)!
-- Delete lists that are purged.
delete from rondo.lists as held
using rows from (
    json_array_elements_text(:id), json_array_elements_text(:user_id), json_array_elements_text(:version)
) as given (id, user_id, version)
where held.id = given.id::uuid and held.user_id = given.user_id::uuid and held.version < given.version::bigint;

-- name: list(id)^
-- One list, also a deleted one.
select
    id::text, name, colour, rank, deleted,
    (
        select count(*) from rondo.tasks
        where tasks.user_id = lists.user_id and list_id = lists.id and tasks.status = 'OPEN'
    ) as open,
    version, created_at, changed_at
from rondo.lists where id = :id::uuid;

-- name: lists(rank, id, limit)
-- Lists in the custom order, without deleted ones.
select
    id::text, name, colour, rank, deleted,
    (
        select count(*) from rondo.tasks
        where tasks.user_id = lists.user_id and list_id = lists.id and tasks.status = 'OPEN'
    ) as open,
    version, created_at, changed_at
from rondo.lists
where
    not deleted
    and (rank, lists.id) > (coalesce(:rank::text, ''), coalesce(:id::uuid, '00000000-0000-0000-0000-000000000000'))
order by rank, lists.id
limit :limit::bigint;
