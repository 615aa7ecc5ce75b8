#!/usr/bin/python3
"""What waiting costs: from the commit that makes a connection ready to the waiting query running, and what a lookup in a
ready schema pays for there being a wait at all.
"""

import os
import subprocess
import sys
import threading

import measure
import penstock

ROUNDS = 20
WAITERS = 10  # sessions of a round, each on a connection of its own
PAIRS = 7  # of pgbench runs
TRANSACTIONS = 20_000  # of one pgbench run


def block(instance, round_, number):
    """Every round has a plugin instance of its own: a running one has told its tables already."""
    return (f'connection "r{round_}_{number}" {{\n  plugin = plugin.round{round_}\n  tables = 2\n  columns = 3\n'
            f'  gate = "{instance.path("gates", f"gate{round_}")}"\n}}\n')


def round_text(instance, round_):
    return (f'plugin "round{round_}" {{\n  source = "many"\n}}\n'
            + "".join(block(instance, round_, number) for number in range(WAITERS)))


class Waiter(threading.Thread):
    def __init__(self, instance, connection):
        super().__init__(daemon=True)
        self.connection, self.woken_at, self.failure = connection, None, None
        self.session = instance.connect()
        self.session.cursor().execute("set application_name = 'waiter'")

    def run(self):
        cursor = self.session.cursor()
        try:
            # The clock is read by the executor, so after parse analysis, where the wait is.
            cursor.execute(f"select extract(epoch from clock_timestamp()) from (select count(*) from {self.connection}.many_1) t")
            [[self.woken_at]] = cursor.fetchall()
        except Exception as error:  # noqa: shown by the caller
            self.failure = error
        finally:
            self.session.close()


def wake_times(instance, round_):
    """Milliseconds from the change of the row to ready, whose transaction still has to commit, to the running query."""
    instance.write(f"round{round_}.spc", round_text(instance, round_))
    instance.wait_for(
        lambda: instance.rows("""select count(*) from connection_state join pg_namespace on nspname = connection_name
            where plugin_instance = %s""", f"round{round_}")[0][0],
        lambda seen: seen == WAITERS, "the pending connections")
    waiters = [Waiter(instance, f"r{round_}_{number}") for number in range(WAITERS)]
    for waiter in waiters:
        waiter.start()
    penstock.wait_until(lambda: instance.rows("""select count(*) from pg_stat_activity where application_name = 'waiter'
        and state = 'active' and wait_event_type in ('Extension', 'Lock')""") == [(WAITERS,)], "the waiting sessions")
    instance.write(f"gate{round_}", "", folder="gates")
    for waiter in waiters:
        waiter.join(penstock.DEADLINE_S)
        assert waiter.woken_at is not None, waiter.failure
    ready = dict(instance.rows("""select connection_name, extract(epoch from state_changed_at) from connection_state
        where plugin_instance = %s""", f"round{round_}"))
    return [float(waiter.woken_at - ready[waiter.connection]) * 1000 for waiter in waiters]


def bench_wake(instance, report):
    times = sorted(time for round_ in range(ROUNDS) for time in wake_times(instance, round_))
    report.note(f"wake-ups: {len(times)}, longest {times[-1]:.1f} ms")
    median = measure.median(times)
    report.add("wake_ms_p50", median, "ms", "at most 10", median <= 10)
    value = times[int(len(times) * 0.99) - 1]
    report.add("wake_ms_p99", value, "ms", "at most 100", value <= 100)


def pgbench(instance, script, **environment):
    """Transactions a second of one client that runs `script`."""
    done = subprocess.run(
        [os.path.join(penstock.pg_bindir(), "pgbench"), "-n", "-c", "1", "-t", str(TRANSACTIONS), "-f", script],
        capture_output=True, text=True, check=True,
        env={**os.environ, **instance.service_environment(), **environment})
    return float(next(line for line in done.stdout.splitlines() if line.startswith("tps")).split()[2])


def bench_lookup(instance, report):
    """The same statement with the waiting on and off, in turns; parse analysis each time (simple protocol)."""
    instance.superuser("create table ex.local as select 1 as one; grant select on ex.local to public")
    script = instance.write("lookup.sql", "select 1 from ex.local;\n", folder="bench", mode=0o644)
    ratios = []
    for _ in range(PAIRS):
        with_wait = pgbench(instance, script)
        without = pgbench(instance, script, PGOPTIONS="-c penstock.schema_wait_timeout=0")
        ratios.append(without / with_wait)
    report.note("lookups, time with waiting to time without, in pairs: " + " ".join(f"{r:.3f}" for r in sorted(ratios)))
    value = measure.median(ratios)
    report.add("lookup_time_ratio", value, "", "1 but for noise", value <= 1.03)


def main():
    report = measure.Report(sys.argv[1])
    with penstock.Instance({"base.spc": 'connection "ex" { plugin = "example" }\n'}) as instance:
        instance.wait_state("ex", "ready")
        bench_wake(instance, report)
        bench_lookup(instance, report)
    report.finish()


if __name__ == "__main__":
    main()
