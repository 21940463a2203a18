-- Text as the words that are looked for: folded, and each behind three letters that stand for its user. In the index all
-- words of a user so stand together, and the words that begin with "re" are few others' besides. What is neither letter
-- nor digit parts words; text in ASCII takes a short way.
do $$
declare
    knowing text := (
        select collname from pg_collation
        where collname in ('pg_c_utf8', 'und-x-icu', 'default') and collencoding in (-1, pg_char_to_encoding('UTF8'))
        order by array_position(array['pg_c_utf8', 'und-x-icu', 'default']::name[], collname) limit 1
    );
begin
    execute format($body$
        create function rondo.words(user_id uuid, given text) returns text language sql immutable parallel safe return
            replace(
                case
                    when given = '' then ''
                    when octet_length(given) = char_length(given) then ' ' || translate(
                        rondo.fold(given), E'!"#$%%&''()*+,-./:;<=>?@[\\]^_`{|}~\t\n\r', repeat(' ', 35)
                    )
                    else ' ' || regexp_replace(rondo.fold(given) collate %I, '[^[:alnum:]]+', ' ', 'g') collate "C"
                end,
                ' ', ' ' || translate(left(user_id::text, 3), '0123456789', 'ghijklmnop')
            )
    $body$, knowing);
end
$$;

create function rondo.folded(texts text[]) returns text[] language sql immutable parallel safe
    return array(select rondo.fold(given) from unnest(texts) as given);

-- The names of a task's tags, since most lists show them; and columns for what row-level security would else keep from
-- an index: an enum's comparison leaks, as far as Postgres knows, and a number's does not.
alter table rondo.tasks add column tags text[] not null default '{}';
set local role rondo_views;
update rondo.tasks set tags = borne.names
from (
    select task_id, array_agg(name order by name) as names
    from rondo.task_tags join rondo.tags on tags.id = task_tags.tag_id group by task_id
) as borne
where borne.task_id = tasks.id;
reset role;
alter table rondo.tasks
    add column tags_folded text[] generated always as (rondo.folded(tags)) stored,
    add column urgency smallint not null generated always as (
        case priority when 'NONE' then 0 when 'LOW' then 1 when 'MEDIUM' then 2 when 'HIGH' then 3 else 4 end
    ) stored,
    add column words tsvector not null generated always as (
        setweight(to_tsvector('simple', rondo.words(user_id, title)), 'A')
        || setweight(to_tsvector('simple', rondo.words(user_id, notes)), 'D')
    ) stored;

create index tasks_words on rondo.tasks using gin (words);
drop index rondo.tasks_by_rank;
create index tasks_by_rank on rondo.tasks (user_id, rank, id) where status = 'OPEN';
create index tasks_pinned on rondo.tasks (user_id, pinned desc, rank, id) where status = 'OPEN';
create index tasks_by_urgency on rondo.tasks (user_id, urgency desc, due_local, id) where status = 'OPEN';
create index tasks_by_title on rondo.tasks (user_id, title_folded, id) where status = 'OPEN';
create index tasks_completed on rondo.tasks (user_id, completed_at desc nulls last, id desc)
    where completed_at is not null;

-- Text search is what Postgres takes no index for under row-level security, so two functions look with the rights of the
-- role that sees all rows, for the rows of the user in rondo.user and no others. "Is true" keeps Postgres from reading
-- all of the user's tasks by another index: it does not know how many these are.
grant create on schema rondo to rondo_views;
set local role rondo_views;

create function rondo.found(asked tsquery) returns table (id uuid, relevance real)
    language sql stable parallel safe rows 200 security definer set search_path = pg_catalog
    begin atomic
        select tasks.id, ts_rank(tasks.words, asked)
        from rondo.tasks
        where tasks.words @@ asked
            and (tasks.user_id = nullif(current_setting('rondo.user', true), '')::uuid) is true;
    end;

-- The words of the titles and notes that hold one that is asked for.
create function rondo.words_beside(asked tsquery) returns setof text
    language sql stable parallel safe security definer set search_path = pg_catalog
    begin atomic
        select distinct word.lexeme
        from rondo.tasks cross join lateral unnest(tasks.words) as word
        where tasks.words @@ asked
            and (tasks.user_id = nullif(current_setting('rondo.user', true), '')::uuid) is true;
    end;

revoke all on function rondo.found, rondo.words_beside from public;
grant execute on function rondo.found, rondo.words_beside to rondo_api;
reset role;
revoke create on schema rondo from rondo_views;
