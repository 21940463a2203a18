-- What all migrations together make, as PostgreSQL 18 tells it.
-- To be read: nothing runs this file, and a test holds the migrations to it. The roles are made by the first migration.
-- Written by `make docs`.

CREATE SCHEMA rondo;

CREATE TYPE rondo.outcome AS ENUM (
    'ACCEPTED',
    'REJECTED',
    'NOTHING_TO_DO'
);

CREATE TYPE rondo.priority AS ENUM (
    'NONE',
    'LOW',
    'MEDIUM',
    'HIGH',
    'URGENT'
);

CREATE TYPE rondo.reminder_status AS ENUM (
    'SCHEDULED',
    'CANCELLED',
    'DUE'
);

CREATE TYPE rondo.status AS ENUM (
    'OPEN',
    'COMPLETED',
    'DELETED'
);

CREATE TYPE rondo.step AS ENUM (
    'CLAIMED',
    'FAILED',
    'SENT',
    'SUPPRESSED',
    'MISSED'
);

CREATE TABLE rondo.tasks (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    title text NOT NULL,
    notes text NOT NULL,
    priority rondo.priority NOT NULL,
    due_date date,
    due_time time without time zone,
    due_zone text,
    due_at timestamp with time zone,
    recurrence jsonb,
    reminders jsonb NOT NULL,
    status rondo.status NOT NULL,
    series uuid,
    occurrence text,
    version bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    completed_at timestamp with time zone,
    start_date date,
    start_time time without time zone,
    start_zone text,
    start_at timestamp with time zone,
    parent_id uuid,
    rank text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    pinned boolean DEFAULT false NOT NULL,
    due_local timestamp without time zone GENERATED ALWAYS AS ((due_date + COALESCE(due_time, '00:00:00'::time without time zone))) STORED,
    start_local timestamp without time zone GENERATED ALWAYS AS ((start_date + COALESCE(start_time, '00:00:00'::time without time zone))) STORED,
    title_folded text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    list_id uuid,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    tags_folded text[] DEFAULT '{}'::text[] NOT NULL,
    urgency smallint GENERATED ALWAYS AS (
CASE priority
    WHEN 'NONE'::rondo.priority THEN 0
    WHEN 'LOW'::rondo.priority THEN 1
    WHEN 'MEDIUM'::rondo.priority THEN 2
    WHEN 'HIGH'::rondo.priority THEN 3
    ELSE 4
END) STORED NOT NULL,
    words tsvector DEFAULT ''::tsvector NOT NULL,
    notes_folded text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE ONLY rondo.tasks FORCE ROW LEVEL SECURITY;

CREATE FUNCTION rondo.found(asked tsquery) RETURNS TABLE(id uuid, relevance real)
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 200 PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    SET enable_seqscan TO 'off'
    BEGIN ATOMIC
 SELECT tasks.id,
     ts_rank(tasks.words, found.asked) AS ts_rank
    FROM rondo.tasks
   WHERE ((tasks.words @@ found.asked) AND ((tasks.user_id = (NULLIF(current_setting('rondo.user'::text, true), ''::text))::uuid) IS TRUE));
END;

CREATE PROCEDURE rondo.guard(IN guarded regclass)
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION rondo.instant(milliseconds bigint) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ((('1970-01-01'::date + ((milliseconds / 86400000))::integer) + (((milliseconds % (86400000)::bigint))::double precision * '00:00:00.001'::interval)) AT TIME ZONE '00:00:00'::interval);

CREATE FUNCTION rondo.unknown(asked tsquery[]) RETURNS SETOF integer
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    SET enable_seqscan TO 'off'
    BEGIN ATOMIC
 SELECT ((given.number)::integer - 1)
    FROM unnest(unknown.asked) WITH ORDINALITY given(query, number)
   WHERE (NOT (EXISTS ( SELECT
            FROM rondo.tasks
           WHERE ((tasks.words @@ given.query) AND ((tasks.user_id = (NULLIF(current_setting('rondo.user'::text, true), ''::text))::uuid) IS TRUE)))));
END;

CREATE FUNCTION rondo.words_beside(asked tsquery, expression text) RETURNS SETOF text
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog'
    SET enable_seqscan TO 'off'
    BEGIN ATOMIC
 SELECT DISTINCT looked.lexeme
    FROM ( SELECT word.lexeme
            FROM (rondo.tasks
              CROSS JOIN LATERAL unnest(tasks.words) word(lexeme, positions, weights))
           WHERE ((tasks.words @@ words_beside.asked) AND ((tasks.user_id = (NULLIF(current_setting('rondo.user'::text, true), ''::text))::uuid) IS TRUE))
          LIMIT 200000) looked
   WHERE (looked.lexeme ~ words_beside.expression)
  LIMIT 5000;
END;

CREATE TABLE rondo.audit (
    user_id uuid NOT NULL,
    sequence bigint NOT NULL,
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    command uuid NOT NULL,
    cause uuid,
    event text NOT NULL,
    task_id uuid,
    changes jsonb NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL,
    subject text
);

ALTER TABLE ONLY rondo.audit FORCE ROW LEVEL SECURITY;

CREATE TABLE rondo.bulks (
    id uuid NOT NULL,
    chunk bigint NOT NULL,
    user_id uuid NOT NULL,
    command uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    kind rondo.outcome NOT NULL,
    code text,
    chunks bigint NOT NULL,
    tasks bigint NOT NULL,
    changed bigint NOT NULL,
    unchanged bigint NOT NULL,
    refused jsonb NOT NULL
);

ALTER TABLE ONLY rondo.bulks FORCE ROW LEVEL SECURITY;

CREATE TABLE rondo.commands (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    kind rondo.outcome NOT NULL,
    task_id uuid,
    fingerprint text NOT NULL,
    version bigint,
    code text,
    detail text,
    field text,
    subject text,
    events integer
);

ALTER TABLE ONLY rondo.commands FORCE ROW LEVEL SECURITY;

CREATE TABLE rondo.filters (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    text text NOT NULL,
    sort text NOT NULL,
    colour text,
    rank text NOT NULL COLLATE pg_catalog."C",
    deleted boolean NOT NULL,
    version bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY rondo.filters FORCE ROW LEVEL SECURITY;

CREATE TABLE rondo.lists (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    colour text,
    rank text NOT NULL COLLATE pg_catalog."C",
    deleted boolean NOT NULL,
    version bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    name_folded text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE ONLY rondo.lists FORCE ROW LEVEL SECURITY;

CREATE TABLE rondo.notifications (
    id uuid NOT NULL,
    channel text NOT NULL,
    attempt integer NOT NULL,
    step rondo.step NOT NULL,
    user_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    command uuid NOT NULL,
    task_id uuid NOT NULL,
    title text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    detail text,
    retry_at timestamp with time zone
);

ALTER TABLE ONLY rondo.notifications FORCE ROW LEVEL SECURITY;

CREATE TABLE rondo.positions (
    topic text NOT NULL,
    partition integer NOT NULL,
    "position" bigint NOT NULL
);

CREATE TABLE rondo.reminders (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    task_id uuid NOT NULL,
    reminder text NOT NULL,
    title text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    status rondo.reminder_status NOT NULL,
    changed_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY rondo.reminders FORCE ROW LEVEL SECURITY;

CREATE TABLE rondo.tag_colours (
    user_id uuid NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    colour text,
    version bigint NOT NULL
);

ALTER TABLE ONLY rondo.tag_colours FORCE ROW LEVEL SECURITY;

CREATE TABLE rondo.tags (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    name_folded text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE ONLY rondo.tags FORCE ROW LEVEL SECURITY;

CREATE TABLE rondo.task_tags (
    task_id uuid NOT NULL,
    tag_id uuid NOT NULL,
    user_id uuid NOT NULL
);

ALTER TABLE ONLY rondo.task_tags FORCE ROW LEVEL SECURITY;

ALTER TABLE ONLY rondo.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (user_id, sequence);

ALTER TABLE ONLY rondo.bulks
    ADD CONSTRAINT bulks_pkey PRIMARY KEY (id, chunk);

ALTER TABLE ONLY rondo.commands
    ADD CONSTRAINT commands_pkey PRIMARY KEY (id);

ALTER TABLE ONLY rondo.filters
    ADD CONSTRAINT filters_pkey PRIMARY KEY (id);

ALTER TABLE ONLY rondo.lists
    ADD CONSTRAINT lists_pkey PRIMARY KEY (id);

ALTER TABLE ONLY rondo.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (id, channel, attempt, step);

ALTER TABLE ONLY rondo.positions
    ADD CONSTRAINT positions_pkey PRIMARY KEY (topic, partition);

ALTER TABLE ONLY rondo.reminders
    ADD CONSTRAINT reminders_pkey PRIMARY KEY (id);

ALTER TABLE ONLY rondo.tag_colours
    ADD CONSTRAINT tag_colours_pkey PRIMARY KEY (user_id, name);

ALTER TABLE ONLY rondo.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (id);

ALTER TABLE ONLY rondo.tags
    ADD CONSTRAINT tags_user_id_name_key UNIQUE (user_id, name);

ALTER TABLE ONLY rondo.task_tags
    ADD CONSTRAINT task_tags_pkey PRIMARY KEY (task_id, tag_id);

ALTER TABLE ONLY rondo.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (id);

CREATE INDEX audit_of_command ON rondo.audit USING btree (user_id, command);

CREATE INDEX audit_of_subject ON rondo.audit USING btree (user_id, subject, sequence) WHERE (subject IS NOT NULL);

CREATE INDEX audit_of_task ON rondo.audit USING btree (user_id, task_id, sequence);

CREATE INDEX filters_by_rank ON rondo.filters USING btree (user_id, rank, id) WHERE (NOT deleted);

CREATE INDEX lists_by_rank ON rondo.lists USING btree (user_id, rank, id) WHERE (NOT deleted);

CREATE INDEX notifications_by_due ON rondo.notifications USING btree (user_id, due_at DESC, id DESC);

CREATE INDEX reminders_by_due ON rondo.reminders USING btree (user_id, due_at, id);

CREATE INDEX tags_by_folded_name ON rondo.tags USING btree (user_id, name_folded);

CREATE INDEX task_tags_of_tag ON rondo.task_tags USING btree (tag_id, task_id) INCLUDE (user_id);

CREATE INDEX tasks_by_due ON rondo.tasks USING btree (user_id, due_local, id) WHERE (status = 'OPEN'::rondo.status);

CREATE INDEX tasks_by_rank ON rondo.tasks USING btree (user_id, rank, id) WHERE (status = 'OPEN'::rondo.status);

CREATE INDEX tasks_by_title ON rondo.tasks USING btree (user_id, title_folded, id) WHERE (status = 'OPEN'::rondo.status);

CREATE INDEX tasks_by_urgency ON rondo.tasks USING btree (user_id, urgency DESC, due_local, id) WHERE (status = 'OPEN'::rondo.status);

CREATE INDEX tasks_completed ON rondo.tasks USING btree (user_id, completed_at DESC NULLS LAST, id DESC) WHERE (completed_at IS NOT NULL);

CREATE INDEX tasks_newest ON rondo.tasks USING btree (user_id, created_at DESC, id DESC);

CREATE INDEX tasks_of_list ON rondo.tasks USING btree (user_id, list_id) WHERE ((status = 'OPEN'::rondo.status) AND (list_id IS NOT NULL));

CREATE INDEX tasks_of_parent ON rondo.tasks USING btree (user_id, parent_id) WHERE (parent_id IS NOT NULL);

CREATE INDEX tasks_pinned ON rondo.tasks USING btree (user_id, pinned DESC, rank, id) WHERE (status = 'OPEN'::rondo.status);

CREATE INDEX tasks_words ON rondo.tasks USING gin (words);

ALTER TABLE rondo.audit ENABLE ROW LEVEL SECURITY;

ALTER TABLE rondo.bulks ENABLE ROW LEVEL SECURITY;

ALTER TABLE rondo.commands ENABLE ROW LEVEL SECURITY;

ALTER TABLE rondo.filters ENABLE ROW LEVEL SECURITY;

ALTER TABLE rondo.lists ENABLE ROW LEVEL SECURITY;

ALTER TABLE rondo.notifications ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON rondo.audit FOR SELECT TO rondo_api USING ((user_id = ( SELECT (NULLIF(current_setting('rondo.user'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY own_rows ON rondo.bulks FOR SELECT TO rondo_api USING ((user_id = ( SELECT (NULLIF(current_setting('rondo.user'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY own_rows ON rondo.commands FOR SELECT TO rondo_api USING ((user_id = ( SELECT (NULLIF(current_setting('rondo.user'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY own_rows ON rondo.filters FOR SELECT TO rondo_api USING ((user_id = ( SELECT (NULLIF(current_setting('rondo.user'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY own_rows ON rondo.lists FOR SELECT TO rondo_api USING ((user_id = ( SELECT (NULLIF(current_setting('rondo.user'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY own_rows ON rondo.notifications FOR SELECT TO rondo_api USING ((user_id = ( SELECT (NULLIF(current_setting('rondo.user'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY own_rows ON rondo.reminders FOR SELECT TO rondo_api USING ((user_id = ( SELECT (NULLIF(current_setting('rondo.user'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY own_rows ON rondo.tag_colours FOR SELECT TO rondo_api USING ((user_id = ( SELECT (NULLIF(current_setting('rondo.user'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY own_rows ON rondo.tags FOR SELECT TO rondo_api USING ((user_id = ( SELECT (NULLIF(current_setting('rondo.user'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY own_rows ON rondo.task_tags FOR SELECT TO rondo_api USING ((user_id = ( SELECT (NULLIF(current_setting('rondo.user'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY own_rows ON rondo.tasks FOR SELECT TO rondo_api USING ((user_id = ( SELECT (NULLIF(current_setting('rondo.user'::text, true), ''::text))::uuid AS "nullif")));

CREATE POLICY projector ON rondo.audit TO rondo_views USING (true) WITH CHECK (true);

CREATE POLICY projector ON rondo.bulks TO rondo_views USING (true) WITH CHECK (true);

CREATE POLICY projector ON rondo.commands TO rondo_views USING (true) WITH CHECK (true);

CREATE POLICY projector ON rondo.filters TO rondo_views USING (true) WITH CHECK (true);

CREATE POLICY projector ON rondo.lists TO rondo_views USING (true) WITH CHECK (true);

CREATE POLICY projector ON rondo.notifications TO rondo_views USING (true) WITH CHECK (true);

CREATE POLICY projector ON rondo.reminders TO rondo_views USING (true) WITH CHECK (true);

CREATE POLICY projector ON rondo.tag_colours TO rondo_views USING (true) WITH CHECK (true);

CREATE POLICY projector ON rondo.tags TO rondo_views USING (true) WITH CHECK (true);

CREATE POLICY projector ON rondo.task_tags TO rondo_views USING (true) WITH CHECK (true);

CREATE POLICY projector ON rondo.tasks TO rondo_views USING (true) WITH CHECK (true);

ALTER TABLE rondo.reminders ENABLE ROW LEVEL SECURITY;

ALTER TABLE rondo.tag_colours ENABLE ROW LEVEL SECURITY;

ALTER TABLE rondo.tags ENABLE ROW LEVEL SECURITY;

ALTER TABLE rondo.task_tags ENABLE ROW LEVEL SECURITY;

ALTER TABLE rondo.tasks ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA rondo TO rondo_api;
GRANT USAGE ON SCHEMA rondo TO rondo_views;

GRANT SELECT ON TABLE rondo.tasks TO rondo_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rondo.tasks TO rondo_views;

REVOKE ALL ON FUNCTION rondo.found(asked tsquery) FROM PUBLIC;
GRANT ALL ON FUNCTION rondo.found(asked tsquery) TO rondo_api;

REVOKE ALL ON FUNCTION rondo.unknown(asked tsquery[]) FROM PUBLIC;
GRANT ALL ON FUNCTION rondo.unknown(asked tsquery[]) TO rondo_api;

REVOKE ALL ON FUNCTION rondo.words_beside(asked tsquery, expression text) FROM PUBLIC;
GRANT ALL ON FUNCTION rondo.words_beside(asked tsquery, expression text) TO rondo_api;

GRANT SELECT ON TABLE rondo.audit TO rondo_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rondo.audit TO rondo_views;

GRANT SELECT ON TABLE rondo.bulks TO rondo_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rondo.bulks TO rondo_views;

GRANT SELECT ON TABLE rondo.commands TO rondo_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rondo.commands TO rondo_views;

GRANT SELECT ON TABLE rondo.filters TO rondo_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rondo.filters TO rondo_views;

GRANT SELECT ON TABLE rondo.lists TO rondo_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rondo.lists TO rondo_views;

GRANT SELECT ON TABLE rondo.notifications TO rondo_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rondo.notifications TO rondo_views;

GRANT SELECT,INSERT,UPDATE ON TABLE rondo.positions TO rondo_views;

GRANT SELECT ON TABLE rondo.reminders TO rondo_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rondo.reminders TO rondo_views;

GRANT SELECT ON TABLE rondo.tag_colours TO rondo_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rondo.tag_colours TO rondo_views;

GRANT SELECT ON TABLE rondo.tags TO rondo_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rondo.tags TO rondo_views;

GRANT SELECT ON TABLE rondo.task_tags TO rondo_api;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE rondo.task_tags TO rondo_views;
