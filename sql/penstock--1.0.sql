\echo Use "CREATE EXTENSION penstock" to load this file. \quit

-- Sections: roles, foreign data wrapper, state, diagnostics, catalog views, functions, grants.
-- ASCII only: the server reads it in the encoding of the database.
-- README.md beside this file says what the marker of a schema is and how to add an upgrade step.

------------------------------------------------------------------------------------------ roles

do $roles$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'penstock_owner') then
        create role penstock_owner login nosuperuser nocreatedb nocreaterole noreplication;
    end if;
    if not exists (select from pg_catalog.pg_roles where rolname = 'penstock_users') then
        create role penstock_users nologin nosuperuser nocreatedb nocreaterole noreplication;
    end if;
    if exists (select from pg_catalog.pg_roles
               where rolname in ('penstock_owner', 'penstock_users') and rolsuper) then
        raise exception 'roles "penstock_owner" and "penstock_users" must not be superusers'
            using errcode = 'invalid_role_specification',
                  hint = 'Run ALTER ROLE ... NOSUPERUSER first.';
    end if;
    if exists (select from pg_catalog.pg_namespace n
               join pg_catalog.pg_roles r on r.oid = n.nspowner
               where n.nspname = 'penstock' and not r.rolsuper) then
        raise exception 'schema "penstock" exists and belongs to a role that is no superuser'
            using errcode = 'insufficient_privilege',
                  hint = 'Rename or drop the schema first; the extension makes its own.';
    end if;
    execute pg_catalog.format('grant create on database %I to penstock_owner',
                              pg_catalog.current_database());
end
$roles$;

grant usage on schema penstock to penstock_owner, penstock_users;
comment on schema penstock is
    'Penstock: the state of all connections, diagnostics and functions; see connection_state';

-------------------------------------------------------------------------- foreign data wrapper

create function penstock.penstock_fdw_handler() returns fdw_handler
    language c strict set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'penstock_fdw_handler';
create function penstock.penstock_fdw_validator(text[], oid) returns void
    language c strict set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'penstock_fdw_validator';
create foreign data wrapper penstock
    handler penstock.penstock_fdw_handler
    validator penstock.penstock_fdw_validator;
grant usage on foreign data wrapper penstock to penstock_owner;

comment on function penstock.penstock_fdw_handler() is
    'gives PostgreSQL the callbacks that scan a plugin';
comment on function penstock.penstock_fdw_validator(text[], oid) is
    'checks the options of servers, foreign tables and columns';
comment on foreign data wrapper penstock is
    'tables of Penstock plugins; one server for each plugin instance, made by penstockd';

------------------------------------------------------------------------------------------ state

create view penstock.transition (from_state, to_state, happens) as values
    (null,       'pending',  'the connection appears in the configuration'),
    ('pending',  'updating', 'work on the schema begins'),
    ('pending',  'ready',    'nothing to change: the live schema already is as wanted'),
    ('pending',  'error',    'the plugin or the configuration is at fault'),
    ('pending',  'deleting', 'not in the configuration any more'),
    ('pending',  'disabled', 'import_schema is "disabled"'),
    ('updating', 'pending',  'the service starts'),
    ('updating', 'ready',    'the last change of the schema is committed with it'),
    ('updating', 'error',    'the plugin or the import failed'),
    ('updating', 'deleting', 'not in the configuration any more'),
    ('updating', 'disabled', 'import_schema is "disabled"'),
    ('ready',    'pending',  'the service starts'),
    ('ready',    'updating', 'schema, arguments or plugin changed and the work on it begins'),
    ('ready',    'error',    'the plugin or the configuration is at fault'),
    ('ready',    'deleting', 'not in the configuration any more'),
    ('ready',    'disabled', 'import_schema is "disabled"'),
    ('error',    'pending',  'the service starts'),
    ('error',    'updating', 'another attempt begins'),
    ('error',    'deleting', 'not in the configuration any more'),
    ('error',    'disabled', 'import_schema is "disabled"'),
    ('deleting', 'pending',  'the service starts, or the connection is configured again'),
    ('deleting', 'disabled', 'import_schema is "disabled"'),
    ('deleting', null,       'the schema is gone'),
    ('disabled', 'pending',  'import_schema is not "disabled" any more'),
    ('disabled', 'deleting', 'not in the configuration any more');

comment on view penstock.transition is
    'every legal change of connection_state.state; the trigger refuses all others';
comment on column penstock.transition.from_state is 'state before; null: there was no row';
comment on column penstock.transition.to_state is 'state after; null: the row is deleted';
comment on column penstock.transition.happens is 'when it happens';

create sequence penstock.connection_generation;
comment on sequence penstock.connection_generation is
    'numbers the changes of state, over all connections; used by the trigger';

