#!/usr/bin/python3
"""Speed and memory of a scan, against a cached heap table with the same rows, file_fdw on the same file and
postgres_fdw over a heap table, all in one run and one session. 1,000,000 rows × 10 columns: 3 int8, 2 float8,
1 timestamptz, 4 text. No parallel workers on either side.

Ratios are medians of pairs; absolute times are those of this machine and only there to be compared.
"""

import contextlib
import os
import sys
import threading

import measure
import penstock

ROWS = int(os.environ.get("PENSTOCK_BENCH_ROWS", 1_000_000))
MEMORY_ROWS = int(os.environ.get("PENSTOCK_BENCH_MEMORY_ROWS", 10_000_000))

COLUMNS = ("i1 int8, i2 int8, i3 int8, f1 float8, f2 float8, at timestamptz, t1 text, t2 text, t3 text, t4 text")
# Deterministic, and nothing that compresses to a special case.
GENERATE = """select n as i1, (n * 7919) % 1000003 as i2, n * 1000 as i3, n / 7.0::float8 as f1,
    ((n * 31) % 10007)::float8 / 8 as f2, timestamptz '2024-01-01 00:00:00Z' + n * interval '1 second' as at,
    'name-' || (n % 5000) as t1, md5(n::text)::varchar(16)::text as t2, 'city ' || (n % 300) as t3,
    'v' || (n * 13 % 99991) || '-x' as t4 from generate_series(1::int8, {rows}) n"""
ALL_COLUMNS = """select sum(i1), sum(i2), max(i3), sum(f1), max(f2), max(at), count(t1), count(t2),
    count(t3), max(t4) from {table}"""
WIDE_COLUMNS = "select {aggregates} from {table}"


def prepare(instance, folder):
    for name, rows in (("scan", ROWS), ("memory", MEMORY_ROWS)):
        instance.superuser(f"set timezone = 'UTC'; copy ({GENERATE.format(rows=rows)}) "
                           f"to '{folder}/{name}.csv' (format csv, header)")
    instance.superuser(f"""
        create schema bench;
        create extension file_fdw;
        create server files foreign data wrapper file_fdw;
        create table bench.heap ({COLUMNS});
        copy bench.heap from '{folder}/scan.csv' (format csv, header);
        create foreign table bench.file ({COLUMNS}) server files
            options (filename '{folder}/scan.csv', format 'csv', header 'true');
        create table bench.generated as select * from ex.example_wide;
        vacuum (analyze, freeze) bench.heap, bench.generated;
        grant usage on schema bench to penstock_users;
        grant select on all tables in schema bench to penstock_users;""")


def session(instance):
    connection = instance.connect()
    cursor = connection.cursor()
    cursor.execute("set max_parallel_workers_per_gather = 0; set jit = off; set timezone = 'UTC'")
    return connection, cursor


@contextlib.contextmanager
def rows_sent(cursor):
    """Aggregates are the server's, so that all rows come to it: what is measured is the scan."""
    cursor.execute("set penstock.aggregate_pushdown = off")
    yield
    cursor.execute("reset penstock.aggregate_pushdown")


def check_same_rows(cursor):
    """A benchmark of wrong results is worth nothing."""
    answers = []
    for table in ("bench.heap", "bench.file", "files.scan"):
        cursor.execute(ALL_COLUMNS.format(table=table))
        answers.append(cursor.fetchall())
    assert answers[0] == answers[1] == answers[2], answers


def bench_csv(cursor, report):
    with rows_sent(cursor):
        times = measure.paired(cursor, {name: ALL_COLUMNS.format(table=table) for name, table in (
            ("csv", "files.scan"), ("file_fdw", "bench.file"), ("heap", "bench.heap"))})
    for name, values in times.items():
        report.note(f"all columns, {name}: {measure.median(values) * 1e9 / ROWS:.0f} ns a row")
    value = measure.ratio(times, "file_fdw", "csv")
    report.add("csv_scan_speedup_vs_file_fdw", value, "times", "at least 3", value >= 3)
    times = measure.paired(cursor, {
        "csv": "select count(*) from files.scan", "file_fdw": "select count(*) from bench.file"})
    for name, values in times.items():
        report.note(f"count(*), {name}: {measure.median(values) * 1e9 / ROWS:.0f} ns a row")
    value = measure.ratio(times, "file_fdw", "csv")
    report.add("csv_count_speedup_vs_file_fdw", value, "times", "at least 10", value >= 10)


