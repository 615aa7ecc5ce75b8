#!/usr/bin/python3
"""Ten thousand scans that fail and two thousand that are cancelled leave a backend, and the plugin, as
they were: file descriptors, memory, threads, processes.

PENSTOCK_LEAK_ROUNDS (1) repeats all of it."""

import os

import penstock
from penstock import psycopg2

ROUNDS = int(os.environ.get("PENSTOCK_LEAK_ROUNDS", "1"))
FAILING, IN_SUBTRANSACTIONS, CANCELLED = 5000 * ROUNDS, 5000 * ROUNDS, 2000 * ROUNDS
WARM_UP = 200
MEMORY_MARGIN_KB = 256     # of a backend's contexts: catalog caches settle
RESIDENT_MARGIN_MB = 16    # of a process

FAULTS = ["error=53400", "at=3 error=22012", "at=900 rows=1000 error=42501", "at=2 value=utf8", "at=5 value=type",
          "throw=standard", "throw=number", "nonsense", "bytes=300000 rows=4 at=3 error=57014"]
# What fails without the plugin, or before it is asked.
OTHERS = ["select * from spy.faults", "select 1 / (n - 4) from spy.faults where act = 'rows=100'",
          "select word::int from spy.faults where act = 'rows=3'",
          "select * from spy.wide w, spy.big b where 1 / (b.id - 3) > w.id"]

LOOP = """
do $$ declare
    faults text[] := array[{faults}];
begin
    for number in 1..{count} loop
        begin
            perform n, word from spy.faults where act = faults[1 + number % cardinality(faults)];
            raise assert_failure using message = 'no error';
        exception when assert_failure then raise;
                  when others then null;
        end;
    end loop;
end $$"""


def statements(count):
    for number in range(count):
        pick = number % (len(FAULTS) + len(OTHERS))
        yield (f"select n, word from spy.faults where act = '{FAULTS[pick]}'" if pick < len(FAULTS)
               else OTHERS[pick - len(FAULTS)])


def fail(cursor, count):
    for sql in statements(count):
        try:
            cursor.execute(sql)
        except psycopg2.Error as error:
            assert not cursor.connection.closed, error
            continue
        raise AssertionError(f"no error from: {sql}")


def fail_in_subtransactions(cursor, count):
    cursor.execute(LOOP.format(faults=", ".join(f"'{fault}'" for fault in FAULTS), count=count))


def cancel(cursor, count):
    acts = ["hang=polite", "rows=100 at=50 hang=polite", "rows=1000000", "rows=-1 bytes=5000", "row_delay_ms=1 rows=100"]
    cursor.execute("set statement_timeout = '2ms'")
    cancelled = 0
    while cancelled < count:
        try:
            cursor.execute(f"select count(n) from spy.faults where act = '{acts[cancelled % len(acts)]}'")
        except psycopg2.Error as error:
            assert error.pgcode == "57014", error
            cancelled += 1
    cursor.execute("reset statement_timeout")


def resident_mb(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


def descriptors_of(backend):
    """But for the server's files: it closes and opens those of the catalogs when it likes, after an autovacuum say."""
    found = []
    for number in os.listdir(f"/proc/{backend}/fd"):
        target = os.readlink(f"/proc/{backend}/fd/{number}")
        if not target.startswith(INSTANCE.path("data")):
            found.append(target.partition(":")[0])
    return sorted(found)


def state_of(cursor, plugin):
    pid = cursor.connection.get_backend_pid()
    cursor.execute("select sum(used_bytes) / 1024, count(*) from pg_backend_memory_contexts")
    memory_kb, contexts = cursor.fetchall()[0]
    return {"descriptors": descriptors_of(pid), "memory_kb": int(memory_kb), "contexts": contexts,
            "resident_mb": resident_mb(pid), "plugin_mb": resident_mb(plugin)}


def of_plugin(plugin):
    return {"descriptors": len(os.listdir(f"/proc/{plugin}/fd")), "threads": len(os.listdir(f"/proc/{plugin}/task"))}


def leaves_nothing(do, count):
    connection = INSTANCE.connect()
    cursor = connection.cursor()
    plugin = INSTANCE.plugin_pid("spy")
    for each in OTHERS:  # all plans and caches that the loop will have
        fail(cursor, 1 + OTHERS.index(each))
    do(cursor, WARM_UP)
    quiet = of_plugin(plugin)
    before, processes = state_of(cursor, plugin), sorted(INSTANCE.processes("lib/penstock/plugins"))
    do(cursor, count)
    after = state_of(cursor, plugin)
    assert after["descriptors"] == before["descriptors"], (before, after)
    assert after["contexts"] <= before["contexts"] + 2, (before, after)
    assert after["memory_kb"] <= before["memory_kb"] + MEMORY_MARGIN_KB, (before, after)
    for name in ("resident_mb", "plugin_mb"):
        assert after[name] <= before[name] + RESIDENT_MARGIN_MB, (before, after)
    cursor.execute("select count(*) from spy.wide")
    assert cursor.fetchall() == [(150,)]
    # The last scans may still be ending.
    penstock.wait_until(lambda: all(now <= quiet[name] + 2 for name, now in of_plugin(plugin).items()),
                        f"the plugin to be as before: {quiet}, now {of_plugin(plugin)}", 5)
    assert INSTANCE.plugin_pid("spy") == plugin
    assert sorted(INSTANCE.processes("lib/penstock/plugins")) == processes
    connection.close()


def failing_scans_leave_nothing():
    leaves_nothing(fail, FAILING)


def scans_that_fail_in_subtransactions_leave_nothing():
    leaves_nothing(fail_in_subtransactions, IN_SUBTRANSACTIONS)


def cancelled_scans_leave_nothing():
    leaves_nothing(cancel, CANCELLED)


with penstock.Instance({"spy.spc": 'connection "spy" {\n  plugin = "spy"\n}\n'}) as INSTANCE:
    INSTANCE.wait_state("spy", "ready")
    INSTANCE.superuser("grant pg_read_all_stats to penstock_users")
    penstock.run_tests([failing_scans_leave_nothing, scans_that_fail_in_subtransactions_leave_nothing,
                        cancelled_scans_leave_nothing])
