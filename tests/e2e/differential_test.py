#!/usr/bin/python3
"""The oracle of pushdown: the same rows in heap tables and behind plugin `spy`, whose connections promise
different things about them. Random queries must give the same rows, whatever was pushed down.

PENSTOCK_QUERIES (5000) are tried, those of PENSTOCK_SEED. PENSTOCK_SEED=SEED:NUMBER repeats one of them,
SEED:FIRST-LAST some.
A query that fails is made smaller as long as it fails.
"""

import collections
import contextlib
import multiprocessing
import os
import random
import re
import subprocess
import sys
import time
import traceback

import penstock
import query_tree
from penstock import psycopg2
from random_query import Generator
from same_rows import Difference, compare

QUERIES = int(os.environ.get("PENSTOCK_QUERIES", "5000"))
SEED, _, ONLY = os.environ.get("PENSTOCK_SEED", "20261120").partition(":")
WORKERS = 2
DATA_SEED = 1
SPIES = [f"spy{number}" for number in range(6)]
MAX_FAILURES = 5
EXPLAIN_EVERY = 8
# What must be in the plans, or the run has not shown that it makes no difference.
PLANS = ["Foreign Scan", "Async Foreign Scan", "Custom Scan (PenstockKeyBatchJoin)", "Memoize", "Exact Quals",
         "Superset Quals", "Row Target", "Row Limit", "Ordered By", "First Rows By", "Group Keys", "Aggregates",
         "Parameterised", "first groups", "distinct in the plugin", "ordered, no limit", "Relations"]
# What must be among the joins that a plugin did as a whole.
JOINS = ["INNER JOIN", "LEFT JOIN", "FULL JOIN", "SEMI JOIN", "ANTI JOIN", "several steps", "Join Filters", "Exact Quals",
         "Row Target"]
JOIN_QUERIES = QUERIES // 5

# Two processes: one asks its tables each time, one keeps answers.
CONFIG = """
plugin "plain" {
  source = "spy"
}
plugin "cached" {
  source = "spy"
  cache_ttl = 600
  cache_max_mb = 2
}
connection "spies" {
  plugin = plugin.cached
  type = "aggregator"
  connections = ["spy4"]
}
connection "two" {
  plugin = plugin.cached
  type = "aggregator"
  connections = ["spy4", "spy5"]
}
"""
CONFIG += "".join(f'connection "{name}" {{\n  plugin = plugin.{"cached" if number > 3 else "plain"}\n  seed = {number}\n'
                  f'  data_seed = {DATA_SEED}\n}}\n' for number, name in enumerate(SPIES))
SCHEMAS = SPIES + ["spies"]
# Tables with each row of mid twice: a parent with rows of its own and a child, and an aggregator of two connections.
DOUBLED = """
create schema arms; create schema child;
import foreign schema spy2 limit to (mid) from server {server} into arms;
import foreign schema spy3 limit to (mid) from server {server} into child;
alter foreign table arms.mid rename to pair;
alter foreign table child.mid inherit arms.pair;
create view arms.both as select {names} from two.mid;
create view heap.pair as select * from heap.mid union all select * from heap.mid;
create view heap.both as select * from heap.pair;
grant usage on schema arms, child to penstock_users;
grant select on all tables in schema arms, child, heap to penstock_users;
"""

# Settings that change plans and may not change results. Those of Penstock itself are added.
SETTINGS = [("enable_hashjoin", "off"), ("enable_mergejoin", "off"), ("enable_nestloop", "off"),
            ("enable_hashagg", "off"), ("enable_sort", "off"), ("enable_memoize", "off"), ("enable_material", "off"),
            ("enable_incremental_sort", "off"), ("join_collapse_limit", "1"), ("from_collapse_limit", "1"),
            ("work_mem", "'64kB'"), ("enable_async_append", "off"), ("geqo_threshold", "2")]
# What is cheap here is dear with these, so that more of it is pushed.
NO_GROUPING = [("enable_hashagg", "off"), ("enable_sort", "off")]
# Only servers with assertions take it, and are a hundred times slower then.
DISCARD = [("debug_discard_caches", "1"), ("statement_timeout", "'300s'")]
PARALLEL = [("parallel_setup_cost", "0"), ("parallel_tuple_cost", "0"), ("min_parallel_table_scan_size", "0"),
            ("force_parallel_mode", "on")]
