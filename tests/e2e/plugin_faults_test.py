#!/usr/bin/python3
"""A plugin that crashes, hangs, lies or eats: the query gets one clear error, never a short result, and
nothing else notices. What the SDK cannot say wrong, contract_test.py says by hand."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time

import penstock
from penstock import psycopg2

LIMIT_S = 1.0
CRASHES = ["segv", "abort", "kill", "exit", "quiet_exit"]


def instance_of_its_own(label, more="", connection=""):
    return (f'plugin "{label}" {{\n  source = "spy"\n{more}}}\n'
            f'connection "{label}" {{\n  plugin = plugin.{label}\n{connection}}}\n')


# Each crash in a process of its own: five in a minute are too many for one.
CONFIG = {"spy.spc": instance_of_its_own("spy", connection="  seed = 1\n"),
          "crash.spc": "".join(instance_of_its_own(f"crash_{how}") for how in CRASHES),
          "stop.spc": instance_of_its_own("stopped"),
          "often.spc": instance_of_its_own("often"),
          "cached.spc": instance_of_its_own("cached", "  cache_ttl = 600\n"),
          "frozen.spc": instance_of_its_own("frozen", "  hang_timeout = 3\n"),
          "small.spc": instance_of_its_own("small", "  memory_max_mb = 150\n")}


def acted(act, columns="count(*)", connection="spy", more=""):
    return f"select {columns} from {connection}.faults where act = '{act}'{more}"


def error_of(act, **options):
    options.setdefault("columns", "n, word, small")
    return INSTANCE.error(acted(act, **options))


def last_request(table, connection="spy"):
    """(state, rows made) of the last request of a table."""
    rows = INSTANCE.rows(f"select state, row_count from {connection}.requests where table_name = %s "
                         "order by number desc limit 1", table)
    return rows[0] if rows else None


@contextlib.contextmanager
def session(**options):
    connection = INSTANCE.connect(**options)
    try:
        yield connection
    finally:
        connection.close()


def time_to_time_out(sql):
    """Seconds until statement_timeout, 200 ms, has ended it."""
    with session() as connection:
        cursor = connection.cursor()
        cursor.execute("set statement_timeout = '200ms'")
        began = time.monotonic()
        try:
            cursor.execute(sql)
        except psycopg2.Error as error:
            assert error.pgcode == "57014", (sql, error)
            return time.monotonic() - began
    raise AssertionError(f"no error from: {sql}")


def a_plugin_that_crashes_costs_one_query_an_error():
    for how, at in zip(CRASHES, (0, 1, 5000, 9999, 10000)):
        name = f"crash_{how}"
        pid = INSTANCE.plugin_pid(name)
        with session() as connection:
            cursor = connection.cursor()
            try:
                cursor.execute(acted(f"rows=10000 at={at} crash={how}", "n, word", name))
                raise AssertionError(f"{how}: {cursor.rowcount} rows instead of an error")
            except psycopg2.Error as error:
                assert error.pgcode == "08006" and f'"{name}"' in str(error), (how, error)
            INSTANCE.wait_for(lambda: INSTANCE.plugin_pid(name), lambda seen: seen not in (None, pid), "a new process")
            cursor.execute(acted("rows=10000", "count(n), max(n)", name))
            assert cursor.fetchall() == [(10000, 9999)], how
        assert INSTANCE.rows("select count(*) from spy.wide") == [(150,)], "the other processes"


def five_crashes_in_a_minute_put_the_connection_in_error_with_the_reason():
    for count in range(1, 6):
        pid = INSTANCE.plugin_pid("often")
        error = error_of("crash=segv stderr=500", connection="often")
        assert error.pgcode == "08006", error
        if count < 5:
            INSTANCE.wait_for(lambda: INSTANCE.plugin_pid("often"), lambda seen: seen not in (None, pid), "a new process")
    reason = INSTANCE.wait_state("often", "error")
    assert "signal 11" in reason, reason
    assert INSTANCE.state("spy") == ("ready", None)


def what_a_plugin_throws_is_the_error_of_the_query():
    for act, sqlstate, text in (("error=53400", "53400", "fault on demand"), ("at=7 error=22012", "22012", "fault"),
                                ("rows=100000 at=99999 error=42501", "42501", "fault"), ("error=XX000", "XX000", "fault"),
                                ("throw=bad_alloc", "53000", "memory"), ("throw=standard", "XX000", "not an Exception"),
                                ("throw=number", "XX000", ""), ("nonsense=1", "HV00D", "nonsense")):
        error = error_of(act)
        assert error.pgcode == sqlstate and text in str(error), (act, error.pgcode, str(error))
    error = error_of("at=3 error=53400")
    assert (error.diag.message_detail, error.diag.message_hint) == ("It was asked for.", "Ask for something else."), error


def bad_values_are_refused_with_their_column():
    for value, sqlstate, column in (("utf8", "22021", "word"), ("nul", "22021", "word"), ("surrogate", "22021", "word"),
                                    ("type", "HV004", "n"), ("range", "22003", "small"), ("row", "XX000", "")):
        for at in (0, 900):
            error = error_of(f"rows=1000 at={at} value={value}")
            assert error.pgcode == sqlstate and f'"{column}"' in str(error) or not column, (value, error.pgcode, str(error))
    assert INSTANCE.rows(acted("rows=1000 value=utf8", "count(n)")) == [(1000,)], "a column that nobody asked for"


def a_value_that_fits_no_frame_is_an_error_and_a_large_one_is_not():
    assert INSTANCE.rows(acted("rows=3 bytes=12000000", "sum(length(word))")) == [(36_000_000,)]
    error = error_of("rows=1 bytes=20000000")
    assert error.pgcode == "54000" and 'column "word" is too large' in str(error), (error.pgcode, str(error))
    error = error_of("rows=2 bytes=16777200")  # a value that fits, in rows that do not
    assert error.pgcode == "53000" and "the limit is 16777216" in str(error), (error.pgcode, str(error))
    assert INSTANCE.rows(acted("rows=1", "n")) == [(0,)]


def a_plugin_that_hangs_is_left_in_time_and_serves_others():
    for act in ("hang=polite", "hang=deaf", "at=5 hang=polite", "rows=200000 at=199999 hang=polite", "at=10 hang=polite",
                "rows=1000000 row_delay_ms=5"):
        penstock.within(0.2 + LIMIT_S, lambda: time_to_time_out(acted(act, "n, word")))
        assert INSTANCE.rows("select count(*) from spy.wide") == [(150,)], act
    INSTANCE.wait_for(lambda: INSTANCE.rows("select act from spy.faults where act = 'rows=1'"), lambda rows: len(rows) == 1,
                      "an answer")
    # Polite ones notice; the deaf one is left running.
    INSTANCE.wait_for(
        lambda: INSTANCE.rows("select count(*) from spy.requests where table_name = 'faults' and state = 'running'"),
        lambda rows: rows == [(1,)], "the scans to be cancelled")


def a_stopped_process_does_not_hold_a_query():
    pid = INSTANCE.plugin_pid("stopped")
    os.kill(pid, signal.SIGSTOP)
    try:
        penstock.within(0.2 + LIMIT_S, lambda: time_to_time_out("select * from stopped.wide"))
    finally:
        os.kill(pid, signal.SIGCONT)
    assert INSTANCE.rows("select count(*) from stopped.wide") == [(150,)]


def a_stopped_process_is_replaced_without_a_hand():
    pid = INSTANCE.plugin_pid("frozen")
    os.kill(pid, signal.SIGSTOP)
    error = INSTANCE.error("select * from frozen.wide")  # no timeout is set: it ends because the process does
    assert error.pgcode == "08006", (error.pgcode, str(error))
    INSTANCE.wait_for(lambda: INSTANCE.plugin_pid("frozen"), lambda seen: seen not in (None, pid), "a new process")
    INSTANCE.wait_state("frozen", "ready")
    assert INSTANCE.rows("select count(*) from frozen.wide") == [(150,)]
    # The row of `plugin` is written after the event.
    events = INSTANCE.rows("select detail->>'error' from penstock.event where event = 'exit' and detail->>'instance' = 'frozen'")
    assert any("did not answer for 3000 ms" in text for (text,) in events), events


def rows_without_end_wait_for_their_reader_and_stop_with_it():
    with session(autocommit=False) as connection:
        cursor = connection.cursor()
        cursor.execute(f"declare c cursor for {acted('rows=-1 bytes=1000', 'n, word')}")
        cursor.execute("fetch 10 from c")
        assert [row[0] for row in cursor.fetchall()] == list(range(10))
        # Once socket and blocks are full the plugin stands still.
        seen = []

        def stands_still():
            seen.append(last_running_rows())
            return len(seen) > 20 and seen[-1] == seen[-20]
        penstock.wait_until(stands_still, "the plugin to wait for its reader")
        memory = resident_mb(INSTANCE.plugin_pid("spy"))
        cursor.execute("fetch 100000 from c")
        assert len(cursor.fetchall()) == 100000
        assert resident_mb(INSTANCE.plugin_pid("spy")) < memory + 50, "memory is bounded"
    penstock.within(LIMIT_S, time_to_be_cancelled)
    penstock.within(LIMIT_S, time_after_a_reader_that_goes)
    penstock.within(LIMIT_S, time_after_a_limit)


def time_to_be_cancelled():
    """Seconds until the last request is."""
    began = time.monotonic()
    penstock.wait_until(lambda: last_request("faults")[0] == "cancelled", "the scan to be cancelled")
    return time.monotonic() - began


def time_after_a_reader_that_goes():
    with session(autocommit=False) as connection:
        cursor = connection.cursor()
        cursor.execute(f"declare c cursor for {acted('rows=-1 bytes=1000', 'n, word')}")
        cursor.execute("fetch 10 from c")
    return time_to_be_cancelled()


def time_after_a_limit():
    assert len(INSTANCE.rows(acted("rows=-1", "n", more=" limit 1"))) == 1
    return time_to_be_cancelled()


def last_running_rows():
    pid = INSTANCE.plugin_pid("spy")
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(") ")[2].split()
    return int(fields[11]) + int(fields[12])  # its processor time, in ticks


def resident_mb(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024


def a_memory_hog_gets_an_error_and_the_others_live():
    pid = INSTANCE.plugin_pid("small")
    error = error_of("memory=1000", connection="small")
    assert error.pgcode == "53000" and "memory" in str(error), (error.pgcode, str(error))
    assert INSTANCE.plugin_pid("small") == pid, "it lives"
    assert INSTANCE.rows("select count(*) from spy.wide") == [(150,)]


def children_of_a_plugin_end_with_it():
    pid = INSTANCE.plugin_pid("small")
    assert INSTANCE.rows(acted("rows=1 processes=5", "n", "small")) == [(0,)]
    children = children_of(pid)
    assert len(children) == 5, children
    os.kill(pid, signal.SIGKILL)
    penstock.wait_until(lambda: not any(os.path.exists(f"/proc/{child}") for child in children), "the children to end", 5)
    INSTANCE.wait_for(lambda: INSTANCE.plugin_pid("small"), lambda seen: seen not in (None, pid), "a new process")


def children_of(pid):
    found = []
    for entry in os.listdir("/proc"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            with open(f"/proc/{int(entry)}/stat") as file:
                if int(file.read().rpartition(") ")[2].split()[1]) == pid:
                    found.append(int(entry))
    return found


def a_flood_on_stderr_is_drained_and_stops_nothing():
    began = time.monotonic()
    assert INSTANCE.rows(acted("rows=5 stderr=20000000", "count(*)")) == [(5,)]
    assert time.monotonic() - began < 20
    assert INSTANCE.rows("select count(*) from spy.wide") == [(150,)]


def warnings_reach_the_user_and_are_counted():
    with session() as connection:
        cursor = connection.cursor()
        cursor.execute(acted("warnings=1000", "n"))
        assert len(cursor.fetchall()) == 10
        warnings = [notice for notice in connection.notices if "warning" in notice.lower()]
        assert 0 < len(warnings) <= 100, len(warnings)


def two_scans_of_one_backend_never_wait_for_each_other():
    with session(autocommit=False) as connection:
        cursor = connection.cursor()
        cursor.execute("set statement_timeout = '10s'")
        for name in ("a", "b"):
            cursor.execute(f"declare {name} cursor for {acted('rows=20000 bytes=100', 'n, word')}")
        for _ in range(5):
            for name in ("a", "b"):
                cursor.execute(f"fetch 2000 from {name}")
                assert len(cursor.fetchall()) == 2000
        cursor.execute(f"select count(*) from ({acted('rows=20000 bytes=100', 'n, word')} union all "
                       f"{acted('rows=20000 bytes=100', 'n, word')}) x")
        assert cursor.fetchall() == [(40000,)]
        cursor.execute("select count(*) from spy.big x join spy.big y using (id)")
        assert cursor.fetchall() == [(4000,)]


def a_scan_that_ended_early_is_never_taken_for_a_whole_one():
    for name in ("spy", "cached"):
        act = acted("rows=300 row_delay_ms=1", "n", name)
        with session() as connection:
            cursor = connection.cursor()
            cursor.execute(act + " limit 3")
            assert cursor.fetchall() == [(0,), (1,), (2,)]
            cursor.execute("set statement_timeout = '100ms'")
            run_quietly(connection, act)
            cursor.execute("reset statement_timeout")
            run_quietly(connection, acted("rows=300 row_delay_ms=1", "1 / (n - 100)", name))
            for _ in range(2):
                cursor.execute(f"select count(*), sum(n) from (select n from ({act}) x offset 0) x")
                assert cursor.fetchall() == [(300, 44850)], name


def misshapen_tables_are_refused_with_their_name_and_spare_other_connections():
    for shape, text in (("wide", "1601"), ("twins", '"a"'), ("long_column", "63"), ("long_name", "63"),
                        ("no_columns", "column"), ("system_column", '"ctid"')):
        INSTANCE.write("bad.spc", f'connection "bad" {{\n  plugin = plugin.spy\n  shape = "{shape}"\n}}\n')
        reason = INSTANCE.wait_for(lambda: INSTANCE.state("bad"), lambda seen: seen and seen[0] == "error" and text in seen[1],
                                   f"shape {shape} in error with {text}")
        assert reason, shape
    INSTANCE.remove("bad.spc")
    INSTANCE.wait_state("bad", None)
    assert INSTANCE.state("spy") == ("ready", None)


def a_connection_that_fails_while_it_is_made_is_in_error_and_comes_back():
    for where in ("at_connect", "at_tables"):
        INSTANCE.write("bad.spc", f'connection "bad" {{\n  plugin = plugin.spy\n  {where} = "error=53400"\n}}\n')
        reason = INSTANCE.wait_state("bad", "error")
        assert "fault on demand" in reason, reason
        INSTANCE.write("bad.spc", 'connection "bad" {\n  plugin = plugin.spy\n}\n')
        INSTANCE.wait_state("bad", "ready")
    INSTANCE.remove("bad.spc")
    INSTANCE.wait_state("bad", None)


def plain_explain_and_prepare_ask_no_plugin():
    before = INSTANCE.rows("select max(number) from spy.requests")
    with session() as connection:
        cursor = connection.cursor()
        cursor.execute("explain (verbose) select * from spy.wide w join spy.mid m using (id) where w.k = 1")
        cursor.execute("prepare p (int) as select * from spy.wide where k = $1")
        cursor.execute("set plan_cache_mode = force_generic_plan; explain execute p (1)")
    assert INSTANCE.rows("select max(number) from spy.requests") == before


def a_backend_has_one_thread():
    with session() as connection:
        connection.cursor().execute("select * from spy.wide w join spy.mid m using (id)")
        assert os.listdir(f"/proc/{connection.get_backend_pid()}/task") == [str(connection.get_backend_pid())]


def a_client_that_is_gone_ends_its_query():
    assert INSTANCE.rows("show client_connection_check_interval") == [("10s",)], "what the service sets"
    connection = INSTANCE.connect(options="-c client_connection_check_interval=100ms")
    pid = connection.get_backend_pid()
    thread = threading.Thread(target=lambda: run_quietly(connection, acted("hang=polite", "n")))
    thread.start()
    penstock.wait_until(lambda: INSTANCE.rows("select wait_event_type from pg_stat_activity where pid = %s", pid)
                        == [("Extension",)], "the backend to wait for the plugin", 10)
    with socket.socket(fileno=os.dup(connection.fileno())) as twin:
        twin.shutdown(socket.SHUT_RDWR)
    penstock.wait_until(lambda: not os.path.exists(f"/proc/{pid}"), "the backend to end", 5)
    thread.join(10)
    INSTANCE.wait_for(lambda: last_request("faults")[0], lambda seen: seen == "cancelled", "the scan to be cancelled")


def run_quietly(connection, sql):
    with contextlib.suppress(psycopg2.Error):
        connection.cursor().execute(sql)


def a_backend_out_of_memory_has_an_error_and_goes_on():
    def limit(memory):
        subprocess.run(penstock.as_service_user(["prlimit", f"--pid={pid}", f"--as={memory}:"]), check=True)

    with session() as connection:
        cursor = connection.cursor()
        cursor.execute("select count(*) from spy.wide")
        pid = connection.get_backend_pid()
        with open(f"/proc/{pid}/statm") as file:
            size = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        try:
            limit(size + 60_000_000)
            for act in ("rows=1000 bytes=1000000", "rows=30 bytes=15000000"):
                try:
                    cursor.execute(acted(act, "length(string_agg(word, ''))"))
                    raise AssertionError("no error")
                except psycopg2.Error as error:
                    assert error.pgcode == "53200", error
                cursor.execute(acted("rows=10", "count(n)"))
                assert cursor.fetchall() == [(10,)]
        finally:
            limit("unlimited")


with penstock.Instance(CONFIG) as INSTANCE:
    for CONNECTION in ["spy", "stopped", "often", "small", "cached", "frozen"] + [f"crash_{each}" for each in CRASHES]:
        INSTANCE.wait_state(CONNECTION, "ready")
    penstock.run_tests([
        a_plugin_that_crashes_costs_one_query_an_error,
        five_crashes_in_a_minute_put_the_connection_in_error_with_the_reason,
        what_a_plugin_throws_is_the_error_of_the_query,
        bad_values_are_refused_with_their_column,
        a_value_that_fits_no_frame_is_an_error_and_a_large_one_is_not,
        a_plugin_that_hangs_is_left_in_time_and_serves_others,
        a_stopped_process_does_not_hold_a_query,
        a_stopped_process_is_replaced_without_a_hand,
        rows_without_end_wait_for_their_reader_and_stop_with_it,
        a_memory_hog_gets_an_error_and_the_others_live,
        children_of_a_plugin_end_with_it,
        a_flood_on_stderr_is_drained_and_stops_nothing,
        warnings_reach_the_user_and_are_counted,
        two_scans_of_one_backend_never_wait_for_each_other,
        a_scan_that_ended_early_is_never_taken_for_a_whole_one,
        misshapen_tables_are_refused_with_their_name_and_spare_other_connections,
        a_connection_that_fails_while_it_is_made_is_in_error_and_comes_back,
        plain_explain_and_prepare_ask_no_plugin,
        a_backend_has_one_thread,
        a_client_that_is_gone_ends_its_query,
        a_backend_out_of_memory_has_an_error_and_goes_on,
    ])
