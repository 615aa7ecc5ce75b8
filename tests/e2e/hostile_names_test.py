#!/usr/bin/python3
"""Names made to break out of SQL, as connections, tables and columns: nothing but our own SQL ever
runs, what is accepted comes back byte for byte, and what is refused says why.

What ran is known twice: an event trigger notes the identity of each object that DDL made, changed or
dropped, and pg_stat_statements keeps the text of every single statement, also of many that were sent
as one string. Each text must be one of the forms that penstockd writes.
"""

import csv
import io
import json
import os
import re

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
PAYLOADS += [form.format(mark) for mark in ('"', "'", ";", "--", "/*", "$$", "\\", '";', "');") for form in ("x{0}", "{0}x", "x{0}y{0}")]
PAYLOADS += ["analyse", "analyze", "any", "array", "as", "both", "case", "cast", "check", "collate", "constraint", "create",
             "desc", "distinct", "do", "drop", "else", "end", "for", "from", "grant", "having", "in", "limit", "offset"]

# The forms of the statements of penstockd; ID is a quoted or plain name, TEXT a literal.
ID, TEXT = r'(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_]*)', r"(?: E'(?:[^'\\]|''|\\\\)*'|'(?:[^']|'')*')"
COLUMN = rf"{ID} [a-z0-9]+(?:\[\])?(?: options \({ID} {TEXT}(?:, {ID} {TEXT})*\))?"
CHANGES = rf"(?:(?:add|set) {ID} {TEXT}|drop {ID})(?:, (?:(?:add|set) {ID} {TEXT}|drop {ID}))*"
FORMS = {name: re.compile(form, re.DOTALL) for name, form in {
    "create schema": rf"create schema {ID}",
    "comment on schema": rf"comment on schema {ID} is {TEXT}",
    "grant": rf"grant usage on schema {ID} to penstock_users",
    "default privileges": rf"alter default privileges for role penstock_owner in schema {ID} grant select on tables to penstock_users",
    "create table": rf"create foreign table {ID}\.{ID} \({COLUMN}(?:, {COLUMN})*\) server {ID} options \({ID} {TEXT}(?:, {ID} {TEXT})*\)",
    "comment on table": rf"comment on foreign table {ID}\.{ID} is (?:{TEXT}|null)",
    "comment on column": rf"comment on column {ID}\.{ID}\.{ID} is (?:{TEXT}|null)",
    "alter table": rf"alter foreign table {ID}\.{ID} (?:options \({CHANGES}\)|add column {COLUMN}"
                   rf"|drop column {ID} restrict|alter column {ID} (?:type [a-z0-9]+(?:\[\])?|options \({CHANGES}\)))",
    "drop table": rf"drop foreign table if exists {ID}\.{ID}(?:, {ID}\.{ID})* restrict",
    "drop schema": rf"drop schema if exists {ID} restrict",
    "server": rf"create server {ID} foreign data wrapper penstock|alter server {ID} options \({CHANGES}\)|drop server {ID} restrict",
    "lock": r"lock table penstock\.offered_table in (?:row exclusive|share row exclusive) mode(?: nowait)?",
    "vacuum": r"vacuum \(skip_locked, truncate false\) penstock\.offered_table",
    "transaction": rf'(?i:begin|commit|rollback|savepoint {ID}|release savepoint {ID}|rollback to savepoint {ID}|begin isolation level read committed)',
    "setting": r"(?i:set [a-z_]+(?: = | to )(?:'[^']*'|on|off|[a-z_]+)|set role penstock_owner|listen \"?penstock_[a-z]+\"?|unlisten \"?penstock_[a-z]+\"?)",
}.items()}
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

    def keep_statements(self):
        """Every statement of the server by its text, from now on."""
        libraries = self.superuser("show shared_preload_libraries").strip()
        with open(self.path("data", "postgresql.conf"), "a") as file:
            file.write(f"shared_preload_libraries = '{libraries + ',' if libraries else ''}pg_stat_statements'\n"
                       "pg_stat_statements.max = 50000\npg_stat_statements.track = 'top'\n")
        self.controller.terminate()
        self.controller.wait()
        assert self.stop().returncode == 0
        super().start()
        self.superuser("create schema statements; create extension pg_stat_statements schema statements")

    def statements(self):
        """text → how often penstockd ran it."""
        return json.loads(self.superuser(
            "select coalesce(json_object_agg(query, calls), '{}') from (select query, sum(calls) as calls from "
            "statements.pg_stat_statements where userid = 'penstock_owner'::regrole and dbid = (select oid from "
            "pg_database where datname = current_database()) group by query) s"))

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


def shape(text):
    """A statement with parameters, whatever their number in lists."""
    return re.sub(r"\$\d+(?:, \$\d+)*", "$", text)


def harmless_connections_show_what_else_penstockd_says():
    """Everything that is no DDL has parameters, so hostile names add no text to it."""
    INSTANCE.write("a.csv", "a\n1\n", folder="harmless", mode=0o644)
    os.chmod(INSTANCE.path("harmless"), 0o755)
    block = 'connection "{}" {{\n  plugin = "csv"\n  paths = ["{}"]\n  header = "{}"\n}}\n'
    good, bad = INSTANCE.path("harmless", "*.csv"), INSTANCE.path("harmless", "none.csv")
    INSTANCE.write("harmless.spc", "".join(block.format(f"h{n}", good, "on") for n in range(3)) + block.format("lost", bad, "on"))
    for name in ("h0", "h1", "h2"):
        INSTANCE.wait_state(name, "ready")
    INSTANCE.wait_state("lost", "error")
    INSTANCE.write("harmless.spc", block.format("h0", good, "off"))
    INSTANCE.wait_state("h1", None)
    INSTANCE.wait_state("h0", "ready")
    INSTANCE.write("harmless.spc", "# none\n")
    INSTANCE.wait_state("h0", None)
    other = {shape(text) for text in INSTANCE.statements() if form_of(text) is None}
    assert 10 < len(other) < 100, sorted(other)
    HARMLESS.update(other)


def form_of(text):
    return next((name for name, form in FORMS.items() if form.fullmatch(text.strip().rstrip(";"))), None)


def every_statement_has_one_of_penstockds_forms():
    ran = INSTANCE.statements()
    counts = dict.fromkeys(FORMS, 0)
    strange = []
    for text, calls in ran.items():
        form = form_of(text)
        if form is not None:
            counts[form] += calls
        elif shape(text) not in HARMLESS:
            strange.append(text)
    assert not strange, f"{len(strange)} strange statements, such as: {strange[:5]}"
    print("# statements: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    made = counts["create schema"]
    assert made > 150 and counts["create table"] > 300, counts
    assert counts["comment on schema"] == counts["grant"] == counts["default privileges"] == made, counts
    assert counts["comment on table"] > 300, counts


HARMLESS = set()
with Hostile() as INSTANCE:
    assert len(INSTANCE.names) >= 200, len(INSTANCE.names)
    INSTANCE.keep_statements()
    harmless_connections_show_what_else_penstockd_says()
    INSTANCE.note_ddl()
    BEFORE = INSTANCE.superuser(OUTSIDE)
    INSTANCE.configure_all()

    def states_are_final():
        rows = INSTANCE.look("select connection_name, state, comments_set from penstock.connection_state")
        return ({row[0] for row in rows} >= {"of_tables", "of_columns"}
                and all(state == "error" or (state == "ready" and has_comments) for _, state, has_comments in rows))
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
        every_statement_has_one_of_penstockds_forms,
        all_of_it_can_be_removed_again,
        every_statement_has_one_of_penstockds_forms,
    ])
