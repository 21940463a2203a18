-- The instant at which a task was snoozed to remind. No task of an older log was.
alter table rondo.tasks add column snoozed timestamptz;
