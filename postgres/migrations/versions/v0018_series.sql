-- The history of a series, its latest occurrence first, is a range of this index. Keys of occurrences sort as times do.
create index tasks_of_series on rondo.tasks (user_id, series, occurrence collate "C" desc, id desc)
    where series is not null;
