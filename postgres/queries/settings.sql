-- Settings: written by the views stage (see write.sql), read by the API (see read.sql).

-- name: put_settings(user_id, zone, day_time, quiet_from, quiet_to, in_quiet_hours, catch_up, version, changed_at, digest_time, language)!
-- Settings after an event.
insert into rondo.settings as held (
    user_id, zone, day_time, quiet_from, quiet_to, in_quiet_hours, catch_up, version, changed_at, digest_time,
    language
)
select distinct on (user_id)
    user_id::uuid, zone, day_time::time, quiet_from::time, quiet_to::time, in_quiet_hours, catch_up, version::bigint,
    rondo.instant(changed_at::bigint), digest_time::time, language
from rows from (
    json_array_elements_text(:user_id), json_array_elements_text(:zone), json_array_elements_text(:day_time),
    json_array_elements_text(:quiet_from), json_array_elements_text(:quiet_to),
    json_array_elements_text(:in_quiet_hours), json_array_elements_text(:catch_up),
    json_array_elements_text(:version), json_array_elements_text(:changed_at), json_array_elements_text(:digest_time),
    json_array_elements_text(:language)
) as given (
    user_id, zone, day_time, quiet_from, quiet_to, in_quiet_hours, catch_up, version, changed_at, digest_time, language
)
order by user_id, version desc
on conflict (user_id) do update set
    zone = excluded.zone,
    day_time = excluded.day_time,
    quiet_from = excluded.quiet_from,
    quiet_to = excluded.quiet_to,
    in_quiet_hours = excluded.in_quiet_hours,
    catch_up = excluded.catch_up,
    version = excluded.version,
    changed_at = excluded.changed_at,
    digest_time = excluded.digest_time,
    language = excluded.language
where held.version < excluded.version;

-- name: settings(user)^
-- A user's settings; no row if none was ever set.
select
    user_id::text as user, zone, day_time::text as day_time, quiet_from::text as quiet_from,
    quiet_to::text as quiet_to, in_quiet_hours, catch_up, version, changed_at,
    digest_time::text as digest_time, language
from rondo.settings where user_id = :user::uuid;
