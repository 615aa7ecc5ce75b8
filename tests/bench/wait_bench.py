#!/usr/bin/python3
"""What waiting costs: from the commit that makes a connection ready to the waiting query running, and what a lookup in a
ready schema pays for there being a wait at all.
"""

import contextlib
import os
import subprocess
import sys
import threading

import count_instructions
import measure
import penstock

ROUNDS = 20
WAITERS = 10  # sessions of a round, each on a connection of its own
PAIRS = int(os.environ.get("PENSTOCK_BENCH_PAIRS", 31))  # of pgbench runs
TRANSACTIONS = 4_000  # of one pgbench run
LOOKUPS = 20  # counted instruction by instruction


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
            # The clock is read by the executor, after parse analysis, where the wait is, and before the scan.
            cursor.execute(f"select extract(epoch from clock_timestamp()), (select count(*) from {self.connection}.many_1)")
            [[self.woken_at, _]] = cursor.fetchall()
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


def make_table(instance):
    instance.superuser("create table ex.local as select 1 as one; grant select on ex.local to public")


@contextlib.contextmanager
def server_without_library(instance):
    """A second server over a copy of the instance's cluster, which loads no library of ours; its environment."""
    source = instance.superuser("show data_directory").strip()
    folder = instance.path("plain")
    os.mkdir(folder)
    penstock.shutil.chown(folder, penstock.service_user())
    instance.stop()
    copy = penstock.as_service_user(["cp", "-a", source, os.path.join(folder, "data")])
    subprocess.run(copy, check=True)
    instance.start()
    instance.wait_state("ex", "ready")

    # The password file names the other socket. The home is nobody's but the service user's.
    trust = instance.write("hba.conf", "local all all trust\n", folder="plain")

    def control(*arguments):
        command = [os.path.join(penstock.pg_bindir(), "pg_ctl"), "-D", os.path.join(folder, "data"), "-w", *arguments]
        subprocess.run(penstock.as_service_user(command), check=True, stdout=subprocess.DEVNULL, cwd="/")
    control("-l", os.path.join(folder, "log"), "-o",
            f"-c shared_preload_libraries='' -c unix_socket_directories={folder} -c listen_addresses='' "
            f"-c hba_file={trust}", "start")
    try:
        yield {"PGHOST": folder}
    finally:
        control("-m", "fast", "stop")


def lookup_ratios(instance, script, first, second):
    """Time of a transaction with `first` in the environment to that with `second`, run by run, in turns."""
    ratios = []
    for pair in range(PAIRS):
        rates = {}
        for which in (0, 1) if pair % 2 else (1, 0):
            rates[which] = pgbench(instance, script, **(first, second)[which])
        ratios.append(rates[1] / rates[0])
    return sorted(ratios)


def add_ratio(report, name, ratios):
    lower, upper = ratios[PAIRS // 4], ratios[3 * PAIRS // 4]
    report.add(name, measure.median(ratios), "", "1 between the quartiles", lower <= 1 <= upper)
    report.add(f"{name}_lower_quartile", lower, "", "at most 1", lower <= 1)
    report.add(f"{name}_upper_quartile", upper, "", "at least 1", upper >= 1)


def bench_lookup(instance, report):
    """`select 1 from` a local table of a ready schema, by the simple protocol, so with parse analysis each time: the
    server of the instance against one that does not load the library at all, over the same cluster; and waiting on
    against off in the same server."""
    script = instance.write("lookup.sql", "select 1 from ex.local;\n", folder="bench", mode=0o644)
    with server_without_library(instance) as plain:
        add_ratio(report, "lookup_with_vs_without_library", lookup_ratios(instance, script, {}, plain))
    off = {"PGOPTIONS": "-c penstock.schema_wait_timeout=0"}
    add_ratio(report, "lookup_time_ratio", lookup_ratios(instance, script, {}, off))


def bench_instructions(instance, report):
    """Of the server's hook for a name in a ready schema: without a library that waits it is not called at all."""
    session = instance.connect()
    cursor = session.cursor()

    def look_up():
        for _ in range(LOOKUPS):
            cursor.execute("select 1 from ex.local")

    look_up()  # from now on the schema is known to be ready
    pid = session.get_backend_pid()
    counts = count_instructions.count_instructions(
        pid, os.path.realpath(f"/proc/{pid}/exe"), "RunNamespaceSearchHook", look_up)
    assert len(counts) >= LOOKUPS, counts
    value = measure.median(counts)
    report.note(f"instructions of one lookup: {min(counts)} to {max(counts)}")
    report.add("lookup_added_instructions", value, "", "at most 500", value <= 500)


def main():
    report = measure.Report(sys.argv[1])
    with penstock.Instance({"base.spc": 'connection "ex" { plugin = "example" }\n'}) as instance:
        instance.wait_state("ex", "ready")
        bench_wake(instance, report)
        make_table(instance)
        bench_lookup(instance, report)
        bench_instructions(instance, report)
    report.finish()


if __name__ == "__main__":
    main()