# One query in some ten thousand, so a check has none: where the estimates are as wrong as the spy can make them, a
# nested loop asks the plugin for each pair of rows.
KNOWN = {"57014": "too slow"}
RAW = psycopg2.extensions.new_type(
    (16, 17, 20, 21, 23, 26, 114, 700, 701, 1000, 1005, 1007, 1009, 1015, 1016, 1021, 1022, 1082, 1114, 1115, 1182,
     1184, 1185, 1186, 1187, 1231, 1700, 2249, 3802), "RAW", lambda value, cursor: value)
SHORT = {"bigint": "int8", "integer": "int4", "smallint": "int2", "real": "float4", "double precision": "float8",
         "boolean": "bool", "timestamp with time zone": "timestamptz", "bigint[]": "int8[]"}


def session(instance):
    """A session, as soon as the server takes one: the one before may have crashed it."""
    connections = []

    def is_open():
        with contextlib.suppress(psycopg2.OperationalError):
            connections.append(instance.connect())
        return bool(connections)
    penstock.wait_until(is_open, "the server", 60)
    connection = connections[0]
    psycopg2.extensions.register_type(RAW, connection)
    connection.cursor().execute("set statement_timeout = '20s'; set timezone = 'UTC'; set intervalstyle = 'postgres'; "
                                "set client_min_messages = error; set search_path = public")
    return connection


# -- the same data twice

def make_heap(instance):
    plugin = os.path.join(penstock.STAGE, "lib", "penstock", "plugins", "spy")
    instance.superuser("create schema heap; grant usage on schema heap to penstock_users; create collation "
                       "public.ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false)")
    if can_discard(instance):
        instance.superuser(f"grant set on parameter {DISCARD[0][0]} to penstock_users")
    for table in catalog(instance):
        rows = subprocess.run([plugin, "--copy", str(DATA_SEED), table], check=True, capture_output=True, text=True).stdout
        # Not LIKE: a heap table has nothing of the foreign one but names and types.
        columns = ", ".join(f"{name} {sql_type}" for name, sql_type in catalog(instance)[table])
        instance.superuser(f"create table heap.{table} ({columns});\ncopy heap.{table} from stdin;\n{rows}\\.\n"
                           f"analyze heap.{table}; grant select on heap.{table} to penstock_users;")


def make_doubled(instance):
    server = instance.rows("select s.srvname from pg_foreign_table t join pg_foreign_server s on s.oid = t.ftserver "
                           "where t.ftrelid = 'spy0.mid'::regclass")[0][0]
    names = ", ".join(name for name, _ in catalog(instance)["mid"])
    instance.superuser(DOUBLED.format(server=server, names=names))


def can_discard(instance):
    return bool(instance.rows("select 1 from pg_settings where name = %s and max_val::int > 0", DISCARD[0][0]))


def catalog(instance):
    found = collections.defaultdict(list)
    for table, name, sql_type in instance.rows(
            "select table_name, column_name, type from penstock.column where connection = 'spy0' "
            "and table_name not in ('requests', 'pushed', 'faults', 'acts') order by table_name, position"):
        found[table].append((name, SHORT.get(sql_type, sql_type)))
    return dict(found)


def tables_of(instance):
    tables = catalog(instance)
    return {**tables, "pair": tables["mid"], "both": tables["mid"]}


def known_values(connection, tables):
    values = {}
    for table, columns in tables.items():
        for name, _ in columns:
            cursor = connection.cursor()
            cursor.execute(f"select distinct {name}::text from heap.{table} where {name} is not null order by 1 limit 40")
            values[table, name] = [row[0] for row in cursor.fetchall()]
    return values


# -- one query

