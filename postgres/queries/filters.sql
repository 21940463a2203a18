-- Saved filters: written and purged by the views stage (see write.sql), read by the API (see read.sql).

-- name: put_filters(id, user_id, name, text, created_at, changed_at, sort, colour, rank, deleted, version)!
-- Saved filters after an event: the fields of the record, in their order.
insert into rondo.filters as held (id, user_id, name, text, sort, colour, rank, deleted, version, created_at, changed_at)
select distinct on (id)
    id::uuid, user_id::uuid, name, text, sort, colour, rank, deleted::boolean, version::bigint,
    rondo.instant(created_at::bigint), rondo.instant(changed_at::bigint)
from rows from (
    json_array_elements_text(:id), json_array_elements_text(:user_id), json_array_elements_text(:name),
    json_array_elements_text(:text), json_array_elements_text(:sort), json_array_elements_text(:colour),
    json_array_elements_text(:rank), json_array_elements_text(:deleted), json_array_elements_text(:version),
    json_array_elements_text(:created_at), json_array_elements_text(:changed_at)
) as given (id, user_id, name, text, sort, colour, rank, deleted, version, created_at, changed_at)
order by id, version desc
on conflict (id) do update set
    name = excluded.name,
    text = excluded.text,
    sort = excluded.sort,
    colour = excluded.colour,
    rank = excluded.rank,
    deleted = excluded.deleted,
    version = excluded.version,
    changed_at = excluded.changed_at
where held.version < excluded.version and held.user_id = excluded.user_id;

-- name: purge_filters(id, user_id, version)!
-- Delete saved filters that are purged.
delete from rondo.filters as held
using rows from (
    json_array_elements_text(:id), json_array_elements_text(:user_id), json_array_elements_text(:version)
) as given (id, user_id, version)
where held.id = given.id::uuid and held.user_id = given.user_id::uuid and held.version < given.version::bigint;

-- name: filter(id)^
-- One saved filter, also a deleted one.
select id::text, name, text, sort, colour, rank, deleted, version, created_at, changed_at
from rondo.filters where id = :id::uuid;

-- name: filters(rank, id, limit)
-- Saved filters in the custom order, without deleted ones.
select id::text, name, text, sort, colour, rank, deleted, version, created_at, changed_at
from rondo.filters
where
    not deleted
    and (rank, filters.id) > (coalesce(:rank::text, ''), coalesce(:id::uuid, '00000000-0000-0000-0000-000000000000'))
order by rank, filters.id
limit :limit::bigint;
