-- How a task was closed: DONE, SKIPPED or MISSED. Every task of an older log was closed by being done.
alter table rondo.tasks add column closing text not null default 'DONE';
