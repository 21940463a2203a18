-- What folds the views once more, in temporary tables, and compares them.

-- name: become_comparer()^
-- For the rest of the transaction: the role that sees all rows, for as long as the fold takes.
select set_config('role', 'rondo_views', true), set_config('idle_in_transaction_session_timeout', '0', true);

-- name: read_positions(topics)
-- How far each topic is folded in the views.
select topic, partition, position from rondo.positions where topic = any(:topics::text[]) and position > 0;

-- name: create_tables#
-- The tables of the views once more, empty, for this transaction alone.
create temporary table tasks (like rondo.tasks including all) on commit drop;
create temporary table tags (like rondo.tags including all) on commit drop;
create temporary table task_tags (like rondo.task_tags including all) on commit drop;
create temporary table lists (like rondo.lists including all) on commit drop;
create temporary table filters (like rondo.filters including all) on commit drop;
create temporary table tag_colours (like rondo.tag_colours including all) on commit drop;
create temporary table audit (like rondo.audit including all) on commit drop;
create temporary table reminders (like rondo.reminders including all) on commit drop;
create temporary table notifications (like rondo.notifications including all) on commit drop;
create temporary table bulks (like rondo.bulks including all) on commit drop;
create temporary table commands (like rondo.commands including all) on commit drop;

-- name: measure_tables#
-- Tell the planner how large they are by now; nobody else does for temporary tables.
analyze pg_temp.tasks, pg_temp.tags, pg_temp.task_tags, pg_temp.lists, pg_temp.filters, pg_temp.tag_colours,
    pg_temp.audit, pg_temp.reminders, pg_temp.notifications, pg_temp.bulks, pg_temp.commands;

-- name: key_of(table)
-- The columns of a table's primary key, in order.
select attname as name
from pg_index, unnest(indkey) with ordinality as key (number, n), pg_attribute
where indrelid = :table::text::regclass and indisprimary and attrelid = indrelid and attnum = key.number
order by n;