create table penstock.connection_state (
    connection_name  text primary key
        check (connection_name <> '' and octet_length(connection_name) <= 1000),
    state            text not null default 'pending'
        check (state in ('pending', 'updating', 'ready', 'error', 'deleting', 'disabled')),
    error            text
        check (error <> ''),
    plugin           text,
    plugin_instance  text,
    type             text not null default 'plugin'
        check (type in ('plugin', 'aggregator')),
    connections      text[] not null default '{}',
    import_schema    text not null default 'enabled'
        check (import_schema in ('enabled', 'lazy', 'disabled')),
    imported         bool not null default false,
    table_count      int not null default 0 check (table_count >= 0),
    schema_mode      text check (schema_mode in ('static', 'dynamic')),
    schema_hash      text,
    comments_set     bool not null default false,
    config_hash      text,
    plugin_mod_time  timestamptz,
    state_changed_at timestamptz not null default pg_catalog.now(),
    generation       bigint not null default 0,
    attempts         int not null default 0 check (attempts >= 0),
    last_attempt_at  timestamptz,
    next_attempt_at  timestamptz,
    file_name        text,
    start_line       int,
    end_line         int,
    live_hash        text,
    held_hash        text,
    constraint connection_state_error_has_a_text check (state <> 'error' or error is not null),
    constraint connection_state_disabled_waits_for_nothing
        check (state <> 'disabled' or error is null)
);

comment on table penstock.connection_state is
    'one row for each configured connection, kept true by penstockd, which alone writes it; LISTEN connection_state gives one notification for each change of state';
comment on column penstock.connection_state.connection_name is
    'name in the configuration and of the foreign schema';
comment on column penstock.connection_state.state is
    'pending, updating, ready, error, deleting or disabled; legal changes are in penstock.transition';
comment on column penstock.connection_state.error is
    'why the state is error, or what a deletion or refresh waits for; null otherwise';
comment on column penstock.connection_state.plugin is 'plugin that the connection uses';
comment on column penstock.connection_state.plugin_instance is
    'process that serves it, and name of its foreign server';
comment on column penstock.connection_state.type is
    'plugin, or aggregator: a union of other connections';
comment on column penstock.connection_state.connections is
    'of an aggregator: the connections it is made of';
comment on column penstock.connection_state.import_schema is 'enabled, lazy or disabled';
comment on column penstock.connection_state.imported is 'does the schema hold its tables';
comment on column penstock.connection_state.table_count is 'tables that the plugin offers';
comment on column penstock.connection_state.schema_mode is
    'static: all connections of the plugin have the same tables; dynamic: each has its own';
comment on column penstock.connection_state.schema_hash is
    'hash over tables, columns, types, keys and comments that the schema was made from';
comment on column penstock.connection_state.comments_set is
    'are the comments on tables and columns as offered; they come after ready';
comment on column penstock.connection_state.config_hash is
    'hash of the configuration that the schema was made from';
comment on column penstock.connection_state.plugin_mod_time is
    'time of the plugin''s executable that the schema was made from; null if not known';
comment on column penstock.connection_state.state_changed_at is
    'last change of state, set by the trigger; for display, order by generation';
comment on column penstock.connection_state.generation is
    'number of the last change of state, set by the trigger; always grows';
comment on column penstock.connection_state.attempts is
    'failed attempts in a row; cleared on success';
comment on column penstock.connection_state.last_attempt_at is 'start or failure of the last attempt';
comment on column penstock.connection_state.next_attempt_at is
    'when it is tried again: after 1 s, doubling to 30 s; null: only after a change';
comment on column penstock.connection_state.file_name is 'file where it is configured';
comment on column penstock.connection_state.start_line is 'first line of its block, from 1';
comment on column penstock.connection_state.end_line is 'last line of its block';
comment on column penstock.connection_state.live_hash is
    'penstock.live_schema.live_hash as penstockd left it; another value means that somebody changed the schema';
comment on column penstock.connection_state.held_hash is
    'hash of penstock.dependent_object of the schema while tables or columns are kept for them; null: nothing is kept';

create function penstock.check_transition() returns trigger
    language plpgsql set search_path = pg_catalog, pg_temp
    as $function$
declare
    old_state text;
    new_state text;
    name text;
    number bigint;
    choices text;
begin
    if tg_op <> 'INSERT' then
        old_state := old.state;
        name := old.connection_name;
    end if;
    if tg_op <> 'DELETE' then
        new_state := new.state;
        name := new.connection_name;
    end if;
    if tg_op = 'UPDATE' then
        if new.connection_name <> old.connection_name then
            raise exception 'connection "%" cannot be renamed', old.connection_name
                using errcode = 'check_violation',
                      hint = 'A new name is a new connection: delete the old row and insert another.';
        end if;
        new.generation := old.generation;
        new.state_changed_at := old.state_changed_at;
        if new_state = old_state then
            return new;
        end if;
    end if;
    if not exists (select from penstock.transition t
                   where t.from_state is not distinct from old_state
                     and t.to_state is not distinct from new_state) then
        select string_agg(coalesce('"' || t.to_state || '"', 'a deleted row'), ', ' order by t.to_state)
            into choices from penstock.transition t
            where t.from_state is not distinct from old_state;
        raise exception 'connection "%" cannot go from % to %', name,
                coalesce('"' || old_state || '"', 'no row'),
                coalesce('"' || new_state || '"', 'a deleted row')
            using errcode = 'check_violation',
                  hint = format('From %s it can go to: %s.',
                                coalesce('"' || old_state || '"', 'no row'), choices);
    end if;
    number := nextval('penstock.connection_generation');
    -- At most 6 bytes of JSON for each of 1000 bytes of name: well below the 8000 of a payload.
    perform pg_notify('connection_state',
        format('{"connection":%s,"from":%s,"to":%s,"generation":%s}', to_json(name),
               coalesce(to_json(old_state)::text, 'null'),
               coalesce(to_json(new_state)::text, 'null'), number));
    if tg_op = 'DELETE' then
        return old;
    end if;
    new.generation := number;
    new.state_changed_at := clock_timestamp();
    return new;
