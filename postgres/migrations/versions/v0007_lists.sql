-- Lists, and on which one a task is. Deleted ones keep their row. No task of an older log is on a list: nothing has to be
-- rebuilt.
create table rondo.lists (
    id uuid primary key,
    user_id uuid not null,
    name text not null,
    colour text, -- #rrggbb
    rank text collate "C" not null, -- its place in the custom order, see domain/ranks.py
    deleted boolean not null,
    version bigint not null,
    created_at timestamptz not null,
    changed_at timestamptz not null
);
create index lists_by_rank on rondo.lists (user_id, rank, id) where not deleted;
call rondo.guard('rondo.lists');

alter table rondo.tasks add column list_id uuid; -- of lists; null: the inbox
create index tasks_of_list on rondo.tasks (user_id, list_id) where status = 'OPEN' and list_id is not null;

-- What a command or an entry is about where that is not a task: list:<id>, as the records have it.
alter table rondo.commands add column subject text;
alter table rondo.audit add column subject text, alter column task_id drop not null;
create index audit_of_subject on rondo.audit (user_id, subject, sequence) where subject is not null;