def bench_grouped(cursor, report):
    """What the plugin counts and adds up itself, against the server over the same rows in a heap table."""
    grouped = "select t3, sum(i2) from {table} group by t3"
    for name, sql in (("csv_count_vs_heap", "select count(*) from {table}"), ("csv_group_vs_heap", grouped)):
        times = measure.paired(cursor, {"csv": sql.format(table="files.scan"), "heap": sql.format(table="bench.heap")})
        for source, values in times.items():
            report.note(f"{name}, {source}: {measure.median(values) * 1e9 / ROWS:.0f} ns a row")
        value = measure.ratio(times, "csv", "heap")
        report.add(name, value, "times", "under 1.0", value < 1.0)


def wide_aggregates(cursor):
    """One over each column of the generated rows, so that all of them are needed."""
    cursor.execute("""select attname, atttypid::regtype::text from pg_attribute
        where attrelid = 'bench.generated'::regclass and attnum > 0 order by attnum""")
    aggregate = {"bigint": "sum({})", "double precision": "sum({})", "timestamp with time zone": "max({})"}
    return ", ".join(aggregate.get(kind, "count({})").format(name) for name, kind in cursor.fetchall())


def bench_generated(cursor, report):
    aggregates = wide_aggregates(cursor)
    with rows_sent(cursor):
        times = measure.paired(cursor, {
            "generated": WIDE_COLUMNS.format(aggregates=aggregates, table="ex.example_wide"),
            "heap": WIDE_COLUMNS.format(aggregates=aggregates, table="bench.generated")}, rounds=9)
    for name, values in times.items():
        report.note(f"generated rows, {name}: {measure.median(values) * 1e9 / ROWS:.0f} ns a row")
    value = measure.ratio(times, "generated", "heap")
    report.add("generated_scan_vs_heap", value, "times", "at most 1.1", value <= 1.1)


def bench_loopback(instance, cursor, report):
    """The server's own wrapper, on the same server over the heap table with the same rows: what it takes to bring rows
    from one process to another. OFFSET 0 keeps both from aggregating on the other side."""
    passwords = instance.service_environment()["PGPASSFILE"]
    instance.superuser(f"""
        create extension postgres_fdw;
        create schema loopback;
        create server loopback foreign data wrapper postgres_fdw options
            (host '{instance.path("run", "pg")}', dbname 'penstock', passfile '{passwords}');
        create user mapping for public server loopback options (user 'penstock', password_required 'false');
        import foreign schema bench limit to (generated) from server loopback into loopback;
        grant usage on schema loopback to penstock_users;
        grant select on loopback.generated to penstock_users;""")
    times = measure.paired(cursor, {name: WIDE_COLUMNS.format(
        aggregates=wide_aggregates(cursor), table=f"(select * from {table} offset 0) as sent") for name, table in (
            ("plugin", "ex.example_wide"), ("postgres_fdw", "loopback.generated"))}, rounds=3)
    for name, values in times.items():
        report.note(f"generated rows sent, {name}: {measure.median(values) * 1e9 / ROWS:.0f} ns a row")
    value = measure.ratio(times, "postgres_fdw", "plugin")
    report.add("generated_scan_speedup_vs_postgres_fdw", value, "times", "at least 1", value >= 1)


def bench_parallel(instance, cursor, report):
    """An aggregate in the server over a table that is read in parts: two workers and the leader against one process."""
    connection, parallel = session(instance)
    parallel.execute("set max_parallel_workers_per_gather = 2; set parallel_setup_cost = 0; set parallel_tuple_cost = 0; "
                     "set min_parallel_table_scan_size = 0")
    sql = "select sum(id), min(id), max(id), count(*) from ex.example_wide"
    times = {"serial": [], "parallel": []}
    answers = []
    with rows_sent(cursor), rows_sent(parallel):
        for each in (cursor, parallel):
            each.execute("explain (costs off) " + sql)
            assert ("Gather" in str(each.fetchall())) == (each is parallel), "not the plan that is measured"
            each.execute(sql)
            answers.append(each.fetchall())
        assert answers[0] == answers[1], answers
        for _ in range(9):
            times["serial"].append(measure.timed(cursor, sql))
            times["parallel"].append(measure.timed(parallel, sql))
    connection.close()
    for name, values in times.items():
        report.note(f"aggregate in the server, {name}: {measure.median(values) * 1e9 / ROWS:.0f} ns a row")
    value = measure.ratio(times, "parallel", "serial")
    report.add("parallel_2_vs_serial", value, "times", "under 1.0", value < 1.0)


