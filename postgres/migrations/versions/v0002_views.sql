-- The read views: folds of Rondo's topics. Dropping the schema and reading the topics again gives the same rows.
-- Instants are timestamptz; what was asked for in local time stays local (due_date, due_time, due_zone).

create type rondo.priority as enum ('NONE', 'LOW', 'MEDIUM', 'HIGH', 'URGENT'); -- in this order
create type rondo.status as enum ('OPEN', 'COMPLETED', 'DELETED');
create type rondo.reminder_status as enum ('SCHEDULED', 'CANCELLED', 'DUE');
create type rondo.step as enum ('CLAIMED', 'FAILED', 'SENT', 'SUPPRESSED', 'MISSED'); -- within an attempt in this order
create type rondo.outcome as enum ('ACCEPTED', 'REJECTED', 'NOTHING_TO_DO');

-- How far each topic has been read: the next offset. Moved in the transaction that writes the rows.
create table rondo.positions (
    topic text not null,
    partition integer not null,
    position bigint not null,
    primary key (topic, partition)
);
grant select, insert, update on rondo.positions to rondo_views;

-- Tasks as they stand. Deleted ones keep their row.
create table rondo.tasks (
    id uuid primary key,
    user_id uuid not null,
    title text not null,
    notes text not null,
    priority rondo.priority not null,
    due_date date,
    due_time time,
    due_zone text,
    due_at timestamptz, -- the instant, where there is a zone
    recurrence jsonb, -- rrule, start, version
    reminders jsonb not null, -- id with before (seconds) or at (milliseconds since 1970)
    status rondo.status not null,
    series uuid,
    occurrence text,
    version bigint not null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    completed_at timestamptz
);
create index tasks_newest on rondo.tasks (user_id, created_at desc, id desc);

-- Every tag that a user ever gave to a task; the id is derived from user and name.
create table rondo.tags (
    id uuid primary key,
    user_id uuid not null,
    name text collate "C" not null,
    unique (user_id, name)
);

-- The tags that tasks bear in their current version. No foreign keys: one writer fills all three tables in
-- one transaction, and checking that again for each row took a quarter of the time of writing a task with two tags.
create table rondo.task_tags (
    task_id uuid not null, -- of tasks
    tag_id uuid not null, -- of tags
    user_id uuid not null,
    primary key (task_id, tag_id)
);

-- Who changed what, and why. Field values stand exactly as they were hashed.
create table rondo.audit (
    user_id uuid not null,
    sequence bigint not null,
    id uuid not null, -- of the event
    at timestamptz not null,
    actor text not null,
    command uuid not null,
    cause uuid,
    event text not null,
    task_id uuid not null,
    changes jsonb not null, -- field, before, after
    previous text not null,
    hash text not null,
    primary key (user_id, sequence)
);
create index audit_of_task on rondo.audit (user_id, task_id, sequence);

-- Reminders that stand, were cancelled, or became due.
create table rondo.reminders (
    id uuid primary key,
    user_id uuid not null,
    task_id uuid not null,
    reminder text not null, -- its id within the task
    title text not null,
    due_at timestamptz not null,
    status rondo.reminder_status not null,
    changed_at timestamptz not null
);
create index reminders_by_due on rondo.reminders (user_id, due_at, id);

-- The ledger of deliveries, one row a step. The id is the reminder's.
create table rondo.notifications (
    id uuid not null,
    channel text not null,
    attempt integer not null,
    step rondo.step not null,
    user_id uuid not null,
    at timestamptz not null,
    command uuid not null,
    task_id uuid not null,
    title text not null,
    due_at timestamptz not null,
    detail text,
    retry_at timestamptz,
    primary key (id, channel, attempt, step)
);
create index notifications_by_due on rondo.notifications (user_id, due_at desc, id desc);

-- What became of each command.
create table rondo.commands (
    id uuid primary key,
    user_id uuid not null,
    at timestamptz not null,
    kind rondo.outcome not null,
    task_id uuid not null,
    fingerprint text not null,
    version bigint,
    code text,
    detail text,
    field text
);

call rondo.guard('rondo.tasks');
call rondo.guard('rondo.tags');
call rondo.guard('rondo.task_tags');
call rondo.guard('rondo.audit');
call rondo.guard('rondo.reminders');
call rondo.guard('rondo.notifications');
call rondo.guard('rondo.commands');
