-- Queries that compare the views with a new fold in temporary tables, which scratch.py creates.

-- name: become_comparer()^
-- Set, for the rest of the transaction, the role that sees all rows, and no idle timeout.
select set_config('role', 'rondo_views', true), set_config('idle_in_transaction_session_timeout', '0', true);

-- name: read_positions(topics)
-- The views' position in each topic.
select topic, partition, position from rondo.positions where topic = any(:topics::text[]) and position > 0;

-- name: key_of(table)
-- The columns of a table's primary key, in order.
select attname as name
from pg_index, unnest(indkey) with ordinality as key (number, n), pg_attribute
where indrelid = :table::text::regclass and indisprimary and attrelid = indrelid and attnum = key.number
order by n;