end
$function$;
comment on function penstock.check_transition() is
    'refuses illegal changes of state, numbers the legal ones and sends their notifications';

create trigger check_transition before insert or update or delete on penstock.connection_state
    for each row execute function penstock.check_transition();
comment on trigger check_transition on penstock.connection_state is
    'only legal changes of state, one notification for each';

create function penstock.refuse_truncate() returns trigger
    language plpgsql set search_path = pg_catalog, pg_temp
    as $function$
begin
    raise exception 'table "connection_state" cannot be truncated'
        using errcode = 'check_violation',
              hint = 'Rows go one by one, from "deleting", so that listeners hear of each.';
end
$function$;
comment on function penstock.refuse_truncate() is 'keeps rows from going without a notification';

create trigger refuse_truncate before truncate on penstock.connection_state
    for each statement execute function penstock.refuse_truncate();
comment on trigger refuse_truncate on penstock.connection_state is
    'rows go one by one, each with its notification';

-- An empty table that nobody reads: its cache invalidation is the message to all backends that the
-- state of some connection changed. Not connection_state itself, whose cache entry and plans
-- would be made anew each time.
create table penstock.state_signal ();
comment on table penstock.state_signal is
    'always empty; tells server processes that a connection changed its state';

create function penstock.signal_state() returns trigger
    language c set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'penstock_signal_state';
comment on function penstock.signal_state() is
    'makes every server process forget, at commit, what it knows of connections';

create trigger signal_state
    after insert or delete or update of state, imported, error on penstock.connection_state
    for each statement execute function penstock.signal_state();
comment on trigger signal_state on penstock.connection_state is
    'waiting queries look again; transactional, like the change itself';

create table penstock.controller (
    is_only    bool primary key default true check (is_only),
    epoch      bigint not null default 0,
    pid        int,
    started_at timestamptz,
    settled_at timestamptz,
    socket     text,
    uid        bigint
);
insert into penstock.controller default values;

comment on table penstock.controller is
    'one row: the penstockd that leads; every write transaction of penstockd checks the epoch';
comment on column penstock.controller.is_only is 'always true: keeps the table at one row';
comment on column penstock.controller.epoch is
    'counts the leaders; a controller with another epoch has been replaced and may not write';
comment on column penstock.controller.pid is 'process id of the leader, on its machine';
comment on column penstock.controller.started_at is 'when it became the leader';
comment on column penstock.controller.settled_at is
    'when no connection was pending or updating for the first time under this leader; null before';
comment on column penstock.controller.socket is
    'path of the socket at which it takes what queries wait for; null: it was stopped';
comment on column penstock.controller.uid is 'user id that it runs as; server processes check it';

------------------------------------------------------------------------------------ diagnostics

create table penstock.event (
    id         bigint generated always as identity primary key,
    at         timestamptz not null default pg_catalog.clock_timestamp(),
    kind       text not null check (kind in ('service', 'config', 'plugin', 'connection', 'query')),
    event      text not null,
    source     text not null check (source in ('user', 'watcher', 'plugin', 'controller')),
    connection text,
    detail     jsonb not null default '{}'
);
comment on table penstock.event is
    'the last 10,000 diagnostics, oldest first by id; written and pruned by penstockd';
comment on column penstock.event.id is 'order of writing';
comment on column penstock.event.at is 'when it was written';
comment on column penstock.event.kind is 'service, config, plugin, connection or query';
comment on column penstock.event.event is 'what happened, a short word such as "started"';
comment on column penstock.event.source is 'who caused it: user, watcher, plugin or controller';
comment on column penstock.event.connection is 'connection it is about, or null';
comment on column penstock.event.detail is 'the rest, by name; never a secret';

create table penstock.plugin (
    instance     text primary key,
    plugin       text not null,
    version      text,
    state        text not null
        check (state in ('stopped', 'starting', 'running', 'backoff', 'failed')),
    error        text,
    pid          bigint,
    restarts     int not null default 0,
    memory_bytes bigint,
    sandbox      text[] not null default '{}'
);
comment on table penstock.plugin is 'plugin instances, one process each; written by penstockd';
comment on column penstock.plugin.instance is 'label of the instance and name of its foreign server';
comment on column penstock.plugin.plugin is 'the plugin it runs';
comment on column penstock.plugin.version is 'version that the plugin states; null before it said so';
comment on column penstock.plugin.state is 'stopped, starting, running, backoff or failed';
comment on column penstock.plugin.error is 'why it is not running, or null';
comment on column penstock.plugin.pid is 'process id, or null when it does not run';
comment on column penstock.plugin.restarts is 'restarts since penstockd started';
comment on column penstock.plugin.memory_bytes is 'resident memory, bytes; null if not known';
comment on column penstock.plugin.sandbox is 'layers of the sandbox in force';

create table penstock.config_file (
    path             text primary key,
    state            text not null check (state in ('ok', 'error')),
    error            text,
    line             int,
    connection_count int not null default 0
);
comment on table penstock.config_file is
    'files of the configuration folder as last read; written by penstockd';
