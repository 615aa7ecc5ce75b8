#!/usr/bin/python3
"""Names made to break out of SQL, as connections, tables and columns: nothing but our own SQL ever
runs, what is accepted comes back byte for byte, and what is refused says why.

Every DDL command is logged twice, by an event trigger with the identity of its object and by the
server with its text.
"""

import csv
import io
import json
import os

import penstock
from controlled import Controlled
from penstock import Failure, wait_until

PAYLOADS = [
    '"', '""', '"""', "'", "''", "\\", "\\'", "\\\"", "\\\\", ";", "--", "/*", "*/", "$$", "$tag$", "$1", "%s", "%I", "%n",
    "{}", "[]", "()", ",", ".", "..", "a.b", '"."', " ", "  two  ", "trailing ", " leading", "$user", "*", "?", "!", "@",
    "#", "&", "|", "<>", "=", "`id`", "$(id)", "${HOME}", "${jndi:x}", "a\tb", "a\nb", "a\r\nb", "\n", "\t", "\x01", "\x1b[31m",
    "\x7f", "\u0085", "é", "é" * 31, "é" * 32, "ß", "ẞ", "İ", "ı", "日本語", "日" * 21, "日" * 22, "😀", "e\u0301", "\u202eevil", "\u200b", "\ufeff",
    "\u00a0", "\u2028", "a" * 62, "a" * 63, "a" * 64, "a" * 200, "A" * 63, "Prod", "prod", "PROD", "Name", "name",
    'x"; create table public.pwned (a int); --', "x'; create table public.pwned (a int); --",
    "x'); create table public.pwned (a int); --", 'x" cascade; drop schema penstock cascade; --',
    'x") server s; create role pwned superuser; --', "$penstock$; create role pwned; $penstock$", "'; select pg_reload_conf(); --",
    "\\'; create table public.pwned (a int); --", 'a" options (socket \'/x\', "b', "x\n; create role pwned;\n--",
    "\\! touch /tmp/pwned", "E'\\x27'", "U&\"\\0027\"", "\uff07; drop schema penstock cascade", "\u02bc",
    "select", "table", "user", "all", "order", "group", "null", "true", "default", "current_user", "public", "penstock",
    "information_schema", "pg_catalog", "pg_temp", "pg_toast", "pg_", "PG_x", "pg", "xmin", "ctid", "tableoid", "oid", "cmax", "_ctx",
    "sp_connection_name", "1", "1a", "-1", "0x0", "1e9", "NaN", "-", "_", "__", "con", "nul", "root", "postgres", "plpgsql",
    "connection_state", "connection", "plugin", "options", "a-b", "a/b", "a:b", "a+b", "~", "^", "a=b", "key", "value",
]
OWN_TAGS = {"CREATE SCHEMA", "COMMENT", "GRANT", "ALTER DEFAULT PRIVILEGES", "CREATE FOREIGN TABLE", "ALTER FOREIGN TABLE",
            "CREATE SERVER", "ALTER SERVER", "DROP FOREIGN TABLE", "DROP SCHEMA"}
OUTSIDE = ("select 'role ' || rolname || rolsuper from pg_roles union all select 'database ' || datname from pg_database "
           "union all select 'relation ' || c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace "
           "where n.nspname in ('public', 'penstock') union all select 'function ' || p.oid::regprocedure from pg_proc p "
           "join pg_namespace n on n.oid = p.pronamespace where n.nspname in ('public', 'penstock') "
           "union all select 'extension ' || extname from pg_extension order by 1")


def can_be_a_file(name):
    """Can a file have this name?"""
    return "/" not in name and "\0" not in name and len(name.encode()) < 250


