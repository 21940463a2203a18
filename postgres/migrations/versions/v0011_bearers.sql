-- The tasks that bear a tag are read from the index alone, whose rows say whose they are.
drop index rondo.task_tags_of_tag;
create index task_tags_of_tag on rondo.task_tags (tag_id, task_id) include (user_id);