class Trial:
    """Query number `number` of the seed: the tree, where its tables lie, and how it is run."""

    def __init__(self, number, tables, values, settings, may_discard):
        self.number = number
        source = random.Random(f"{SEED}/{number}")
        self.query = Generator(source, tables, values).statement()
        favourite = source.choice(SCHEMAS)
        self._schemas = [source.choice([favourite] * 6 + ["heap"] + SCHEMAS) for _ in range(50)]
        self.settings = source.sample(settings, source.randrange(1, 4)) if source.randrange(2) else []
        if source.randrange(6) == 0:
            self.settings = self.settings + NO_GROUPING
        if source.randrange(40) == 0:
            self.settings = self.settings + PARALLEL
        if may_discard and source.randrange(40) == 0:
            self.settings = self.settings + DISCARD
        self.is_scrolled = source.randrange(20) == 0
        self.plan_cache_mode = source.choice([None, None, None, "force_generic_plan", "force_custom_plan", "auto"])

    def schema_of(self, number, table):
        schema = self._schemas[number % len(self._schemas)]
        if table in ("pair", "both") and schema != "heap":
            return "arms"
        # An aggregator's whole row has more columns.
        return "spy4" if schema == "spies" and self.query.is_whole_row else schema

    def statements(self, schema_of=None):
        """What to run on the foreign tables; the last one gives the rows."""
        text = "".join(f"set {name} = {value}; " for name, value in self.settings)
        as_parameters = self.plan_cache_mode is not None and not self.is_scrolled
        sql, types, values, others = query_tree.render(self.query.sql(), schema_of or self.schema_of, as_parameters)
        if self.is_scrolled:
            return f"{text}begin; declare trial scroll cursor for {sql}; fetch 2 from trial; move absolute 0 in trial; " \
                   "fetch all from trial"
        if not as_parameters:
            return text + sql
        named = f"({', '.join(types)})" if types else ""
        first, second = (f"execute trial{f' ({chr(44).join(each)})' if each else ''}; " for each in (values, others))
        return (f"{text}set plan_cache_mode = {self.plan_cache_mode}; prepare trial {named} as {sql}; "
                f"{first}{second}")

    def oracle(self):
        # An incomplete order leaves open which rows a LIMIT takes: the oracle has all of them.
        return query_tree.render(self.query.sql(limited=self.query.with_ties), lambda number, table: "heap")[0]


def run(connection, sql):
    cursor = connection.cursor()
    cursor.execute(sql)
    return [tuple(row) for row in cursor.fetchall()], [column.type_code for column in cursor.description]


class JoinTrial(Trial):
    """A join of tables that mostly lie in one connection, so that its plugin may do it."""

    def __init__(self, number, tables, values, settings, may_discard):
        super().__init__(number, tables, values, settings, may_discard)
        source = random.Random(f"{SEED}/join{number}")
        self.query = Generator(source, tables, values).pushable_join()
        favourite = source.choice(["spy1"] * 4 + SPIES)
        self._schemas = [favourite] * 50 if source.randrange(10) else [source.choice([favourite, "heap"]) for _ in range(50)]
        if source.randrange(3):
            self.settings = []
        self.is_scrolled = False


