-- Targets. Deleted ones keep their row until they are purged. No older log has any: nothing has to be rebuilt.
create table rondo.targets (
    id uuid primary key,
    user_id uuid not null,
    name text not null,
    kind text not null,
    address_id uuid, -- in rondo_private.addresses, unless it was removed
    enabled boolean not null,
    rank text collate "C" not null, -- its place in the custom order, see domain/ranks.py
    deleted boolean not null,
    version bigint not null,
    created_at timestamptz not null,
    changed_at timestamptz not null
);
create index targets_by_rank on rondo.targets (user_id, rank, id) where not deleted;
call rondo.guard('rondo.targets');

alter table rondo.notifications add column target_id uuid;
create index notifications_of_target on rondo.notifications (target_id, step, at) where target_id is not null;

-- Addresses are on no topic, so they can't be rebuilt: they have a schema of their own, which stays when the schema
-- rondo is dropped. Whatever is in it may exist already.
create schema if not exists rondo_private;
grant usage on schema rondo_private to rondo_api, rondo_views;
create table if not exists rondo_private.addresses (
    id uuid primary key,
    target_id uuid not null,
    user_id uuid not null,
    sealed bytea not null, -- encrypted, see channels/sealing.py
    created_at timestamptz not null
);
create index if not exists addresses_of_target on rondo_private.addresses (target_id);
drop policy if exists own_rows on rondo_private.addresses;
drop policy if exists own_insertions on rondo_private.addresses;
drop policy if exists projector on rondo_private.addresses;
call rondo.guard('rondo_private.addresses');
grant insert on rondo_private.addresses to rondo_api;
create policy own_insertions on rondo_private.addresses for insert to rondo_api
    with check (user_id = (select nullif(current_setting('rondo.user', true), '')::uuid));

-- An address is removed in the transaction in which its target is deleted, or gets another one. An address whose command
-- was rejected is removed by a later event of its target. The API stores an address just before its command, so a new one
-- may belong to an event that is yet to come, also while the views are rebuilt: a minute is more than a clock's skew.
create function rondo.remove_addresses() returns trigger language plpgsql as $$
begin
    delete from rondo_private.addresses as held
    where held.target_id = new.id and (new.deleted or held.id is distinct from new.address_id)
        and (held.id = old.address_id or held.created_at < new.changed_at - interval '1 minute');
    return null;
end
$$;
create trigger remove_addresses after insert or update on rondo.targets
    for each row execute function rondo.remove_addresses();

-- Targets with the last outcome of a delivery: of the views of one user, by the row-level security of who reads.
create view rondo.target_states with (security_invoker = true) as
select
    targets.*, exists (select from rondo_private.addresses where addresses.id = targets.address_id) as has_address,
    sent.at as last_sent_at, failed.since as failing_since, failed.error
from rondo.targets
left join lateral (
    select max(at) as at from rondo.notifications where target_id = targets.id and step = 'SENT'
) as sent on true
left join lateral (
    select min(at) as since, (array_agg(detail order by at desc, attempt desc))[1] as error
    from rondo.notifications
    where target_id = targets.id and step = 'FAILED' and at > coalesce(sent.at, '-infinity')
) as failed on true;
grant select on rondo.target_states to rondo_api;
