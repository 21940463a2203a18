-- Users' settings, one row each. No older log has any: nothing has to be rebuilt.
create table rondo.settings (
    user_id uuid primary key,
    zone text, -- IANA name
    day_time time not null,
    quiet_from time,
    quiet_to time,
    in_quiet_hours text not null, -- POSTPONE, SUPPRESS
    catch_up text not null, -- EACH, LATEST, NONE
    version bigint not null,
    changed_at timestamptz not null
);
call rondo.guard('rondo.settings');
