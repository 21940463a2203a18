-- The two roles that work on the views. Roles belong to the whole cluster, where several databases may be migrated at
-- once and an administrator may have made them already: so each step is taken only where it is missing.
do $$
declare
    role_name text;
begin
    foreach role_name in array array['rondo_api', 'rondo_views'] loop
        if not exists (select from pg_roles where rolname = role_name) then
            begin
                execute format('create role %I nologin', role_name);
            exception when duplicate_object or unique_violation then
                null; -- another database's migration was faster
            end;
        end if;
        -- Without INHERIT the connecting role has no rights of these two until it says SET ROLE: forgetting to say so
        -- shows nothing, instead of everybody's rows.
        if not pg_has_role(current_user, role_name, 'SET') then
            execute format('grant %I to %I with inherit false, set true', role_name, current_user);
        end if;
    end loop;
end
$$;

-- Every table whose rows belong to a user is guarded by this: FORCED, so that it binds the owner too.
create procedure rondo.guard(guarded regclass) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', guarded);
    execute format('alter table %s force row level security', guarded);
    execute format('grant select on %s to rondo_api', guarded);
    execute format('grant select, insert, update, delete on %s to rondo_views', guarded);
    execute format(
        'create policy own_rows on %s for select to rondo_api
             using (user_id = (select nullif(current_setting(''rondo.user'', true), '''')::uuid))', guarded);
    execute format('create policy projector on %s to rondo_views using (true) with check (true)', guarded);
end
$$;

grant usage on schema rondo to rondo_api, rondo_views;
