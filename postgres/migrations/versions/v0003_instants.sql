-- The instant that so many milliseconds since 1970 mean. Days and the rest of a day are added apart: an interval of all
-- the milliseconds would be counted in floating point, which is inexact from the year 2255 on. Each step is immutable
-- (hence the zone as an offset, which asks for no name), so that Postgres puts the expression in the place of a call.
create function rondo.instant(milliseconds bigint) returns timestamptz
    language sql immutable strict parallel safe
    return (
        date '1970-01-01' + (milliseconds / 86400000)::integer + milliseconds % 86400000 * interval '1 millisecond'
    ) at time zone interval '0';