comment on column penstock.config_file.path is 'path of the file';
comment on column penstock.config_file.state is
    'ok, or error: its connections keep running on the last good version';
comment on column penstock.config_file.error is 'why it cannot be used, or null';
comment on column penstock.config_file.line is 'line of the error, from 1; null for the whole file';
comment on column penstock.config_file.connection_count is 'connections that come from it';

create table penstock.offered_table (
    schema_hash text collate "C",
    table_name  text collate "C",
    "position"  int not null check ("position" > 0),
    description text,
    columns     jsonb not null default '[]',
    problem     text,
    primary key (schema_hash, table_name)
);
comment on table penstock.offered_table is
    'tables that plugins offer, once for each schema_hash of connection_state, however many connections share it; written by penstockd, shown by penstock.table and penstock.column';
comment on column penstock.offered_table.schema_hash is 'connection_state.schema_hash of the connections that it is offered for';
comment on column penstock.offered_table.table_name is 'name of the table; cut where it has a problem and more than 255 bytes';
comment on column penstock.offered_table."position" is 'place among the tables of the plugin, from 1';
comment on column penstock.offered_table.description is 'what it holds, in the words of the plugin; null: it does not say';
comment on column penstock.offered_table.columns is
    'array, in order, of {"name", "type_oid", "description"} and the options of the column by name ("key", "exact", "superset" and others); what is absent is null';
comment on column penstock.offered_table.problem is 'why it cannot be a table of PostgreSQL and is left out; null: it can';

---------------------------------------------------------------------------------- catalog views

create view penstock.live_table as
    select c.relnamespace as schema_oid, c.oid as table_oid, c.relname as table_name,
           format('%I on %I %s: %s', c.relname, s.srvname, t.ftoptions,
                  (select string_agg(format('%I %s %s', a.attname, a.atttypid, a.attfdwoptions),
                                     ', ' order by a.attname)
                   from pg_catalog.pg_attribute a
                   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)) as definition
    from pg_catalog.pg_class c
    join pg_catalog.pg_foreign_table t on t.ftrelid = c.oid
    join pg_catalog.pg_foreign_server s on s.oid = t.ftserver;
comment on view penstock.live_table is
    'foreign tables as they now are, one text each; what live hashes are made from';
comment on column penstock.live_table.schema_oid is 'schema, in pg_namespace';
comment on column penstock.live_table.table_oid is 'the table, in pg_class';
comment on column penstock.live_table.table_name is 'name of the table';
comment on column penstock.live_table.definition is
    'name, server, options, and name, type and options of each column';

-- One pass over all tables: pg_class has no index that starts with the schema.
create view penstock.live_schema as
    select n.oid as schema_oid, n.nspname as schema_name,
           pg_catalog.pg_get_userbyid(n.nspowner) = 'penstock_owner'
               and coalesce(pg_catalog.obj_description(n.oid, 'pg_namespace')
                            like 'Penstock connection%', false) as is_ours,
           coalesce(live.hash, '') as live_hash
    from pg_catalog.pg_namespace n
    left join (
        select l.schema_oid,
               encode(sha256(convert_to(string_agg(l.definition, e'\n' order by l.table_name),
                                        'UTF8')), 'hex') as hash
        from penstock.live_table l
        group by l.schema_oid) live on live.schema_oid = n.oid;
comment on view penstock.live_schema is
    'schemas of this database, and whether they carry the marker of Penstock';
comment on column penstock.live_schema.schema_oid is 'the schema, in pg_namespace';
comment on column penstock.live_schema.schema_name is 'name of the schema';
comment on column penstock.live_schema.is_ours is
    'the marker: owner penstock_owner and a comment that starts with "Penstock connection"';
comment on column penstock.live_schema.live_hash is
    'hash over the foreign tables, their servers, columns, types and options as they now are';

-- What is on offer, and what is in a schema though it is not on offer any more. Tables of a schema
-- are found by pg_depend: pg_class has no index that starts with the schema.
create view penstock."table" as
    select cs.connection_name as connection, o.table_name, o."position", o.description,
           true as is_offered, live.table_oid is not null as is_imported, o.problem
    from penstock.connection_state cs
    join penstock.offered_table o on o.schema_hash = cs.schema_hash
    left join (penstock.live_schema s join penstock.live_table live using (schema_oid))
        on s.is_ours and s.schema_name = cs.connection_name and live.table_name = o.table_name
    union all
    select cs.connection_name, live.table_name::text, null,
           pg_catalog.obj_description(live.table_oid, 'pg_class'), false, true, null
    from penstock.connection_state cs
    join penstock.live_schema s on s.is_ours and s.schema_name = cs.connection_name
    join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
        and d.refobjid = s.schema_oid and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    join penstock.live_table live on live.table_oid = d.objid
    where not exists (select from penstock.offered_table o
                      where o.schema_hash = cs.schema_hash and o.table_name = live.table_name);
comment on view penstock."table" is
    'the tables of all connections: everything on offer, imported or not, and what is kept for dependents though it is not on offer any more';
comment on column penstock."table".connection is 'connection, and name of the schema';
comment on column penstock."table".table_name is 'name of the table';
comment on column penstock."table"."position" is
    'place among the tables of the plugin, from 1; null when it is not on offer';
comment on column penstock."table".description is 'what it holds, in the words of the plugin';
comment on column penstock."table".is_offered is
    'does the plugin offer it; false: it is kept for what depends on it';
