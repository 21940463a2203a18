-- Targets: written and purged by the views stage (see write.sql), read by the API (see read.sql); and their addresses.

-- name: put_targets(id, user_id, name, kind, created_at, changed_at, address_id, enabled, rank, deleted, version)!
-- Targets after an event: the fields of the record, in their order.
insert into rondo.targets as held (
    id, user_id, name, kind, address_id, enabled, rank, deleted, version, created_at, changed_at
)
select distinct on (id)
    id::uuid, user_id::uuid, name, kind, address_id::uuid, enabled::boolean, rank, deleted::boolean, version::bigint,
    rondo.instant(created_at::bigint), rondo.instant(changed_at::bigint)
from rows from (
    json_array_elements_text(:id), json_array_elements_text(:user_id), json_array_elements_text(:name),
    json_array_elements_text(:kind), json_array_elements_text(:created_at), json_array_elements_text(:changed_at),
    json_array_elements_text(:address_id), json_array_elements_text(:enabled), json_array_elements_text(:rank),
    json_array_elements_text(:deleted), json_array_elements_text(:version)
) as given (id, user_id, name, kind, created_at, changed_at, address_id, enabled, rank, deleted, version)
order by id, version desc
on conflict (id) do update set
    name = excluded.name,
    kind = excluded.kind,
    address_id = excluded.address_id,
    enabled = excluded.enabled,
    rank = excluded.rank,
    deleted = excluded.deleted,
    version = excluded.version,
    changed_at = excluded.changed_at
where held.version < excluded.version and held.user_id = excluded.user_id;

-- name: purge_targets(id, user_id, version)!
-- Delete targets that are purged.
delete from rondo.targets as held
using rows from (
    json_array_elements_text(:id), json_array_elements_text(:user_id), json_array_elements_text(:version)
) as given (id, user_id, version)
where held.id = given.id::uuid and held.user_id = given.user_id::uuid and held.version < given.version::bigint;

-- name: target(id)^
-- One target, also a deleted one, with the last outcome of a delivery.
select
    id::text, name, kind, enabled, has_address, last_sent_at, failing_since, error, rank, deleted, version, created_at,
    changed_at
from rondo.target_states where id = :id::uuid;

-- name: targets(rank, id, limit)
-- Targets in the custom order, without deleted ones.
select
    id::text, name, kind, enabled, has_address, last_sent_at, failing_since, error, rank, deleted, version, created_at,
    changed_at
from rondo.target_states as held
where
    not deleted
    and (rank, held.id) > (coalesce(:rank::text, ''), coalesce(:id::uuid, '00000000-0000-0000-0000-000000000000'))
order by rank, held.id
limit :limit::bigint;

-- name: count_targets()$
-- The number of the user's targets that are not deleted.
select count(*) from rondo.targets where not deleted;

-- name: become_user(user)^
-- Set, for the rest of the transaction, the role and the user whose rows it may see and insert.
select set_config('role', 'rondo_api', true), set_config('rondo.user', :user, true);

-- name: put_address(id, target, user, sealed, at)!
-- Store an address; one that is stored stays.
insert into rondo_private.addresses (id, target_id, user_id, sealed, created_at)
values (:id::uuid, :target::uuid, :user::uuid, :sealed::bytea, rondo.instant(:at::bigint))
on conflict do nothing;

-- name: address_of(target)^
-- The current address of a target, none if it was removed, and the language of its user.
select
    targets.user_id::text as user, targets.version, enabled and not deleted as enabled, addresses.id::text as address,
    sealed, language
from rondo.targets left join rondo_private.addresses on addresses.id = targets.address_id
    left join rondo.settings on settings.user_id = targets.user_id
where targets.id = :target::uuid;
