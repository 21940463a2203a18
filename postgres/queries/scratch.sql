-- What folds the views once more, in temporary tables, and compares them. scratch.py makes the tables.

-- name: become_comparer()^
-- For the rest of the transaction: the role that sees all rows, for as long as the fold takes.
select set_config('role', 'rondo_views', true), set_config('idle_in_transaction_session_timeout', '0', true);

-- name: read_positions(topics)
-- How far each topic is folded in the views.
select topic, partition, position from rondo.positions where topic = any(:topics::text[]) and position > 0;

-- name: key_of(table)
-- The columns of a table's primary key, in order.
select attname as name
from pg_index, unnest(indkey) with ordinality as key (number, n), pg_attribute
where indrelid = :table::text::regclass and indisprimary and attrelid = indrelid and attnum = key.number
order by n;
