-- What tags have of their own: a colour. A name that no task bears may have one, so this is no column of tags, whose rows
-- are folded from tasks.
create table rondo.tag_colours (
    user_id uuid not null,
    name text collate "C" not null,
    colour text, -- #rrggbb; null: it had one
    version bigint not null,
    primary key (user_id, name)
);
call rondo.guard('rondo.tag_colours');
