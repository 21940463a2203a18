-- How many events a command led to, so that whoever reads what it changed knows when all of it is there. Null of older
-- outcomes, which did not say; the views of an older log need not be rebuilt.
alter table rondo.commands add column events integer;