class Worker:
    # What is tried: random statements of all kinds. JoinWorker has others.
    trial_class, mark = Trial, ""

    def __init__(self, instance):
        self.instance = instance
        self.connection = session(instance)
        self.tables = tables_of(instance)
        self.values = known_values(self.connection, self.tables)
        self.settings = self.usable_settings()
        self.counts = collections.Counter()

    def usable_settings(self):
        switches = self.instance.rows("select name, setting from pg_settings where name like 'penstock.%' "
                                      "and vartype = 'bool' and context = 'user'")
        known = {name for name, in self.instance.rows("select name from pg_settings")}
        self.may_discard = can_discard(self.instance)
        own = [(name, "off" if setting == "on" else "on") for name, setting in switches]
        return [(name, value) for name, value in SETTINGS + own * 2 if name in known]

    def used_settings(self):
        return self.settings + PARALLEL + (DISCARD[:1] if self.may_discard else [])

    def trial(self, number):
        return self.trial_class(number, self.tables, self.values, self.settings, self.may_discard)

    def check(self, trial):
        """Raises Difference. What the heap cannot answer either is only counted."""
        try:
            expected, oids = run(self.connection, trial.oracle())
        except psycopg2.Error as error:
            self.counts["errors"] += 1
            self.counts[f"{error.pgcode} {str(error).splitlines()[0]}"] += 1
            return
        self.counts["rows"] += len(expected)
        self.counts["with rows"] += bool(expected)
        try:
            found, _ = run(self.connection, trial.statements())
        except psycopg2.Error as error:
            if error.pgcode in KNOWN and not ONLY:
                self.counts["known"] += 1
                print(f"# query {SEED}:{self.mark}{trial.number}: {KNOWN[error.pgcode]}", flush=True)
                return
            if self.connection.closed:
                self.connection = session(self.instance)
            elif self.heap_refuses(trial, error.pgcode):
                self.counts["errors"] += 1
                return
            difference = Difference(f"{error.pgcode} {error}")
            difference.sqlstate = error.pgcode or "a crash"
            raise difference from error
        finally:
            if trial.settings or trial.plan_cache_mode or trial.is_scrolled:
                self.reset()
        compare(trial.query, expected, found, oids)

    def heap_refuses(self, trial, sqlstate):
        """With the parameters of the first execution, which the oracle has not."""
        self.reset()
        try:
            run(self.connection, trial.statements(lambda number, table: "heap"))
        except psycopg2.Error as error:
            return error.pgcode == sqlstate
        return False

    def note_plan(self, trial):
        plan = self.plan(trial, "costs off")
        for line in plan.splitlines():
            words = re.sub(r"^ *(->)? *(Parallel )?", "", line)
            self.counts["plan " + re.split(" on |: |  ", words)[0]] += 1
            if re.match("(Exact|Superset) Quals: .*[$]", words):
                self.counts["plan Parameterised"] += 1
        for scan in re.split(r"->", plan):
            has = {name: name + ":" in scan for name in ("Group Keys", "Aggregates", "First Rows By", "Ordered By")}
            self.counts["plan first groups"] += has["Group Keys"] and has["First Rows By"]
            self.counts["plan distinct in the plugin"] += has["Group Keys"] and not has["Aggregates"]
            self.counts["plan ordered, no limit"] += has["Ordered By"] and "Limit" not in plan

    def reset(self):
        self.connection.cursor().execute(
            "rollback; deallocate all; reset plan_cache_mode; set statement_timeout = '20s'; "
            + " ".join(f"reset {name};" for name, _ in self.used_settings()))

    def difference(self, trial):
        try:
            self.check(trial)
        except Difference as difference:
            return difference
        return None

    def differs_alike(self, trial, difference):
        """The difference, when it is of the same kind: an error with the same SQLSTATE, or other rows."""
        found = self.difference(trial)
        return found if found is not None and found.sqlstate == difference.sqlstate else None

    def report(self, number, trial, difference):
        """Makes the trial smaller while it fails, and says how to see it."""
        end, counts = time.monotonic() + 60, self.counts.copy()
        is_smaller = True
        while is_smaller and time.monotonic() < end:
            is_smaller = False
            for query in query_tree.smaller(trial.query):
                kept, trial.query = trial.query, query
                found = self.differs_alike(trial, difference)
                if found is not None:
                    difference, is_smaller = found, True
                    break
                trial.query = kept
        for name, plain in (("plan_cache_mode", None), ("is_scrolled", False), ("settings", [])):
            kept = getattr(trial, name)
            setattr(trial, name, plain)
            if self.differs_alike(trial, difference) is None:
                setattr(trial, name, kept)
        self.counts.clear()
        self.counts.update(counts)
        return (f"query {SEED}:{self.mark}{number} differs: {difference}\nforeign: {trial.statements()}\nheap: {trial.oracle()}\n"
                + self.plan(trial))

    def plan(self, trial, options="verbose"):
        settings = "".join(f"set {name} = {value}; " for name, value in trial.settings)
        sql = query_tree.render(trial.query.sql(), trial.schema_of)[0]
        try:
            return "\n".join(row[0] for row in run(self.connection, f"{settings}explain ({options}) {sql}")[0])
        except psycopg2.Error as error:
            return str(error)
        finally:
            self.reset()


class JoinWorker(Worker):
    trial_class, mark = JoinTrial, "join"

    def note_plan(self, trial):
        depth = None
        for line in self.plan(trial, "costs off").splitlines():
            text = line.lstrip()
            if text.startswith("Relations: "):
                depth = len(line) - len(text)
                self.counts["plan Relations"] += 1
                self.counts.update({f"plan {name}": 1 for name in JOINS if name in text})
                self.counts["plan several steps"] += text.count(" JOIN ") > 1
            elif depth is not None and len(line) - len(text) == depth:
                self.counts["plan " + text.split(": ")[0]] += 1
            else:
                depth = None