comment on column penstock."table".is_imported is
    'is it in the schema; false: the connection is lazy or in error, or the table was left out';
comment on column penstock."table".problem is
    'why it cannot be a table of PostgreSQL and is left out; null: it can';

create view penstock."column" as
    select cs.connection_name as connection, o.table_name, c.column_name,
           c."position"::int as "position", pg_catalog.format_type(c.type_oid, -1) as type,
           c.description, c.key, c.exact, c.superset,
           true as is_offered, a.attnum is not null as is_imported
    from penstock.connection_state cs
    join penstock.offered_table o on o.schema_hash = cs.schema_hash
    cross join lateral rows from (pg_catalog.jsonb_to_recordset(o.columns) as
        (name text, type_oid oid, description text, key text, exact text, superset text))
        with ordinality c (column_name, type_oid, description, key, exact, superset, "position")
    left join (penstock.live_schema s join penstock.live_table live using (schema_oid)
               join pg_catalog.pg_attribute a
                   on a.attrelid = live.table_oid and a.attnum > 0 and not a.attisdropped)
        on s.is_ours and s.schema_name = cs.connection_name and live.table_name = o.table_name
           and a.attname = c.column_name and a.atttypid = c.type_oid
    union all
    select cs.connection_name, live.table_name::text, a.attname::text, null,
           pg_catalog.format_type(a.atttypid, a.atttypmod),
           pg_catalog.col_description(live.table_oid, a.attnum),
           option.key, option.exact, option.superset, false, true
    from penstock.connection_state cs
    join penstock.live_schema s on s.is_ours and s.schema_name = cs.connection_name
    join pg_catalog.pg_depend d on d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
        and d.refobjid = s.schema_oid and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    join penstock.live_table live on live.table_oid = d.objid
    join pg_catalog.pg_attribute a
        on a.attrelid = live.table_oid and a.attnum > 0 and not a.attisdropped
    cross join lateral (
        select max(option_value) filter (where option_name = 'key') as key,
               max(option_value) filter (where option_name = 'exact') as exact,
               max(option_value) filter (where option_name = 'superset') as superset
        from pg_catalog.pg_options_to_table(a.attfdwoptions)) option
    where not exists (
        select from penstock.offered_table o
        cross join lateral pg_catalog.jsonb_to_recordset(o.columns) as c (name text, type_oid oid)
        where o.schema_hash = cs.schema_hash and o.table_name = live.table_name
          and c.name = a.attname and c.type_oid = a.atttypid);
comment on view penstock."column" is
    'the columns of all connections: everything on offer, imported or not, and what is kept for dependents though it is not on offer any more';
comment on column penstock."column".connection is 'connection, and name of the schema';
comment on column penstock."column".table_name is 'name of the table';
comment on column penstock."column".column_name is 'name of the column';
comment on column penstock."column"."position" is
    'place among the columns on offer, from 1; null when it is not on offer. In the schema columns that came later stand last';
comment on column penstock."column".type is 'type in SQL';
comment on column penstock."column".description is 'what it holds, in the words of the plugin';
comment on column penstock."column".key is
    'required, any_of or optional: what a scan needs of it; null: nothing';
comment on column penstock."column".exact is
    'operators whose conditions the plugin answers exactly; null: none';
comment on column penstock."column".superset is
    'operators whose conditions the plugin uses, but PostgreSQL checks again; null: none';
comment on column penstock."column".is_offered is
    'does the plugin offer it, with this type; false: it is kept for what depends on it';
comment on column penstock."column".is_imported is 'is it in the schema, with this type';

create function penstock.session_scans(
        out number bigint, out started_at timestamptz, out connection text, out table_name text,
        out plugin text, out columns text[], out column_count int, out exact_quals text[],
        out superset_quals text[], out local_quals text[], out row_target bigint,
        out requests bigint, out rows bigint, out bytes bigint, out source_bytes bigint,
        out blocks bigint, out cache_hit bool, out first_row_ms float8, out total_ms float8,
        out outcome text, out sqlstate text) returns setof record
    language c volatile parallel restricted set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'penstock_session_scans';
comment on function penstock.session_scans() is
    'the rows of penstock.scan, oldest first';

create view penstock.scan as select * from penstock.session_scans();
comment on view penstock.scan is
    'the last scans of this session that have ended (setting penstock.scan_history, 100); a session sees its own only, without those of parallel workers, and a role only those of roles that it is a member of';
comment on column penstock.scan.number is 'counts the scans of the session, in the order of their ends';
comment on column penstock.scan.started_at is 'when the plugin was first asked';
comment on column penstock.scan.connection is 'connection';
comment on column penstock.scan.table_name is 'table, as the plugin calls it';
comment on column penstock.scan.plugin is 'plugin that answered';
comment on column penstock.scan.columns is 'columns that were fetched, the first 100';
comment on column penstock.scan.column_count is 'number of columns that were fetched; 0: rows were only counted';
comment on column penstock.scan.exact_quals is
    'conditions that the plugin guaranteed, with the values of the first request; long ones are cut off';
comment on column penstock.scan.superset_quals is
    'conditions that the plugin could use, with the values of the first request; PostgreSQL checked them again';
comment on column penstock.scan.local_quals is
    'conditions that PostgreSQL checked, the superset ones among them';
