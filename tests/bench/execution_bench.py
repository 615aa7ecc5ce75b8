#!/usr/bin/python3
"""How the executor uses plugins: how often it asks, and what it does at the same time."""

import sys
import time

import measure
import penstock

ARMS = 16


def config():
    text = "".join(f'connection "s{n}" {{\n  plugin = "slow"\n  delay_ms = 200\n  rows = 3\n}}\n'
                   for n in range(1, ARMS + 1))
    return text + '''connection "quick" {
  plugin = "slow"
}
connection "five" {
  plugin   = "slow"
  delay_ms = 5
}
'''


def bench_nested_loop(instance, cursor, report):
    instance.superuser("""
        create table public.outer_rows as select (i % 100) * 2 as key from generate_series(1, 10000) i;
        analyze public.outer_rows;
        grant select on public.outer_rows to penstock_users;""")
    cursor.execute("select count(*) from quick.slow_calls")
    [(before,)] = cursor.fetchall()
    cursor.execute("select count(*), count(distinct o.key) from public.outer_rows o join quick.slow_lookup l on l.key = o.key")
    [(rows, keys)] = cursor.fetchall()
    assert (rows, keys) == (12000, 100), (rows, keys)
    cursor.execute("select count(*) from quick.slow_calls")
    [(after,)] = cursor.fetchall()
    report.add("nestloop_plugin_calls", after - before, "calls", "at most 100", after - before <= 100)


def bench_batches(instance, cursor, report):
    instance.superuser("""
        create table public.thousand as select i * 2 as key from generate_series(1, 1000) i;
        analyze public.thousand;
        grant select on public.thousand to penstock_users;""")
    sql = "select count(*), count(distinct l.key) from public.thousand o join five.slow_lookup l on l.key = o.key"
    cursor.execute(sql)
    assert cursor.fetchall() == [(1200, 1000)]
    value = measure.median(measure.timed(cursor, sql) * 1000 for _ in range(5))
    report.add("batched_1000_keys_ms", value, "ms", "at most 100", value <= 100)


def bench_union(cursor, report):
    arms = " union all ".join(f"select * from s{n}.slow_rows" for n in range(1, ARMS + 1))
    times = []
    for _ in range(3):
        began = time.perf_counter()
        cursor.execute(f"select count(*) from ({arms}) a")
        assert cursor.fetchall() == [(3 * ARMS,)]
        times.append((time.perf_counter() - began) * 1000)
    value = measure.median(times)
    report.add("union_16x200ms_ms", value, "ms", "at most 400", value <= 400)


def main():
    report = measure.Report(sys.argv[1])
    with penstock.Instance({"slow.spc": config()}) as instance:
        for number in range(1, ARMS + 1):
            instance.wait_state(f"s{number}", "ready")
        instance.wait_state("quick", "ready")
        instance.wait_state("five", "ready")
        cursor = instance.connect().cursor()
        bench_nested_loop(instance, cursor, report)
        bench_batches(instance, cursor, report)
        bench_union(cursor, report)
    report.finish()


main()
