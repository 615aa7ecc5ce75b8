#!/usr/bin/python3
"""How `penstock query` ends before its rows do: Ctrl-C whatever it is at, readers that stop, a server that does not
answer, standard streams that are closed."""

import fcntl
import os
import signal
import socket
import subprocess
import termios
import time

import fake_plugin
import penstock
from penstock import wait_until

ENDLESS = "select id from endless.example_numbers"
INTERRUPTED = "penstock: interrupted\n"


def start(*arguments, **options):
    options = {"stdout": subprocess.PIPE, "env": INSTANCE.environment, **options}
    return subprocess.Popen([penstock.PENSTOCK, "query", *arguments], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            text=True, **options)


def ends_by_control_c(process, limit_s, code=130):
    """Standard error. Nobody reads standard output meanwhile."""
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    try:
        seen = process.wait(limit_s + 10)
    finally:
        process.kill()
    took = time.monotonic() - began
    error = process.stderr.read()
    process.stderr.close()
    if process.stdout:
        process.stdout.close()
    assert seen == code and took < limit_s, (seen, error, took)
    return error


def waits_on_the_server(process, verb):
    wait_until(lambda: INSTANCE.rows("select count(*) from pg_stat_activity where application_name = 'penstock' "
                                     "and state = 'active' and query like %s", verb + "%") == [(1,)]
               or process.poll() is not None, "the statement", 20)
    return process


# -- Ctrl-C


def control_c_ends_a_copy_whose_source_is_silent_and_tells_the_plugin():
    with fake_plugin.silent_table(INSTANCE) as plugin:
        process = start("copy (select repeat('x', 100) from generate_series(1, 300) union all select v::text from fake.t) to stdout")
        assert plugin.connected.wait(10) and process.stdout.read(1) == "x"
        assert "canceling statement due to user request" in ends_by_control_c(process, 1)
        assert plugin.hung_up.wait(5), "the plugin was not told"


def control_c_ends_a_copy_that_never_ends():
    process = start(f"copy ({ENDLESS}) to stdout", stdout=subprocess.DEVNULL)
    assert ends_by_control_c(waits_on_the_server(process, "copy"), 2).endswith(INTERRUPTED)


def control_c_ends_output_that_nobody_reads():
    for options in ((ENDLESS, "--output", "csv"), (ENDLESS, "--output", "json"), (ENDLESS, "--output", "ndjson"),
                    ("select generate_series(1, 200000)",), ("select generate_series(1, 200000)", "--output", "line"),
                    (f"copy ({ENDLESS}) to stdout",)):
        process = start(*options)
        size = fcntl.fcntl(process.stdout, fcntl.F_GETPIPE_SZ)

        def is_full():
            return int.from_bytes(fcntl.ioctl(process.stdout, termios.FIONREAD, b"1234"), "little") > size - 8192
        wait_until(is_full, "a full pipe", 20)
        error = ends_by_control_c(process, 3)
        assert error.endswith(INTERRUPTED) and "could not write" not in error, (options, error)


def control_c_ends_a_query_whose_server_answers_no_cancellation():
    with open(INSTANCE.path("data", "postmaster.pid")) as file:
        server = int(file.readline())
    process = waits_on_the_server(start("select pg_sleep(60)"), "select pg_sleep")
    os.kill(server, signal.SIGSTOP)
    try:
        assert ends_by_control_c(process, 2) == INTERRUPTED
    finally:
        os.kill(server, signal.SIGCONT)


