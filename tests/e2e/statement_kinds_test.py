#!/usr/bin/python3
"""Every kind of statement that names a table waits in the server for a schema that is still loading, and then
succeeds: from plain sessions, from libpqxx with prepared statements, from pgbench.

The plugin is held at a gate (a file) until every session is seen to wait, so nothing depends on time.
"""

import os
import subprocess
import threading

import penstock

BUILD = os.environ["PENSTOCK_BUILD"]

# SQL with {s}, the schema that is waited for, and {n}, a name of one's own. The last row is looked at: `expect`.
# many_1 is empty and has the columns column_1 text, column_2 int8, column_3 timestamptz.
KINDS = {
    "select": ("select count(*) from {s}.many_1", 0),
    "select of one column": ("select column_2 from {s}.many_1", None),
    "join": ("select count(*) from {s}.many_1 a join {s}.many_2 b using (column_1)", 0),
    "outer join with a local table": ("select count(*) from work.local l left join {s}.many_1 m on m.column_2 = l.id", 3),
    "lateral": ("select count(*) from work.local l, lateral (select from {s}.many_1 m where m.column_2 = l.id) x", 0),
    "common table expression": ("with c as (select * from {s}.many_1) select count(*) from c", 0),
    "recursive expression": ("with recursive r as (select 1 n union all select n + 1 from r, {s}.many_1 where n < 3) "
                             "select max(n) from r", 1),
    "exists": ("select exists (select from {s}.many_1)", False),
    "in": ("select 1 where 1::int8 not in (select column_2 from {s}.many_1)", 1),
    "scalar subquery": ("select coalesce((select max(column_2) from {s}.many_1), 7)", 7),
    "union": ("select count(*) from (select column_1 from {s}.many_1 union all select column_1 from {s}.many_2) u", 0),
    "table": ("table {s}.many_1", None),
    "window": ("select count(*) from (select row_number() over () from {s}.many_1) w", 0),
    "explain": ("explain (costs off, format json) select * from {s}.many_1", ...),
    "explain analyze": ("explain (analyze, costs off, timing off, format json) select * from {s}.many_1", ...),
    "create view": ("create view work.v{n} as select * from {s}.many_1; select count(*) from work.v{n}", 0),
    "create materialized view": ("create materialized view work.m{n} as select * from {s}.many_1; "
                                 "select count(*) from work.m{n}", 0),
    "create table as": ("create table work.t{n} as select * from {s}.many_1; select count(*) from work.t{n}", 0),
    "select into": ("select * into work.i{n} from {s}.many_1; select count(*) from work.i{n}", 0),
    "create table like": ("create table work.l{n} (like {s}.many_1); select count(*) from work.l{n}", 0),
    "insert from select": ("insert into work.sink select column_2 from {s}.many_1", None),
    "update from": ("update work.sink set id = 0 from {s}.many_1 m where m.column_2 = id", None),
    "delete using": ("delete from work.sink using {s}.many_1 m where m.column_2 = id", None),
    "merge": ("merge into work.sink s using {s}.many_1 m on m.column_2 = s.id when matched then delete", None),
    "copy of a query": ("copy (select * from {s}.many_1) to stdout", None),
    "prepare and execute": ("prepare p (int8) as select count(*) from {s}.many_1 where column_2 = $1; execute p (1)", 0),
    "cursor": ("begin; declare c cursor for select count(*) from {s}.many_1; fetch c", 0),
    "do": ("do $$ begin perform from {s}.many_1; end $$", None),
    "function in plpgsql": ("create function work.f{n}() returns bigint language plpgsql as $$ declare r {s}.many_1%rowtype; "
                            "begin select count(*) into r.column_2 from {s}.many_1; return r.column_2; end $$; "
                            "select work.f{n}()", 0),
    "function in SQL": ("create function work.f{n}() returns bigint language sql as $$ select count(*) from {s}.many_1 $$; "
                        "select work.f{n}()", 0),
    "regclass": ("select '{s}.many_1'::regclass::text", "{s}.many_1"),
    "to_regclass": ("select to_regclass('{s}.many_1')::text", "{s}.many_1"),
    "has_table_privilege": ("select has_table_privilege('{s}.many_1', 'select')", True),
    "row type": ("select null::{s}.many_1 is null", True),
    "repeatable read": ("begin isolation level repeatable read; select count(*) from work.local; "
                        "select count(*) from {s}.many_1", 0),
    "serializable and read only": ("begin isolation level serializable read only; select count(*) from work.local; "
                                   "select count(*) from {s}.many_1", 0),
    "read only": ("begin read only; select count(*) from {s}.many_1", 0),
}


def connection(name, import_schema="enabled", **arguments):
    lines = "".join(f'  {key} = "{value}"\n' if isinstance(value, str) else f"  {key} = {value}\n"
                    for key, value in arguments.items())
    return (f'connection "{name}" {{\n  plugin = "many"\n  import_schema = "{import_schema}"\n'
            f"  tables = 2\n  columns = 3\n{lines}}}\n")


def prepare(instance):
    instance.superuser("""
        create schema work;
        grant all on schema work to public;
        create table work.local as select id from generate_series(1, 3) id;
        create table work.sink (id int8);
        grant all on all tables in schema work to public;""")


