#!/usr/bin/python3
"""penstock.stat_table over sessions: many at once, workers, errors, cancels, the cache; a table too many;
and a server that did not preload the library."""

import contextlib
import os
import threading

import fake_plugin
import penstock
from penstock import psycopg2

CONFIG = {"ex.spc": 'plugin "plain" {\n  source = "example"\n}\nconnection "ex" {\n  plugin = plugin.plain\n}\n',
          "cached.spc": 'plugin "cached" {\n  source = "example"\n  cache_ttl = 600\n}\n'
                        'connection "cached" {\n  plugin = plugin.cached\n}\n'}
WORKERS = ("set penstock.aggregate_pushdown = off", "set parallel_setup_cost = 0", "set parallel_tuple_cost = 0",
           "set min_parallel_table_scan_size = 0", "set max_parallel_workers_per_gather = 1",
           "set plan_cache_mode = force_generic_plan")



@contextlib.contextmanager
def session(*settings):
    connection = INSTANCE.connect()
    try:
        cursor = connection.cursor()
        for setting in settings:
            cursor.execute(setting)
        yield cursor
    finally:
        connection.close()


def sums(table):
    """(scans, cached, errors, cancelled, rows, observed rows) of a table; None: it was never scanned."""
    rows = INSTANCE.rows("select scans, cached_scans, errors, cancelled, rows, observed_rows from penstock.stat_table "
                         "where relid = %s::regclass", table)
    return rows[0] if rows else None


def reset():
    INSTANCE.superuser("select penstock.stat_reset()")


@contextlib.contextmanager
def fake_table(behave, options=""):
    """A foreign table `fake.t` whose plugin answers with `behave(connection, closed)`."""
    with fake_plugin.FakePlugin(behave) as plugin:
        INSTANCE.superuser(f"""
            create schema fake;
            grant usage on schema fake to penstock_users;
            create server fake foreign data wrapper penstock options (socket '{plugin.path}', uid '{os.getuid()}');
            create foreign table fake.t (v int8) server fake {options};
            grant select on fake.t to penstock_users;""")
        try:
            yield plugin
        finally:
            INSTANCE.superuser("set client_min_messages = warning; drop schema fake cascade; drop server fake cascade")


def answer(data):
    return lambda connection, closed: connection.sendall(data)


def silent(connection, closed):
    while connection.recv(65536):
        pass


@contextlib.contextmanager
def one_worker():
    """A session in which `execute scan` reads all of fake.t in one worker, and the leader reads nothing."""
    with session(*WORKERS, "prepare scan as select v from fake.t") as cursor:
        cursor.execute("explain execute scan")
        plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Parallel Foreign Scan" in plan and "Workers Planned: 1" in plan, plan
        cursor.execute("set parallel_leader_participation = off")  # it would have been another plan
        yield cursor


def error_of(sql, where=session):
    with where() as cursor:
        try:
            cursor.execute(sql)
        except psycopg2.Error as error:
            return error.pgcode
    raise penstock.Failure(f"no error from: {sql}")