comment on column penstock.scan.row_target is 'rows that the query was likely to read; null: all';
comment on column penstock.scan.requests is
    'times that the plugin was asked: more than 1 in a nested loop, 0 if no row could match';
comment on column penstock.scan.rows is 'rows received, before PostgreSQL checked conditions of its own';
comment on column penstock.scan.bytes is 'bytes received from the plugin';
comment on column penstock.scan.source_bytes is
    'bytes that the plugin read from its source; null if it does not say';
comment on column penstock.scan.blocks is 'blocks of rows received';
comment on column penstock.scan.cache_hit is
    'did the rows come from the plugin''s cache; null: the scan did not get to its end';
comment on column penstock.scan.first_row_ms is
    'from the first request to its first rows, ms; null: there were none';
comment on column penstock.scan.total_ms is
    'from the first request to the end of the scan, ms; the time of whoever reads the rows is in it';
comment on column penstock.scan.outcome is
    'complete: all rows were read; stopped: the query needed no more, or failed elsewhere; failed: see sqlstate';
comment on column penstock.scan.sqlstate is
    'error code of a scan that failed or was cancelled (57014); null otherwise';

create function penstock.table_statistics(
        out relid oid, out scans bigint, out cached_scans bigint, out errors bigint,
        out cancelled bigint, out requests bigint, out rows bigint, out bytes bigint,
        out source_bytes bigint, out mean_first_row_ms float8, out total_ms float8,
        out max_ms float8, out last_scan timestamptz, out observed_rows bigint,
        out observed_at timestamptz, out stats_reset timestamptz) returns setof record
    language c volatile parallel safe set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'penstock_table_statistics';
comment on function penstock.table_statistics() is
    'the rows of penstock.stat_table, without names of tables';

create view penstock.stat_table as
    select s.relid, n.nspname as schema_name, c.relname as table_name, s.scans, s.cached_scans,
           s.errors, s.cancelled, s.requests, s.rows, s.bytes, s.source_bytes,
           s.mean_first_row_ms, s.total_ms, s.max_ms, s.last_scan, s.observed_rows, s.observed_at,
           s.stats_reset
    from penstock.table_statistics() s
    join pg_catalog.pg_class c on c.oid = s.relid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace;
comment on view penstock.stat_table is
    'what all sessions together did with each foreign table that was scanned since the server started, as far as the user may read the table or is a member of pg_read_all_stats; in shared memory, so penstock must be in shared_preload_libraries';
comment on column penstock.stat_table.relid is 'the foreign table, in pg_class';
comment on column penstock.stat_table.schema_name is 'schema of the table, named after its connection';
comment on column penstock.stat_table.table_name is 'name of the table';
comment on column penstock.stat_table.scans is
    'scans that have ended, in whatever way; one in parallel workers counts once, one in a nested loop once for all its requests';
comment on column penstock.stat_table.cached_scans is
    'those whose last rows came from the plugin''s cache';
comment on column penstock.stat_table.errors is
    'scans, or processes of parallel scans, that the plugin, its connection or its values failed';
comment on column penstock.stat_table.cancelled is
    'scans that the user, a timeout or the end of the session cut off while they were at work';
comment on column penstock.stat_table.requests is
    'times that the plugin was asked: once for each scan, each round of a nested loop, each part of a parallel scan';
comment on column penstock.stat_table.rows is
    'rows received, before PostgreSQL checked conditions of its own';
comment on column penstock.stat_table.bytes is 'bytes received from the plugin';
comment on column penstock.stat_table.source_bytes is
    'bytes that the plugin read from its source, where it says so; 0: it does not';
comment on column penstock.stat_table.mean_first_row_ms is
    'mean time from a scan''s first request to its first rows, ms; null: no scan had any';
comment on column penstock.stat_table.total_ms is
    'time of all scans from their first request to their end, ms; the time of whoever reads the rows is in it';
comment on column penstock.stat_table.max_ms is 'time of the longest of them, ms';
comment on column penstock.stat_table.last_scan is
    'when the last scan ended; null: none since the reset';
comment on column penstock.stat_table.observed_rows is
    'rows of the last scan of the whole table, which the planner uses where neither ANALYZE nor the plugin tells how many there are; null: there was none';
comment on column penstock.stat_table.observed_at is 'when that scan ended';
comment on column penstock.stat_table.stats_reset is
    'since when scans are counted: the last reset, or the table''s first scan';

create function penstock.statistics_room(
        out tables bigint, out max_tables bigint, out evicted bigint) returns record
    language c volatile parallel safe set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'penstock_statistics_room';
comment on function penstock.statistics_room() is 'the row of penstock.stat_table_info';

create view penstock.stat_table_info as select * from penstock.statistics_room();
comment on view penstock.stat_table_info is
    'how full the shared memory behind penstock.stat_table is, over all databases';
comment on column penstock.stat_table_info.tables is 'tables that have statistics';
comment on column penstock.stat_table_info.max_tables is
    'tables that there is room for: the setting penstock.stat_table_max';
comment on column penstock.stat_table_info.evicted is
    'times that the table which was scanned longest ago was forgotten for another, since the server started; if it grows, penstock.stat_table_max is too small';

-------------------------------------------------------------------------------------- functions

