-- What filters and sorts compare. Under row-level security Postgres takes an index for comparisons of plain columns only
-- (and of types that it knows to leak nothing), so what is compared is a column, and not made while it is looked for.

-- Text as it is compared, without case and accents: domain/folding.py, step by step. Lower case is
-- Unicode's simple mapping, which each of these collations has; the first there is, from PostgreSQL 17 on. Text in ASCII
-- takes a short way: the long one took 20 times as long.
do $$
declare
    lowering text := (
        select collname from pg_collation
        where collname in ('pg_c_utf8', 'und-x-icu', 'default') and collencoding in (-1, pg_char_to_encoding('UTF8'))
        order by array_position(array['pg_c_utf8', 'und-x-icu', 'default']::name[], collname) limit 1
    );
begin
    execute format($body$
        create function rondo.fold(given text) returns text language sql immutable parallel safe return
            case
                when octet_length(given) = char_length(given) then lower(given collate "C")
                else replace(replace(replace(translate(
                    lower(
                        normalize(regexp_replace(normalize(given, nfd), '[\u0300-\u036f]+', '', 'g'), nfc) collate %I
                    ) collate "C",
                    U&'\03C2\0131øłđħŧ', U&'\03C3ioldht'
                ), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe')
            end
    $body$, lowering);
end
$$;

-- When a task is due or starts, as it reads: a day as its midnight, a time without regard to its zone.
alter table rondo.tasks
    add column due_local timestamp generated always as (due_date + coalesce(due_time, '00:00')) stored,
    add column start_local timestamp generated always as (start_date + coalesce(start_time, '00:00')) stored,
    add column title_folded text collate "C" generated always as (rondo.fold(title)) stored;

-- What people look at most are open tasks, those due the soonest first; and those of a tag.
create index tasks_by_due on rondo.tasks (user_id, due_local, id) where status = 'OPEN';
create index task_tags_of_tag on rondo.task_tags (tag_id, task_id);