def many_sessions_at_once_add_up():
    reset()
    failures = []

    def run():
        try:
            with session() as cursor:
                for _ in range(25):
                    cursor.execute("select count(half) from (select half from ex.example_numbers offset 0) s")
                    cursor.execute("select greeting from ex.example_hello limit 1")
        except psycopg2.Error as error:
            failures.append(error)
    threads = [threading.Thread(target=run) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    assert sums("ex.example_numbers") == (300, 0, 0, 0, 300_000, 1000), sums("ex.example_numbers")
    assert sums("ex.example_hello")[0] == 300


def a_scan_of_the_cache_is_one():
    reset()
    for _ in range(3):
        with session() as cursor:
            cursor.execute("select id, half from cached.example_numbers")
    assert sums("cached.example_numbers") == (3, 2, 0, 0, 3000, 1000), sums("cached.example_numbers")


def an_error_in_a_worker_is_the_scans():
    with fake_table(answer(fake_plugin.error(5, "quota used up", "53400")), "options (parts '4', rows '1e7')"):
        assert error_of("execute scan", one_worker) == "53400"
        assert sums("fake.t") == (1, 0, 1, 0, 0, None), sums("fake.t")
        assert error_of("select v from fake.t") == "53400"
        assert sums("fake.t") == (2, 0, 2, 0, 0, None), sums("fake.t")


def broken_off_and_absent_plugins_are_errors():
    with fake_table(answer(fake_plugin.welcome() + fake_plugin.int8_block([1, 2]))) as plugin:
        assert error_of("select * from fake.t") == "08006"
        assert sums("fake.t") == (1, 0, 1, 0, 2, None), sums("fake.t")
        os.unlink(plugin.path)
        assert error_of("select * from fake.t", lambda: session("set penstock.connect_timeout = '10ms'")) == "HV00N"
        assert sums("fake.t") == (2, 0, 2, 0, 2, None), sums("fake.t")


def rows_that_came_with_a_warning_are_not_all_of_the_table():
    """An aggregator whose children are not all there, say."""
    rows = fake_plugin.welcome() + fake_plugin.int8_block([1, 2])
    for parts, where, scan in ((0, session, "select v from fake.t"), (4, one_worker, "execute scan")):
        with fake_table(lambda connection, closed: connection.sendall(answers[0]), "options (parts '4', rows '1e7')"):
            answers = [rows + fake_plugin.end(2, parts, b"one is missing")]
            with where() as cursor:
                cursor.execute(scan)
                count = len(cursor.fetchall())
                assert count == 2 * max(parts, 1) and sums("fake.t") == (1, 0, 0, 0, count, None), sums("fake.t")
                answers = [rows + fake_plugin.end(2, parts)]
                cursor.execute(scan)
                assert sums("fake.t") == (2, 0, 0, 0, 2 * count, count), sums("fake.t")


def cancelled_by(stop, where=session, scan="select v from fake.t"):
    """The sums of a scan that is stopped by `stop(cursor's connection)` when the plugin has its request."""
    with fake_table(silent, "options (parts '4', rows '1e7')") as plugin, where() as cursor:
        caught = []

        def run():
            try:
                cursor.execute(scan)
            except psycopg2.Error as error:
                caught.append(error)
        thread = threading.Thread(target=run)
        thread.start()
        assert plugin.connected.wait(penstock.DEADLINE_S), "no request"
        stop(cursor.connection)
        thread.join()
        assert caught, "no error"
        # A session that was terminated has told its client before it is gone.
        INSTANCE.wait_for(lambda: sums("fake.t"), lambda seen: seen is not None, "the scan's end")
        return sums("fake.t")


def cancelled_scans_are_no_errors():
    assert cancelled_by(lambda connection: connection.cancel()) == (1, 0, 0, 1, 0, None)
    assert cancelled_by(lambda _: None, lambda: session("set statement_timeout = '3s'")) == (1, 0, 0, 1, 0, None)

    def terminate(connection):
        INSTANCE.superuser(f"select pg_terminate_backend({connection.get_backend_pid()})")
    assert cancelled_by(terminate) == (1, 0, 0, 1, 0, None)


def a_cancel_while_a_worker_scans_is_one():
    assert cancelled_by(lambda connection: connection.cancel(), one_worker, "execute scan") == (1, 0, 0, 1, 0, None)


def the_table_that_was_scanned_longest_ago_makes_room():
    INSTANCE.superuser("alter system set penstock.stat_table_max = 16")
    restart()
    INSTANCE.superuser("""
        create schema many;
        grant usage on schema many to penstock_users;
        select format('create foreign table many.t%s (id int8) server %I options (connection ''ex'', "table" ''example_numbers'')', i, srvname)
        from generate_series(1, 200) i, pg_foreign_table t join pg_foreign_server s on s.oid = t.ftserver
        where ftrelid = 'ex.example_numbers'::regclass \\gexec
        grant select on all tables in schema many to penstock_users;""")
    with session() as cursor:
        for number in range(1, 201):
            cursor.execute(f"select id from many.t{number} limit 1")
            assert sums(f"many.t{number}")[0] == 1, number
    tables, most, evicted = INSTANCE.rows("select tables, max_tables, evicted from penstock.stat_table_info")[0]
    assert most == 16 and 16 <= tables <= 32 and tables + evicted == 200, (tables, most, evicted)
    assert sums("many.t1") is None


def what_is_dropped_makes_room_when_somebody_looks():
    INSTANCE.superuser("set client_min_messages = warning; drop schema many cascade;")
    assert INSTANCE.rows("select count(*) from penstock.stat_table") == [(0,)]
    assert INSTANCE.rows("select tables from penstock.stat_table_info") == [(0,)]


def a_server_without_the_preloaded_library_says_so():
    INSTANCE.superuser("alter system set shared_preload_libraries = 'plpgsql'")
    INSTANCE.superuser("alter system set session_preload_libraries = 'penstock'")
    restart()
    assert INSTANCE.rows("select count(half), max(half) from ex.example_numbers where id <= 10") == [(10, 5.0)]
    for query in ("select * from penstock.stat_table", "select * from penstock.stat_table_info"):
        error = INSTANCE.error(query)
        assert error.pgcode == "55000", error
        assert 'penstock must be loaded via "shared_preload_libraries"' in str(error), error
        assert "restart" in error.diag.message_hint, error.diag.message_hint


def restart():
    done = INSTANCE.stop()
    assert done.returncode == 0, done.stderr
    INSTANCE.start()
    INSTANCE.wait_state("ex", "ready")
    INSTANCE.wait_state("cached", "ready")


with penstock.Instance(CONFIG) as INSTANCE:
    INSTANCE.wait_state("ex", "ready")
    INSTANCE.wait_state("cached", "ready")
    penstock.run_tests([
        many_sessions_at_once_add_up,
        a_scan_of_the_cache_is_one,
        an_error_in_a_worker_is_the_scans,
        broken_off_and_absent_plugins_are_errors,
        rows_that_came_with_a_warning_are_not_all_of_the_table,
        cancelled_scans_are_no_errors,
        a_cancel_while_a_worker_scans_is_one,
        the_table_that_was_scanned_longest_ago_makes_room,
        what_is_dropped_makes_room_when_somebody_looks,
        a_server_without_the_preloaded_library_says_so,
    ])
