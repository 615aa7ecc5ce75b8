#!/usr/bin/python3
"""Cancel, statement_timeout, terminate, fast shutdown and the postmaster's death end a query within a
second, whatever the plugin does not do: not accept, not greet, not read the request, not send rows, not
finish a row, not end."""

import contextlib
import os
import signal
import threading
import time

import psycopg2

import fake_plugin
import penstock

LIMIT_S = 1.0


def silent(plugin):
    return lambda connection, closed: plugin.wait_for_hangup(connection)


def after(bytes_sent):
    def make(plugin):
        def behave(connection, closed):
            connection.sendall(bytes_sent)
            plugin.wait_for_hangup(connection)
        return behave
    return make


WAITS = {
    # name: (what the plugin sends before it falls silent, options of FakePlugin)
    "connecting": (None, {"accepts": False, "backlog": 0}),
    "greeting": (silent, {}),
    "before_the_first_row": (after(fake_plugin.welcome()), {}),
    "in_a_join": (after(fake_plugin.welcome()), {}),
    "in_the_middle_of_a_block": (after(fake_plugin.welcome() + fake_plugin.int8_block([1] * 100)[:500]), {}),
    "before_the_end": (after(fake_plugin.welcome() + fake_plugin.int8_block([1, 2, 3])), {}),
    "while_being_written_to": (None, {"reads": False}),
}


def make_plugin(name):
    maker, options = WAITS[name]
    plugin = fake_plugin.FakePlugin(None, **options)
    plugin._behave = maker(plugin) if maker else (lambda connection, closed: closed.wait())
    if name == "connecting":
        plugin.fill_backlog()
    return plugin


def attach(instance, plugin, name="fake"):
    instance.superuser(f"""
        drop server if exists {name} cascade;
        drop schema if exists {name} cascade;
        create schema {name};
        grant usage on schema {name} to penstock_users;
        create server {name} foreign data wrapper penstock
            options (socket '{plugin.path}', uid '{os.getuid()}');
        create foreign table {name}.t (v int8 options (exact '< >'), word text options (superset 'in ='))
            server {name} options (joins 'inner');
        grant select on {name}.t to penstock_users;""")


def statement(name, schema="fake"):
    if name == "while_being_written_to":
        # About 8 MB of conditions, more than any socket buffer.
        return (f"select v from {schema}.t where word = any (array(select repeat('x', 8000) || n "
                "from generate_series(1, 1000) n))")
    if name == "in_a_join":
        return f"select a.v from {schema}.t a join {schema}.t b on a.v < b.v"
    return f"select v from {schema}.t"


class Query:
    """A statement in a thread of its own."""

    def __init__(self, instance, sql, setup=None):
        self.connection = instance.connect()
        self.pid = self.connection.get_backend_pid()
        self.error = None
        if setup:
            self.connection.cursor().execute(setup)
        self.thread = threading.Thread(target=self._run, args=(sql,))
        self.thread.start()

    def _run(self, sql):
        try:
            self.connection.cursor().execute(sql)
        except psycopg2.Error as error:
            self.error = error

    def wait(self):
        self.thread.join(10)
        return not self.thread.is_alive()


def wait_for_wait(instance, pid):
    """Until the backend waits for the plugin."""
    penstock.wait_until(
        lambda: instance.rows("select wait_event_type from pg_stat_activity where pid = %s", pid)[:1] == [("Extension",)],
        f"backend {pid} to wait for the plugin", 10)


def interrupt(name, act, sqlstate):
    """Seconds from the act to the end."""
    with make_plugin(name) as plugin:
        attach(INSTANCE, plugin)
        query = Query(INSTANCE, statement(name))
        wait_for_wait(INSTANCE, query.pid)
        with INSTANCE.connect().cursor() as cursor:
            began = time.monotonic()
            cursor.execute(f"select {act}(%s)", (query.pid,))
        assert query.wait(), "the query did not end"
        took = time.monotonic() - began
        # psycopg2 has no SQLSTATE for a session that was ended; the server's log has it.
        assert query.error is not None and query.error.pgcode in (sqlstate, None), query.error
        assert query.error.pgcode or sqlstate == "57P01", query.error
        if name != "connecting" and name != "while_being_written_to":
            assert plugin.hung_up.wait(5), "the plugin was not told"
        return took


def timeout(name):
    with make_plugin(name) as plugin:
        attach(INSTANCE, plugin)
        query = Query(INSTANCE, statement(name), "set statement_timeout = '300ms'")
        began = time.monotonic()
        assert query.wait(), "the query did not end"
        took = time.monotonic() - began
        assert query.error.pgcode == "57014", query.error
        return took


def everything_at_once(end):
    """One backend in each of the waits, and one end for all of them."""
    with contextlib.ExitStack() as stack:
        queries = {}
        for name in WAITS:
            plugin = stack.enter_context(make_plugin(name))
            attach(INSTANCE, plugin, name)
            queries[name] = Query(INSTANCE, statement(name, name))
        for query in queries.values():
            wait_for_wait(INSTANCE, query.pid)
        began = time.monotonic()
        end()
        took = {}

        def have_all_ended():
            for name, query in queries.items():
                if name not in took and not is_alive(query.pid):
                    took[name] = time.monotonic() - began
            return len(took) == len(queries)
        penstock.wait_until(have_all_ended, "all backends to end", 10)
        for query in queries.values():
            assert query.wait() and query.error is not None, "the client was told"
    start_again()
    return max(took.values())


def is_alive(pid):
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/stat") as file:
            return not file.read().rpartition(") ")[2].startswith("Z")
    return False


def postmaster():
    with open(INSTANCE.path("data", "postmaster.pid")) as file:
        return int(file.readline())


def a_fast_shutdown():
    os.kill(postmaster(), signal.SIGINT)


def the_postmasters_death():
    os.kill(postmaster(), signal.SIGKILL)


def start_again():
    INSTANCE.stop()
    INSTANCE.start()


def tests():
    for name in WAITS:
        def cancel(name=name):
            penstock.within(LIMIT_S, lambda: interrupt(name, "pg_cancel_backend", "57014"))

        def terminate(name=name):
            penstock.within(LIMIT_S, lambda: interrupt(name, "pg_terminate_backend", "57P01"))

        def time_out(name=name):
            penstock.within(0.3 + LIMIT_S, lambda: timeout(name))
        for function, verb in ((cancel, "cancel"), (terminate, "terminate"), (time_out, "statement_timeout")):
            function.__name__ = f"{verb}_acts_within_a_second_{name}"
            yield function

    for end in (a_fast_shutdown, the_postmasters_death):
        def together(end=end):
            penstock.within(LIMIT_S, lambda: everything_at_once(end))
        together.__name__ = f"{end.__name__}_acts_within_a_second_in_each_of_{len(WAITS)}_waits"
        yield together

    def the_plugin_does_the_join():
        with make_plugin("in_a_join") as plugin:
            attach(INSTANCE, plugin)
            plan = INSTANCE.rows("explain " + statement("in_a_join"))
            assert any("Relations: " in line for line, in plan), plan
    yield the_plugin_does_the_join

    def no_backend_crashed():
        with open(INSTANCE.path("logs", "postgresql.log")) as file:
            log = file.read()
        assert log.count("FATAL:  terminating connection due to administrator command") >= 2 * len(WAITS), log
        assert "terminated by signal" not in log, log
    yield no_backend_crashed


with penstock.Instance() as INSTANCE:
    penstock.run_tests(list(tests()))
