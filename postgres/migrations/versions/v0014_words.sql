-- What is compared and looked for stands in columns that the views stage fills: text folded (domain/folding.py), and the
-- words of title and notes (domain/words.py). Postgres folds and parts nothing, and long notes are folded once, when they
-- are written, not whenever they are looked through. What stands is folded anew by the file beside this one.
alter table rondo.tasks
    alter column title_folded drop expression,
    alter column tags_folded drop expression,
    alter column words drop expression;
alter table rondo.tasks
    alter column title_folded set default '',
    alter column title_folded set not null,
    alter column tags_folded set default '{}',
    alter column tags_folded set not null,
    alter column words set default '',
    add column notes_folded text collate "C" not null default '';
alter table rondo.tags alter column name_folded drop expression;
alter table rondo.tags alter column name_folded set default '', alter column name_folded set not null;
alter table rondo.lists add column name_folded text collate "C" not null default '';
drop function rondo.words, rondo.folded, rondo.fold;

grant create on schema rondo to rondo_views;
set local role rondo_views;
drop function rondo.words_beside;

-- The numbers of those queries, from 0, that no task of the user matches.
create function rondo.unknown(asked tsquery[]) returns setof integer
    language sql stable parallel safe security definer set search_path = pg_catalog set enable_seqscan = off
    begin atomic
        select given.number::integer - 1
        from unnest(asked) with ordinality as given (query, number)
        where not exists (
            select from rondo.tasks
            where tasks.words @@ given.query
                and (tasks.user_id = nullif(current_setting('rondo.user', true), '')::uuid) is true
        );
    end;

-- The words that an expression matches of the tasks that a query matches. So many words are looked at, which takes some
-- tenths of a second, and the first that are found are returned.
create function rondo.words_beside(asked tsquery, expression text) returns setof text
    language sql stable parallel safe security definer set search_path = pg_catalog set enable_seqscan = off
    begin atomic
        select distinct looked.lexeme
        from (
            select word.lexeme
            from rondo.tasks cross join lateral unnest(tasks.words) as word
            where tasks.words @@ asked
                and (tasks.user_id = nullif(current_setting('rondo.user', true), '')::uuid) is true
            limit 200000
        ) as looked
        where looked.lexeme ~ expression
        limit 5000;
    end;

revoke all on function rondo.unknown, rondo.words_beside from public;
grant execute on function rondo.unknown, rondo.words_beside to rondo_api;
reset role;
revoke create on schema rondo from rondo_views;
