-- Tags are found by their folded names, which stand in an index: a user may have given thousands over the years.
alter table rondo.tags add column name_folded text collate "C" generated always as (rondo.fold(name)) stored;
create index tags_by_folded_name on rondo.tags (user_id, name_folded);

-- Many words at once are expected to be in far more tasks than they are, for which all users' tasks were read.
set local role rondo_views;
alter function rondo.words_beside(tsquery) set enable_seqscan = off;
alter function rondo.found(tsquery) set enable_seqscan = off;
reset role;