def chosen(mark):
    """The numbers that PENSTOCK_SEED names, if it does; none of the other kind of trial."""
    if not ONLY:
        return None
    if ONLY.startswith("join") != bool(mark):
        return range(0)
    ends = [int(end) for end in ONLY.removeprefix("join").split("-")]
    return range(ends[0], ends[-1] + 1)


def work(instance, first, results, worker_class, total):
    failures, counts = [], collections.Counter()
    try:
        worker = worker_class(instance)
        counts = worker.counts
        numbers = chosen(worker.mark)
        for number in range(first, total, WORKERS) if numbers is None else numbers:
            trial = worker.trial(number)
            difference = worker.difference(trial)
            counts["queries"] += 1
            if number % EXPLAIN_EVERY < WORKERS:
                worker.note_plan(trial)
            if difference is not None:
                failures.append(worker.report(number, trial, difference))
                if len(failures) == MAX_FAILURES:
                    break
    except Exception:
        failures.append(traceback.format_exc())
    finally:
        results.put((failures, counts))


def run_workers(worker_class, total, plans):
    """Runs the trials; what was counted."""
    results = multiprocessing.Queue()
    began = time.monotonic()
    workers = [multiprocessing.Process(target=work, args=(INSTANCE, first, results, worker_class, total))
               for first in range(1 if ONLY else WORKERS)]
    for worker in workers:
        worker.start()
    failures, counts = [], collections.Counter()
    for _ in workers:
        some, more = results.get()
        failures += some
        counts += more
    for worker in workers:
        worker.join()
    seconds = time.monotonic() - began
    print(f"# {counts['queries']} queries of seed {SEED} in {seconds:.1f} s: {counts['with rows']} with rows, "
          f"{counts['rows']} rows, {counts['errors']} that the heap refuses too")
    for reason, count in counts.most_common():
        if re.match("[0-9A-Z]{5} ", reason) or reason.removeprefix("plan ") in plans:
            print(f"# {count} times {reason}")
    assert not failures, "\n\n".join(failures)
    missing = [name for name in plans if counts["plan " + name] == 0]
    assert not missing or ONLY or QUERIES < 5000, f"no plan of {counts['queries'] // EXPLAIN_EVERY} has: {missing}"
    return counts


def random_queries_give_the_rows_of_heap_tables():
    counts = run_workers(Worker, QUERIES, PLANS)
    if not ONLY:
        assert counts["queries"] == QUERIES, counts
        assert counts["with rows"] > QUERIES * 0.5, f"a generator of empty results proves nothing: {counts}"
        assert counts["errors"] <= QUERIES * 0.01, counts
        assert counts["known"] <= QUERIES // 5000, counts


def joins_in_a_plugin_give_the_rows_of_heap_tables():
    counts = run_workers(JoinWorker, JOIN_QUERIES, ["Relations"] + JOINS)
    if not ONLY:
        assert counts["queries"] == JOIN_QUERIES, counts
        assert counts["with rows"] > JOIN_QUERIES * 0.4, f"a generator of empty results proves nothing: {counts}"
        assert counts["errors"] + counts["known"] <= JOIN_QUERIES * 0.01, counts


def conditions_of_every_kind_were_pushed_down():
    rows = INSTANCE.rows("select distinct operator, how from spy0.pushed")
    wanted = {(sign, how) for sign in "= <> < <= > >= in is_null is_not_null like".split() for how in ("exact", "superset")}
    assert set(rows) >= wanted or ONLY or QUERIES < 5000, wanted - set(rows)


def answers_came_from_the_cache():
    connection = session(INSTANCE)
    for _ in range(2):
        run(connection, "select * from spy4.wide")
    hits, _ = run(connection, "select cache_hit::text from penstock.scan where table_name = 'wide'")
    assert ("true",) in hits, hits


def main():
    with penstock.Instance({"spy.spc": CONFIG}) as instance:
        global INSTANCE
        INSTANCE = instance
        for schema in SCHEMAS + ["two"]:
            instance.wait_state(schema, "ready")
        make_heap(instance)
        make_doubled(instance)
        penstock.run_tests([random_queries_give_the_rows_of_heap_tables,
                            joins_in_a_plugin_give_the_rows_of_heap_tables, conditions_of_every_kind_were_pushed_down,
                            answers_came_from_the_cache])


main()