class Hostile(Controlled):
    def __init__(self):
        super().__init__()
        os.chmod(self.home, 0o755)
        self.names = list(dict.fromkeys(PAYLOADS))
        self.table_names = [name for name in self.names if can_be_a_file(name)]
        for folder in ("plain", "tables", "columns"):
            os.mkdir(self.path(folder), 0o755)
        self.write("t.csv", "a\n1\n", folder="plain", mode=0o644)
        for number, name in enumerate(self.table_names):
            self.write(name + ".csv", f"a\n{number}\n", folder="tables", mode=0o644)
        # One file for each column, so that a refused one takes no other with it.
        for number, name in enumerate(self.names):
            text = io.StringIO()
            csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([[name, "x"], [str(number), "y"]])
            self.write(f"c{number}.csv", text.getvalue(), folder="columns", mode=0o644)

    def configure_all(self):
        connections = {name: "plain" for name in self.names}
        connections.update({"of_tables": "tables", "of_columns": "columns"})
        config = {"connection": {name: {"plugin": "csv", "header": "on", "paths": [self.path(folder, "*.csv")]}
                                 for name, folder in connections.items()}}
        self.write("hostile.json", json.dumps(config))

    def note_ddl(self):
        self.superuser("""
            create schema audit;
            create table audit.ddl (tag text, identity text, by text);
            create function audit.note() returns event_trigger language plpgsql security definer as $f$
                begin insert into audit.ddl select command_tag, object_identity, session_user
                      from pg_event_trigger_ddl_commands(); end $f$;
            create function audit.note_drop() returns event_trigger language plpgsql security definer as $f$
                begin insert into audit.ddl select tg_tag, object_identity, session_user
                      from pg_event_trigger_dropped_objects() where original; end $f$;
            grant usage on schema audit to penstock_users; grant select on audit.ddl to penstock_users;
            create event trigger audit on ddl_command_end execute function audit.note();
            create event trigger audit_drop on sql_drop execute function audit.note_drop();""")


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def a_hostile_name_of_a_connection_is_a_schema_of_that_name_or_an_error():
    states = {name: (state, error) for name, state, error in INSTANCE.look(
        "select connection_name, state, error from penstock.connection_state")}
    schemas = {name for (name,) in INSTANCE.look("select schema_name::text from penstock.live_schema where is_ours")}
    refused = {name for name in INSTANCE.names if states.get(name, ("error",))[0] == "error"}
    for name in INSTANCE.names:
        if name in refused:
            assert name in states and states[name][1].startswith("connection name"), (name, states.get(name))
        else:
            assert states[name][0] == "ready" and name in schemas, (name, states[name])
            assert INSTANCE.look(f"select a from {quoted(name)}.t") == [(1,)], name
    assert schemas == set(INSTANCE.names) - refused | {"of_tables", "of_columns"}
    for name in ("public", "penstock", "information_schema", "pg_catalog", "pg_temp", "pg_", "a" * 64, "é" * 32, "a\nb"):
        assert name in refused, name
    for name in ('"', "'", ";", "$tag$", "Prod", "prod", "select", "é" * 31, "a" * 63, "日本語"):
        assert name not in refused, (name, states[name])
    print(f"# connections: {len(INSTANCE.names) - len(refused)} accepted, {len(refused)} refused")


def a_hostile_name_of_a_table_is_a_table_of_that_name_or_left_out():
    tables = set(INSTANCE.columns("of_tables"))
    left_out = set(INSTANCE.table_names) - tables
    assert not tables - set(INSTANCE.table_names), tables - set(INSTANCE.table_names)
    for number, name in enumerate(INSTANCE.table_names):
        if name in tables:
            assert INSTANCE.look(f"select a from of_tables.{quoted(name)}") == [(number,)], name
    must_be_there = {name for name in INSTANCE.table_names if len(name.encode()) <= 63 and name.isprintable() and name[0] != "."}
    assert must_be_there <= tables, must_be_there - tables
    print(f"# tables: {len(tables)} accepted, {len(left_out)} left out")


