-- Digests: the time of the daily one in the settings, and their deliveries, which are of no task. No older log has any.
alter table rondo.settings add column digest_time time;
alter table rondo.notifications alter column task_id drop not null;
alter table rondo.notifications add column digest date;
