#!/usr/bin/python3
"""Time and memory of keeping connection_state true for thousands of connections, each part on a fresh
private server. Times of a start are counted from the start of the server process, which is before it
accepts anybody, to the last row that became ready.
"""

import json
import os
import select
import sys
import time

import measure
import penstock

CONNECTIONS = int(os.environ.get("PENSTOCK_BENCH_CONNECTIONS", 12_000))
EAGER = int(os.environ.get("PENSTOCK_BENCH_EAGER", 500))
PER_FILE = 500
EDITS = 20
EDITED_TOGETHER = 10  # rounds of 20 connections each, for the notifications
NO_CHANGE_REFRESHES = 200
COLUMN_REFRESHES = 50
DEADLINE_S = 300


def block(number, version=0, tables=100, columns=10, import_schema="lazy"):
    return (f'connection "c{number:05}" {{\n  plugin = "many"\n  import_schema = "{import_schema}"\n'
            f"  tables = {tables}\n  columns = {columns}\n  version = {version}\n}}\n")


def lazy_file(index, versions):
    first = index * PER_FILE
    return "".join(block(number, versions.get(number, 0)) for number in range(first, min(first + PER_FILE, CONNECTIONS)))


def lazy_files():
    return {f"many{index:03}.spc": lazy_file(index, {}) for index in range((CONNECTIONS + PER_FILE - 1) // PER_FILE)}


def wait_all_ready(instance, count):
    """Since this start of the server; before the controller's start the rows are as they were left."""
    instance.wait_for(
        lambda: instance.rows("""select state, state_changed_at > pg_postmaster_start_time(), count(*)
            from penstock.connection_state group by 1, 2"""),
        lambda seen: seen == [("ready", True, count)], f"{count} ready connections", DEADLINE_S)


def seconds_to_ready(instance):
    [[seconds]] = instance.rows("""select extract(epoch from max(state_changed_at) - pg_postmaster_start_time())
        from penstock.connection_state""")
    return float(seconds)


def memory_mb(instance):
    """The most that the controller has ever held."""
    [pid] = instance.processes("penstockd")
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) / 1024


def count_ddl(instance):
    """From now on every DDL command of any session leaves a row in ddl_log, also one inside of a function."""
    instance.superuser("""
        create table public.ddl_log (tag text);
        create function public.log_ddl() returns event_trigger language plpgsql security definer as
            $$ begin insert into public.ddl_log values (tg_tag); end $$;
        create event trigger log_ddl on ddl_command_end execute function public.log_ddl();
        create event trigger log_drop on sql_drop execute function public.log_ddl();""")


def bench_lazy_start(instance, report):
    wait_all_ready(instance, CONNECTIONS)
    value = seconds_to_ready(instance)
    report.add("lazy_12000_ready_s", value, "s", "at most 10", value <= 10)
    assert instance.rows("""select count(*), min(table_count), bool_or(imported) from penstock.connection_state"""
                         ) == [(CONNECTIONS, 100, False)]
    assert instance.rows("select count(*) from penstock.offered_table") == [(100,)]


def bench_restart(instance, report):
    count_ddl(instance)
    path = "select xmin::text from pg_db_role_setting"
    before = instance.superuser(path)
    done = instance.cli("service", "restart", "--pg-bindir", penstock.pg_bindir(), timeout=DEADLINE_S)
    assert done.returncode == 0, done.stdout + done.stderr
    wait_all_ready(instance, CONNECTIONS)
    value = seconds_to_ready(instance)
    tags = instance.superuser("select tag from public.ddl_log").split("\n")[:-1]
    for tag in tags:
        report.note(f"DDL during the restart: {tag}")
    statements = len(tags) + (instance.superuser(path) != before)  # ALTER DATABASE fires no trigger
    report.add("restart_ddl_statements", statements, "", "0", statements == 0)
    report.add("lazy_12000_restart_s", value, "s", "at most 5", value <= 5)


class Listener:
    """Notifications of transitions, with the time at which each was there to be read."""

    def __init__(self, instance):
        self.connection = instance.connect()
        self.connection.cursor().execute("listen connection_state")

    def wait_ready(self, names):
        """Returns {name: (time, generation)} once all have become ready."""
        found = {}
        end = time.monotonic() + DEADLINE_S
        while len(found) < len(names):
            if time.monotonic() > end:
                raise penstock.Failure(f"no notification of {set(names) - set(found)}")
            select.select([self.connection], [], [], 1)
            self.connection.poll()
            now = time.time()
            for notification in self.connection.notifies:
                event = json.loads(notification.payload)
                if event["to"] == "ready" and event["connection"] in names:
                    found[event["connection"]] = (now, event["generation"])
            self.connection.notifies.clear()
        return found


def bench_edits(instance, report):
    listener = Listener(instance)
    versions = {}
    times = []
    for edit in range(EDITS):
        number = edit * (CONNECTIONS // EDITS)
        versions[number] = edit + 1
        text = lazy_file(number // PER_FILE, versions)
        began = time.time()
        instance.write(f"many{number // PER_FILE:03}.spc", text)
        [[ready, _]] = listener.wait_ready({f"c{number:05}"}).values()
        times.append((ready - began) * 1000)
    report.note("one edit, ms: " + " ".join(f"{value:.0f}" for value in sorted(times)))
    value = measure.median(times)
    report.add("edit_to_ready_ms_p50", value, "ms", "at most 300", value <= 300)
    return listener, versions


def bench_notifications(instance, listener, versions, report):
    """From the change of the row, whose transaction still has to commit, to the listener."""
    latencies = []
    for edit in range(EDITED_TOGETHER):
        for number in range(20):
            versions[number] = 1000 + edit
        instance.write("many000.spc", lazy_file(0, versions))
        arrived = listener.wait_ready({f"c{number:05}" for number in range(20)})
        for name, changed in instance.rows("""select connection_name, extract(epoch from state_changed_at)
                from penstock.connection_state where connection_name = any (%s)""", list(arrived)):
            latencies.append((arrived[name][0] - float(changed)) * 1000)
    latencies.sort()
    value = latencies[int(len(latencies) * 0.99)]
    report.note(f"notifications: {len(latencies)}, median {measure.median(latencies):.1f} ms")
    report.add("notify_p99_ms", value, "ms", "at most 20", value <= 20)


def bench_eager(report):
    text = "".join(block(number, 0, 20, 10, "enabled") for number in range(EAGER))
    with penstock.Instance({"eager.spc": text}) as instance:
        wait_all_ready(instance, EAGER)
        value = seconds_to_ready(instance)
        report.add("eager_500x20_ready_s", value, "s", "at most 15", value <= 15)
        [[tables]] = instance.rows("select sum(table_count) from penstock.connection_state where imported")
        assert tables == EAGER * 20, tables


def catalog_bytes(instance):
    return int(instance.superuser("""select sum(pg_total_relation_size(oid)) from pg_class
        where (relnamespace = 'pg_catalog'::regnamespace and relkind = 'r' and not relisshared)
           or oid in ('penstock.connection_state'::regclass, 'penstock.offered_table'::regclass)"""))


def refresh_requests(instance):
    [[count]] = instance.rows("select count(*) from penstock.event where event = 'refresh_requested'")
    return count


def write_csv(instance, folder, odd_column):
    text = ",".join([f"c{column}" for column in range(19)] + [odd_column]) + "\n"
    with open(os.path.join(folder, "t00.csv.tmp"), "w") as file:
        file.write(text + ",".join(["1"] * 20) + "\n")
    os.rename(os.path.join(folder, "t00.csv.tmp"), os.path.join(folder, "t00.csv"))


def bench_catalog_growth(report):
    with penstock.Instance({"many.spc": block(0, 0, 20, 10, "enabled")}) as instance:
        folder = instance.path("csv")
        os.mkdir(folder)
        for table in range(1, 20):
            with open(os.path.join(folder, f"t{table:02}.csv"), "w") as file:
                file.write(",".join(f"c{column}" for column in range(20)) + "\n" + ",".join(["1"] * 20) + "\n")
        write_csv(instance, folder, "odd")
        penstock.subprocess.run(["chown", "-R", penstock.service_user(), folder], check=True)
        instance.write("files.spc", f'connection "files" {{\n  plugin = "csv"\n  paths = ["{folder}/*.csv"]\n}}\n')
        instance.wait_state("files", "ready")
        before = catalog_bytes(instance)
        connection = instance.connect()
        for refresh in range(NO_CHANGE_REFRESHES):
            asked = refresh_requests(instance)
            connection.cursor().execute("select penstock.refresh('c00000')")
            penstock.wait_until(lambda asked=asked: refresh_requests(instance) > asked, "a refresh")
        listener = Listener(instance)
        for refresh in range(COLUMN_REFRESHES):
            write_csv(instance, folder, f"odd{refresh}")
            listener.wait_ready({"files"})
        after = catalog_bytes(instance)
        report.note(f"catalogs: {before / 2**20:.1f} MB before, {after / 2**20:.1f} MB after")
        value = (after / before - 1) * 100
        report.add("catalog_growth_pct", value, "%", "at most 10", value <= 10)


def main():
    report = measure.Report(sys.argv[1])
    with penstock.Instance(lazy_files()) as instance:
        bench_lazy_start(instance, report)
        bench_restart(instance, report)
        listener, versions = bench_edits(instance, report)
        bench_notifications(instance, listener, versions, report)
        value = memory_mb(instance)
        report.add("controller_memory_mb", value, "MB", "at most 300", value <= 300)
    bench_eager(report)
    bench_catalog_growth(report)
    report.finish()


if __name__ == "__main__":
    main()