def a_hostile_name_of_a_column_is_a_column_of_that_name_or_its_table_is_left_out():
    accepted = 0
    tables = INSTANCE.columns("of_columns")
    for number, name in enumerate(INSTANCE.names):
        columns = tables.get(f"c{number}")
        if columns is None:
            continue
        assert sorted(columns) == sorted([name, "x"]), (name, columns)
        assert INSTANCE.look(f"select {quoted(name)}, x from of_columns.c{number}") == [(number, "y")], name
        accepted += 1
    print(f"# columns: {accepted} accepted, {len(INSTANCE.names) - accepted} left out")
    for name in ('"', "'", ";", "$tag$", "é" * 31, "a" * 63, "select", "日本語", "\\"):
        assert f"c{INSTANCE.names.index(name)}" in tables, name


def nothing_but_our_own_sql_ran():
    assert INSTANCE.superuser(OUTSIDE) == BEFORE, "objects outside the connections' schemas changed"
    ran = INSTANCE.look("select tag, identity, by from audit.ddl")
    assert len(ran) > 200, len(ran)
    assert {tag for tag, _, _ in ran} <= OWN_TAGS, {tag for tag, _, _ in ran} - OWN_TAGS
    assert {by for _, _, by in ran} == {"penstock_owner"}, {by for _, _, by in ran}
    known = {identity for (identity,) in INSTANCE.look(
        "select (pg_identify_object('pg_namespace'::regclass, n.oid, 0)).identity from pg_namespace n "
        "union select (pg_identify_object('pg_class'::regclass, c.oid, 0)).identity from pg_class c where relkind = 'f' "
        "union select (pg_identify_object('pg_class'::regclass, a.attrelid, a.attnum)).identity "
        "from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relkind = 'f' "
        "union select (pg_identify_object('pg_foreign_server'::regclass, s.oid, 0)).identity from pg_foreign_server s")}
    strange = [one for one in ran if one[1] is not None and one[1] not in known and one[0] != "ALTER DEFAULT PRIVILEGES"]
    assert not strange, strange[:10]


def each_object_was_made_by_one_statement():
    """penstockd sends many statements in one string: a name that ended one and began another would show."""
    made = dict(INSTANCE.look("select tag, count(*)::int from audit.ddl where tag like 'CREATE %' group by tag"))
    [(schemas, tables, servers)] = INSTANCE.look(
        "select (select count(*)::int from penstock.live_schema where is_ours), "
        "(select count(*)::int from pg_foreign_table), (select count(*)::int from pg_foreign_server)")
    assert made.pop("CREATE SERVER", servers) == servers, made
    assert made == {"CREATE SCHEMA": schemas, "CREATE FOREIGN TABLE": tables}, (made, schemas, tables)


def all_of_it_can_be_removed_again():
    INSTANCE.write("hostile.json", "{}")
    wait_until(lambda: INSTANCE.look("select count(*) from penstock.connection_state") == [(0,)], "no connections")
    assert INSTANCE.look("select schema_name from penstock.live_schema where is_ours") == []
    nothing_outside = INSTANCE.superuser(OUTSIDE)
    assert nothing_outside == BEFORE


with Hostile() as INSTANCE:
    INSTANCE.note_ddl()
    BEFORE = INSTANCE.superuser(OUTSIDE)
    INSTANCE.configure_all()

    def states_are_final():
        rows = INSTANCE.look("select connection_name, state from penstock.connection_state")
        return {name for name, _ in rows} >= {"of_tables", "of_columns"} and all(s in ("ready", "error") for _, s in rows)
    try:
        wait_until(states_are_final, "all connections to be ready or in error", 120)
    except Failure:
        print(INSTANCE.log())
        raise
    penstock.run_tests([
        a_hostile_name_of_a_connection_is_a_schema_of_that_name_or_an_error,
        a_hostile_name_of_a_table_is_a_table_of_that_name_or_left_out,
        a_hostile_name_of_a_column_is_a_column_of_that_name_or_its_table_is_left_out,
        nothing_but_our_own_sql_ran,
        each_object_was_made_by_one_statement,
        all_of_it_can_be_removed_again,
    ])
