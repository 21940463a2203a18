-- The language of a user's messages in the settings. No older log has any.
alter table rondo.settings add column language text;