create function penstock.stat_reset(foreign_table regclass default null) returns void
    language c volatile parallel restricted set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'penstock_stat_reset';
comment on function penstock.stat_reset(regclass) is
    'starts penstock.stat_table anew, for one table or for all of this database; for superusers, unless granted to others';

create function penstock.dependent_object(schema_name name, table_name name default null,
                                          column_name name default null)
    returns setof text
    language sql stable set search_path = pg_catalog, pg_temp
    as $function$
    with relation as (
        select c.oid, c.reltype, t.typarray
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        left join pg_type t on t.oid = c.reltype
        where n.nspname = $1 and c.relkind = 'f' and ($2 is null or c.relname = $2)
    ), target (class, object, subobject) as (
        select 'pg_class'::regclass, r.oid, a.attnum
        from relation r left join pg_attribute a on a.attrelid = r.oid and a.attname = $3
        union all
        select 'pg_type'::regclass, unnest(array[r.reltype, r.typarray]), null
        from relation r where $3 is null
    )
    select distinct case d.classid
               when 'pg_rewrite'::regclass then pg_describe_object(
                   'pg_class'::regclass,
                   (select w.ev_class from pg_rewrite w where w.oid = d.objid), 0)
               else pg_describe_object(d.classid, d.objid, d.objsubid)
           end
    from target t
    join pg_depend d on d.refclassid = t.class and d.refobjid = t.object
        and (t.subobject is null or d.refobjsubid = t.subobject)
    where d.deptype = 'n'
    order by 1
    $function$;
comment on function penstock.dependent_object(name, name, name) is
    'objects that depend on the foreign tables of a schema, on one of them, or on one of its columns: what keeps it from being dropped';

create function penstock.live_hash(schema_name name) returns text
    language sql stable set search_path = pg_catalog, pg_temp
    as $function$
    select coalesce(encode(sha256(convert_to(string_agg(
               l.definition, e'\n' order by l.table_name), 'UTF8')), 'hex'), '')
    from pg_namespace n
    join pg_depend d on d.refclassid = 'pg_namespace'::regclass and d.refobjid = n.oid
        and d.classid = 'pg_class'::regclass
    join penstock.live_table l on l.table_oid = d.objid
    where n.nspname = $1
    $function$;
comment on function penstock.live_hash(name) is
    'penstock.live_schema.live_hash of one schema, without a look at the others';

create function penstock.refresh(name text default null) returns void
    language plpgsql set search_path = pg_catalog, pg_temp
    as $function$
declare
    known text;
begin
    if not (pg_has_role(current_user, 'penstock_users', 'MEMBER')
            or pg_has_role(current_user, 'penstock_owner', 'MEMBER')) then
        raise exception 'permission denied to refresh connections'
            using errcode = 'insufficient_privilege',
                  hint = 'A member of role "penstock_users" may do so.';
    end if;
    if $1 is not null and not exists (
            select from penstock.connection_state s where s.connection_name = $1) then
        select string_agg('"' || s.connection_name || '"', ', ' order by s.connection_name)
            into known
            from (select c.connection_name from penstock.connection_state c
                  order by c.connection_name limit 20) s;
        raise exception 'connection "%" does not exist', $1
            using errcode = 'undefined_object',
                  hint = coalesce(format('Connections, the first 20 by name: %s.', known),
                                  'No connection is configured.');
    end if;
    perform pg_notify('penstock_request', coalesce($1, ''));
end
$function$;
comment on function penstock.refresh(text) is
    'asks penstockd to look again at one connection, or at all of them, at once and whatever its backoff; returns before it is done';

create function penstock.clear_plugin_cache(server name, connection text) returns void
    language c volatile strict parallel restricted set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'penstock_clear_plugin_cache';
comment on function penstock.clear_plugin_cache(name, text) is
    'makes one plugin instance forget what a connection, or with an empty name each one, said; for penstock.cache_clear';

create function penstock.cache_clear(name text default null) returns void
    language plpgsql set search_path = pg_catalog, pg_temp
    as $function$
begin
    if $1 is not null and not exists (
            select from penstock.connection_state s where s.connection_name = $1) then
        raise exception 'connection "%" does not exist', $1
            using errcode = 'undefined_object',
                  hint = 'Table penstock.connection_state lists all connections.';
    end if;
    -- An aggregator's rows are in the caches of its children. What does not run remembers nothing.
    perform penstock.clear_plugin_cache(p.instance::name, c.connection)
        from penstock.plugin p
        join pg_foreign_server f on f.srvname = p.instance
        cross join lateral (
            select '' as connection where $1 is null
            union
            select unnest(s.connections || s.connection_name) from penstock.connection_state s
            where s.connection_name = $1 and s.plugin_instance = p.instance) c
        where p.state = 'running';
end
$function$;
comment on function penstock.cache_clear(text) is
    'makes plugins forget the cached rows of one connection, or of all; done when it returns';

create function penstock.load(name text) returns void
    language plpgsql set search_path = pg_catalog, pg_temp
    as $function$
begin
    if not (pg_has_role(current_user, 'penstock_users', 'MEMBER')
            or pg_has_role(current_user, 'penstock_owner', 'MEMBER')) then
        raise exception 'permission denied to load the tables of a connection'
            using errcode = 'insufficient_privilege',
                  hint = 'A member of role "penstock_users" may do so.';
    end if;
    if not exists (select from penstock.connection_state s where s.connection_name = $1) then
        raise exception 'connection "%" does not exist', $1
            using errcode = 'undefined_object',
                  hint = 'Table penstock.connection_state lists all connections.';
    end if;
    perform pg_notify('penstock_load', $1);