def bench_cached(cursor, report):
    """All columns of all rows out of the plugin's cache."""
    with rows_sent(cursor):
        cursor.execute(ALL_COLUMNS.format(table="cached.scan"))
        times = measure.paired(cursor, {name: ALL_COLUMNS.format(table=table) for name, table in (
            ("cached", "cached.scan"), ("heap", "bench.heap"))})
    cursor.execute("select cache_hit, rows from penstock.scan order by number desc limit 1")
    assert cursor.fetchall() == [(True, ROWS)], "not from the cache, or not all rows"
    for name, values in times.items():
        report.note(f"all columns, {name}: {measure.median(values) * 1e9 / ROWS:.0f} ns a row")
    value = measure.ratio(times, "cached", "heap")
    report.add("cached_scan_vs_heap", value, "times", "at most 1.2", value <= 1.2)


def bench_one_row(cursor, report):
    times = measure.paired(cursor, {"row": "select * from ex.example_hello", "one": "select 1"},
                           rounds=1000, warm_up=50)
    value = (measure.median(times["row"]) - measure.median(times["one"])) * 1e6
    report.add("one_row_overhead_us", value, "us", "at most 300", value <= 300)


def memory_of(pid, field):
    """kB of a field of /proc/PID/status."""
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field + ":"))


def bench_memory(instance, report):
    connection, cursor = session(instance)
    cursor.execute("select count(*) from ex.example_hello")
    backend = connection.get_backend_pid()
    plugin = instance.plugin_pid("csv")
    before = memory_of(backend, "RssAnon")
    peak = [before]
    done = threading.Event()

    def watch():
        while not done.wait(0.01):
            peak[0] = max(peak[0], memory_of(backend, "RssAnon"))
    watcher = threading.Thread(target=watch)
    watcher.start()
    with rows_sent(cursor):
        cursor.execute(ALL_COLUMNS.format(table="files.memory") + " having count(*) = %s", (MEMORY_ROWS,))
        rows = cursor.fetchall()
    done.set()
    watcher.join()
    assert len(rows) == 1, "the scan lost rows"
    value = (peak[0] - before) / 1024
    report.add("backend_growth_mb", value, "MB", "under 32", value < 32)
    value = memory_of(plugin, "VmHWM") / 1024
    report.add("plugin_memory_mb", value, "MB", "under 256", value < 256)


def main():
    report = measure.Report(sys.argv[1])
    config = {
        "bench.spc": f'connection "ex" {{\n  plugin = "example"\n  rows = {ROWS}\n}}\n'
    }
    with penstock.Instance(config) as instance:
        folder = instance.path("bench")
        os.mkdir(folder)
        penstock.shutil.chown(folder, penstock.service_user())
        instance.wait_state("ex", "ready")
        prepare(instance, folder)
        instance.write("files.spc", f"""
plugin "csv" {{
  source = "csv"
}}
plugin "remembering" {{
  source = "csv"
  cache_ttl = 3600
  cache_max_mb = 1024
}}
connection "files" {{
  plugin = plugin.csv
  paths = ["{folder}/*.csv"]
}}
connection "cached" {{
  plugin = plugin.remembering
  paths = ["{folder}/scan.csv"]
}}
""")
        for name in ("files", "cached"):
            instance.wait_state(name, "ready")
        connection, cursor = session(instance)
        check_same_rows(cursor)
        bench_csv(cursor, report)
        bench_grouped(cursor, report)
        bench_generated(cursor, report)
        bench_loopback(instance, cursor, report)
        bench_parallel(instance, cursor, report)
        bench_cached(cursor, report)
        bench_one_row(cursor, report)
        connection.close()
        bench_memory(instance, report)
    report.finish()


main()
