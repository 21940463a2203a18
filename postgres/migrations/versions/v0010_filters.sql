-- Saved filters, as their users wrote them. Deleted ones keep their row. No older log has any: nothing has to be rebuilt.
create table rondo.filters (
    id uuid primary key,
    user_id uuid not null,
    name text not null,
    text text not null,
    sort text not null,
    colour text, -- #rrggbb
    rank text collate "C" not null, -- its place in the custom order, see domain/ranks.py
    deleted boolean not null,
    version bigint not null,
    created_at timestamptz not null,
    changed_at timestamptz not null
);
create index filters_by_rank on rondo.filters (user_id, rank, id) where not deleted;
call rondo.guard('rondo.filters');