def control_c_ends_the_look_at_the_types():
    locker = subprocess.Popen(penstock.as_service_user(
        [os.path.join(penstock.pg_bindir(), "psql"), "-XAtq", "-h", INSTANCE.path("run", "pg"), "-U", "postgres", "-d", "penstock"]),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")

    def answer(sql):
        locker.stdin.write(sql + ";\n")
        locker.stdin.flush()
        return locker.stdout.readline()
    try:
        assert answer("begin; lock pg_catalog.pg_type; select 'locked'") == "locked\n"
        process = start("select 1", "--output", "json")
        wait_until(lambda: answer("select count(*) > 0 from pg_locks where not granted and relation = 'pg_type'::regclass") == "t\n"
                   or process.poll() is not None, "the query to wait", 20)
        assert ends_by_control_c(process, 2) == INTERRUPTED
    finally:
        locker.communicate("rollback;\n")


class SilentServer:
    """A home whose database takes connections and says nothing."""

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.instance = penstock.Instance()
        self.instance.write("database", f"host=127.0.0.1 port={self._listener.getsockname()[1]} user=u dbname=d "
                                        "sslmode=disable connect_timeout=2\n", folder="internal")
        return self

    def __exit__(self, *_):
        self._listener.close()
        self.instance.close()

    def start(self):
        process = start("select 1", env=self.instance.environment)
        self._session, _ = self._listener.accept()
        return process


def control_c_ends_an_attempt_to_connect():
    with SilentServer() as server:
        assert ends_by_control_c(server.start(), 1, -signal.SIGINT) == ""


def a_timeout_in_the_url_of_the_database_is_kept():
    with SilentServer() as server:
        began = time.monotonic()
        process = server.start()
        _, error = process.communicate(timeout=30)
        assert process.returncode == 3 and "timeout expired" in error, error
        assert time.monotonic() - began < 6


# -- readers that stop


def run_without_reader(*arguments):
    reader, writer = os.pipe()
    os.close(reader)
    process = start(*arguments, stdout=writer)
    os.close(writer)
    _, error = process.communicate(timeout=30)
    return process.returncode, error


def a_reader_that_is_gone_hides_no_failure():
    for output in ("csv", "table"):
        assert run_without_reader("--output", output, "select 1") == (0, "")
        assert run_without_reader("--output", output, "select 1/0", "select 1") == (
            1, "statement 1: ERROR:  division by zero\n2 statements: 0 succeeded, 1 failed, 1 not completed\n")


def statements_that_were_not_run_because_nobody_reads_are_no_success():
    assert run_without_reader("select 1", "create table public.nobody (a int)") == (
        1, "2 statements: 0 succeeded, 2 not completed\n")
    assert INSTANCE.rows("select to_regclass('public.nobody')") == [(None,)]


def a_statement_that_changes_rows_is_not_given_up_because_nobody_reads_them():
    INSTANCE.superuser("create table public.kept (n int check (n < 300000)); grant all on public.kept to penstock_users")
    insert = "with n as (insert into public.kept select generate_series(1, {0}) returning *) select * from n"
    for output, sql in (("csv", insert), ("json", insert), ("table", insert), ("csv", f"copy ({insert}) to stdout")):
        code, error = run_without_reader("--output", output, sql.format(300000))
        assert code == 1 and error.startswith('ERROR:  new row for relation "kept" violates check constraint'), (code, error)
        assert run_without_reader("--output", output, sql.format(200000)) == (0, "")
        assert INSTANCE.rows("with d as (delete from public.kept returning 1) select count(*) from d") == [(200000,)]
        assert run_without_reader("--output", output, sql.format(200000), "delete from public.kept returning n", "select 1") == (
            0, "3 statements: 2 succeeded, 1 not completed\n")
        assert INSTANCE.rows("select count(*) from public.kept") == [(0,)]


def a_closed_standard_stream_takes_nothing_else_with_it():
    for closed in ("<&- >&-", ">&-", "<&- >&- 2>&-"):
        done = subprocess.run(["bash", "-c", f'"$PENSTOCK" query "select 1" {closed}'], capture_output=True, text=True,
                              env={**INSTANCE.environment, "PENSTOCK": penstock.PENSTOCK}, timeout=20)
        expected = "" if "2>" in closed else "penstock: could not write the output: Bad file descriptor\n"
        assert (done.returncode, done.stderr) == (1, expected), (closed, done)


def a_service_of_libpq_for_another_server_does_not_matter():
    done = subprocess.run([penstock.PENSTOCK, "query", "--output", "csv", "select 1 as a"], capture_output=True, text=True,
                          env={**INSTANCE.environment, "PGSERVICE": "of_another_server"}, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, done.stderr) == (0, "a\n1\n", ""), done


INSTANCE = penstock.Instance({"a.spc": 'connection "endless" {\n  plugin = "example"\n  rows = 1000000000\n}\n'})
with INSTANCE:
    penstock.run_tests([
        control_c_ends_a_copy_whose_source_is_silent_and_tells_the_plugin,
        control_c_ends_a_copy_that_never_ends,
        control_c_ends_output_that_nobody_reads,
        control_c_ends_a_query_whose_server_answers_no_cancellation,
        control_c_ends_the_look_at_the_types,
        control_c_ends_an_attempt_to_connect,
        a_timeout_in_the_url_of_the_database_is_kept,
        a_reader_that_is_gone_hides_no_failure,
        statements_that_were_not_run_because_nobody_reads_are_no_success,
        a_statement_that_changes_rows_is_not_given_up_because_nobody_reads_them,
        a_closed_standard_stream_takes_nothing_else_with_it,
        a_service_of_libpq_for_another_server_does_not_matter,
    ])