class Statement(threading.Thread):
    """One session that runs one statement; `outcome` is its last value, or the error."""

    def __init__(self, instance, sql):
        super().__init__(daemon=True)
        self.sql = sql
        self.session = instance.connect()
        self.session.cursor().execute("set application_name = 'statement_kind'")

    def run(self):
        cursor = self.session.cursor()
        try:
            if self.sql.startswith("copy "):
                with open(os.devnull, "wb") as sink:
                    cursor.copy_expert(self.sql, sink)
                self.outcome = None
                return
            cursor.execute(self.sql)  # several statements go as one message
            rows = cursor.fetchall() if cursor.description else []
            self.outcome = rows[-1][0] if rows else None
        except Exception as error:  # noqa: shown by the test
            self.outcome = error

    def end(self):
        self.join(penstock.DEADLINE_S)
        assert not self.is_alive(), f"still running: {self.sql}"
        return self.outcome


def start_all(instance):
    running = {}
    for number, (name, (sql, _)) in enumerate(KINDS.items()):
        # Each its own schema: a statement must not profit from another's wait.
        running[name] = Statement(instance, sql.format(s=f"s{number}", n=number))
        running[name].start()
    return running


def check_all(running):
    wrong = []
    for number, (name, statement) in enumerate(running.items()):
        expected = KINDS[name][1]
        if isinstance(expected, str):
            expected = expected.format(s=f"s{number}")
        outcome = statement.end()
        if isinstance(outcome, Exception) or (expected is not ... and outcome != expected):
            wrong.append(f"{name}: {outcome!r}, expected {expected!r}")
    assert not wrong, "\n".join(wrong)


def waiting(instance, application="statement_kind"):
    """How many sessions are seen to wait for something that is no client."""
    return instance.rows("""select count(*) from pg_stat_activity where application_name = %s and state = 'active'
        and wait_event_type in ('Extension', 'Lock')""", application)[0][0]


def wait_until_waiting(instance, count, application="statement_kind"):
    penstock.wait_until(lambda: waiting(instance, application) >= count, f"{count} waiting sessions")


def open_gate(instance):
    instance.write("gate", "", folder="gates")


def gated(instance, count, first=0):
    """Connections whose tables are listed once the gate is open; their rows and schemas are there."""
    text = "".join(connection(f"s{number}", gate=instance.path("gates", "gate"))
                   for number in range(first, first + count))
    instance.write("gated.spc", text)
    instance.wait_for(
        lambda: instance.rows("""select count(*) from connection_state join pg_namespace on nspname = connection_name
            where connection_name like 's%%' and state in ('pending', 'updating')""")[0][0],
        lambda seen: seen == count, f"{count} pending connections")


def every_kind_waits_for_a_pending_schema_and_succeeds():
    with penstock.Instance({"base.spc": 'connection "ex" { plugin = "example" }\n'}) as instance:
        prepare(instance)
        gated(instance, len(KINDS))
        running = start_all(instance)
        wait_until_waiting(instance, len(KINDS))
        assert all(statement.is_alive() for statement in running.values())
        open_gate(instance)
        check_all(running)


def every_kind_loads_a_lazy_schema_and_succeeds():
    text = "".join(connection(f"s{number}", "lazy") for number in range(len(KINDS)))
    with penstock.Instance({"lazy.spc": text}) as instance:
        prepare(instance)
        for number in range(len(KINDS)):
            instance.wait_state(f"s{number}", "ready")
        assert instance.rows("select bool_or(imported) from connection_state") == [(False,)]
        check_all(start_all(instance))
        assert instance.rows("select bool_and(imported) from connection_state") == [(True,)]


def libpqxx_with_a_prepared_statement_waits():
    with penstock.Instance({"base.spc": 'connection "ex" { plugin = "example" }\n'}) as instance:
        gated(instance, 1)
        reader = subprocess.Popen(
            [os.path.join(BUILD, "tests", "prepared_reader"), "s0.many_1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ, **instance.service_environment(), "PGAPPNAME": "reader"})
        wait_until_waiting(instance, 1, "reader")
        open_gate(instance)
        out, error = reader.communicate(timeout=penstock.DEADLINE_S)
        assert (reader.returncode, out) == (0, "0\n"), error


def pgbench_with_16_clients_waits():
    clients = 16
    with penstock.Instance({"base.spc": 'connection "ex" { plugin = "example" }\n'}) as instance:
        gated(instance, 4)
        script = instance.write("read.sql", "\\set n random(0, 3)\nselect count(*) from s:n.many_1;\n", folder="bench",
                                mode=0o644)
        bench = subprocess.Popen(
            [os.path.join(penstock.pg_bindir(), "pgbench"), "-n", "-c", str(clients), "-j", "2", "-t", "20", "-f", script],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **instance.service_environment(), "PGAPPNAME": "bench"})
        wait_until_waiting(instance, clients, "bench")
        open_gate(instance)
        out, error = bench.communicate(timeout=penstock.DEADLINE_S)
        assert bench.returncode == 0, error
        assert f"number of transactions actually processed: {clients * 20}/{clients * 20}" in out, out


penstock.run_tests([
    every_kind_waits_for_a_pending_schema_and_succeeds,
    every_kind_loads_a_lazy_schema_and_succeeds,
    libpqxx_with_a_prepared_statement_waits,
    pgbench_with_16_clients_waits,
])