end
$function$;
comment on function penstock.load(text) is
    'asks penstockd to put the tables of a lazy connection into its schema; returns before it is done';

create function penstock.wait_for(name text, timeout interval default '30s') returns text
    language c strict volatile parallel unsafe set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'penstock_wait_for';
comment on function penstock.wait_for(text, interval) is
    'waits until the connection is ready with its tables, which it loads when it is lazy; returns the state (ready); raises the error of the connection (class HV), 55000 when the time is over, 42704 when there is no such connection';

create function penstock.hold_load_lock(schema_name name) returns oid
    language c strict volatile parallel unsafe set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'penstock_hold_load_lock';
comment on function penstock.hold_load_lock(name) is
    'takes the load lock of a schema for the session: queries that need its tables wait for it; for penstockd; null: there is no such schema';
create function penstock.release_load_lock(schema oid) returns bool
    language c strict volatile parallel unsafe set search_path = pg_catalog, pg_temp
    as 'MODULE_PATHNAME', 'penstock_release_load_lock';
comment on function penstock.release_load_lock(oid) is
    'gives a load lock of this session back; for penstockd; false: the session had none';

-- Only a superuser or the database's owner may set it, and the setting of a group does not reach
-- its members: hence one narrow door for penstockd.
create function penstock.set_search_path(path text[]) returns bool
    language plpgsql security definer set search_path = pg_catalog, pg_temp
    as $function$
declare
    quoted text;
begin
    select string_agg(quote_ident(p.name), ', ' order by p.place) into quoted
        from unnest($1) with ordinality p (name, place);
    if quoted is null then
        raise exception 'a search path cannot be empty' using errcode = 'invalid_parameter_value';
    end if;
    if exists (select from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase
               where d.datname = current_database() and s.setrole = 0
                 and 'search_path=' || quoted = any (s.setconfig)) then
        return false;
    end if;
    execute format('alter database %I set search_path = %s', current_database(), quoted);
    return true;
end
$function$;
comment on function penstock.set_search_path(text[]) is
    'sets the search path of new sessions of this database; for penstockd; false: it was so already';

----------------------------------------------------------------------------------------- grants

-- The controller owns what it writes; views and functions stay with the superuser.
alter table penstock.connection_state owner to penstock_owner;
alter table penstock.controller owner to penstock_owner;
alter table penstock.state_signal owner to penstock_owner;
alter table penstock.event owner to penstock_owner;
alter table penstock.plugin owner to penstock_owner;
alter table penstock.config_file owner to penstock_owner;
alter table penstock.offered_table owner to penstock_owner;
alter sequence penstock.connection_generation owner to penstock_owner;

grant select on penstock.connection_state, penstock.controller, penstock.event, penstock.plugin,
    penstock.config_file, penstock.offered_table, penstock.transition, penstock.live_table,
    penstock.live_schema, penstock."table", penstock."column", penstock.scan,
    penstock.stat_table, penstock.stat_table_info
    to penstock_users, penstock_owner;

revoke all on function penstock.penstock_fdw_handler() from public;
revoke all on function penstock.penstock_fdw_validator(text[], oid) from public;
revoke all on function penstock.check_transition() from public;
revoke all on function penstock.session_scans() from public;
revoke all on function penstock.table_statistics() from public;
revoke all on function penstock.statistics_room() from public;
revoke all on function penstock.stat_reset(regclass) from public;
revoke all on function penstock.refuse_truncate() from public;
revoke all on function penstock.dependent_object(name, name, name) from public;
revoke all on function penstock.live_hash(name) from public;
revoke all on function penstock.refresh(text) from public;
revoke all on function penstock.load(text) from public;
revoke all on function penstock.signal_state() from public;
revoke all on function penstock.wait_for(text, interval) from public;
revoke all on function penstock.hold_load_lock(name) from public;
revoke all on function penstock.release_load_lock(oid) from public;
revoke all on function penstock.clear_plugin_cache(name, text) from public;
revoke all on function penstock.cache_clear(text) from public;
revoke all on function penstock.set_search_path(text[]) from public;
grant execute on function penstock.session_scans(), penstock.table_statistics(),
    penstock.statistics_room() to penstock_users, penstock_owner;
grant execute on function penstock.dependent_object(name, name, name), penstock.live_hash(name)
    to penstock_users, penstock_owner;
grant execute on function penstock.refresh(text), penstock.load(text),
    penstock.wait_for(text, interval), penstock.clear_plugin_cache(name, text),
    penstock.cache_clear(text) to penstock_users, penstock_owner;
grant execute on function penstock.hold_load_lock(name), penstock.release_load_lock(oid)
    to penstock_owner;
grant execute on function penstock.set_search_path(text[]) to penstock_owner;

-- A dump keeps the history of events. It leaves out the state: penstockd makes it anew from the
-- configuration, and rows that come back as "ready" would be refused, and rightly so.
select pg_catalog.pg_extension_config_dump('penstock.event', '');
select pg_catalog.pg_extension_config_dump('penstock.event_id_seq', '');
