-- What became of each chunk of a bulk. A command may be about no single task.
alter table rondo.commands alter column task_id drop not null;

create table rondo.bulks (
    id uuid not null, -- of the bulk
    chunk bigint not null,
    user_id uuid not null,
    command uuid not null,
    at timestamptz not null,
    kind rondo.outcome not null,
    code text,
    chunks bigint not null, -- of the bulk
    tasks bigint not null, -- of the bulk
    changed bigint not null, -- of this chunk
    unchanged bigint not null,
    refused jsonb not null, -- task, code, detail, field
    primary key (id, chunk)
);

-- What a command changed is found by its id.
create index audit_of_command on rondo.audit (user_id, command);

call rondo.guard('rondo.bulks');
