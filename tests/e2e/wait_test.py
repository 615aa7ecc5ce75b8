#!/usr/bin/python3
"""Queries wait in the server until the tables that they need are there, whatever the client."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import time

import psycopg2

import penstock
from controlled import Controlled
from penstock import wait_until
from waiting import STATE, Gated, Query, many


class Files(Controlled):
    """Connection `c` of plugin csv: its tables follow the files of a folder."""

    def __init__(self):
        super().__init__()
        self.csv("one", "a,b\n1,2\n")
        self.write("c.spc", f'connection "c" {{\n  plugin = "csv"\n  paths = ["{self.path("files")}/*.csv"]\n}}\n')

    def csv(self, name, text):
        self.write(name + ".csv", text, folder="files", mode=0o644)

    def start(self):
        super().start()
        self.wait_quiet({"c": "ready"})

    def change_both(self):
        """One table changes, another comes. The plugin sees both at once: one refresh brings them."""
        pid, = self.processes("plugins/csv")
        os.kill(pid, signal.SIGSTOP)
        try:
            self.csv("two", "x\n7\n")
            self.csv("one", "a,b,c\n1,2,3\n")
        finally:
            os.kill(pid, signal.SIGCONT)


def hold_loader(instance):
    """The loader has its load lock and waits for a reader's lock. Returns the reader's session."""
    reader = instance.connect(autocommit=False)
    reader.cursor().execute("select * from c.one")
    instance.change_both()
    wait_until(lambda: instance.look(STATE, "c")[0][0] == "updating", "the refresh")
    return reader


def time_of(instance, sql):
    """Seconds that a statement takes, whether it fails or not."""
    began = time.monotonic()
    with contextlib.suppress(psycopg2.Error):
        instance.look(sql)
    return time.monotonic() - began


# ---------------------------------------------------------------- what waits and what does not

def a_qualified_name_waits_while_its_connection_is_pending():
    with Gated() as instance:
        query = Query(instance, "select count(*) from m.many_1").wait_until_at("Extension")
        assert instance.look(STATE, "m")[0][0] == "pending"
        instance.open()
        assert query.result() == [(0,)]


def a_qualified_name_waits_while_its_connection_is_updated():
    with Files() as instance:
        reader = hold_loader(instance)
        query = Query(instance, "select * from c.two").wait_until_at("Lock")
        assert query.where() == ("Lock", "object"), query.where()
        reader.rollback()
        assert query.result() == [(7,)]


def a_lazy_connection_is_loaded_by_the_first_query():
    with Controlled({"m.spc": many("m", lazy=True) + many("other", lazy=True)}) as instance:
        instance.wait_quiet({"m": "ready", "other": "ready"})
        assert instance.rows("select count(*) from m.many_2") == [(0,)]
        assert instance.look(STATE, "m") == [("ready", True)]
        assert instance.look(STATE, "other") == [("ready", False)]


def a_typo_in_a_lazy_connection_loads_nothing():
    with Controlled({"m.spc": many("m", lazy=True)}) as instance:
        instance.wait_quiet({"m": "ready"})
        for sql in ("select * from m.nope", "select 'm.nope'::regclass", "copy m.nope to stdout", "table m.\"MANY_1\""):
            assert instance.error(sql).pgcode == "42P01", sql
        assert instance.look(STATE, "m") == [("ready", False)]


def a_table_that_is_there_never_waits():
    with Controlled({"m.spc": many("m")}) as instance:
        instance.wait_quiet({"m": "ready"})
        instance.kill_controller()
        for state in ("pending", "updating", "error", "deleting"):
            instance.superuser(f"update penstock.connection_state set state = '{state}', error = 'e'")
            for sql in ("explain select * from m.many_1", "explain select * from many_2, m.many_3",
                        "select 'm.many_3'::regclass", "explain insert into m.many_1 select * from m.many_2",
                        "prepare p as select * from m.many_1", "deallocate p",
                        "select has_table_privilege('m.many_1', 'select')", "copy m.many_1 (nope) to stdout"):
                patient = "set penstock.schema_wait_timeout = '1h'; " + sql
                penstock.within(1.5, lambda: time_of(instance, patient))  # 2 s: until nobody is taken to be there


def statements_without_missing_names_never_wait():
    with Gated() as instance:
        query = Query(instance, "select count(*) from m.many_1").wait_until_at("Extension")
        instance.superuser("grant temporary on database penstock to penstock")
        session = instance.connect()
        with session.cursor() as cursor:
            cursor.execute("set penstock.schema_wait_timeout = '1h'")
            for sql in ("select now()", "select length('x')", "select * from connection_state", "select 1 + 1",
                        "with many_1 as (select 1 as x) select * from many_1", "show search_path",
                        "select count(*) from pg_class", "create temp table many_9 (x int)", "table many_9",
                        "select c.relname from pg_catalog.pg_class c where c.relname operator(pg_catalog.~) '^(many)$'"):
                cursor.execute(sql)
        instance.open()
        assert query.result() == [(0,)]


def a_name_without_schema_waits():
    with Gated() as instance:
        path = "set search_path = m, penstock, public"
        first = Query(instance, "select count(*) from many_1", [path]).wait_until_at("Extension")
        behind = Query(instance, "select count(*) from many_2 where length('x') = 1", [path, "select now()"])
        behind.wait_until_at("Extension")
        inner = Query(instance, "do $$ begin perform count(*) from many_3; end $$", [path]).wait_until_at("Extension")
        instance.open()
        assert first.result() == [(0,)] and behind.result() == [(0,)] and inner.result() == []


def a_name_without_schema_loads_the_lazy_connection_that_has_it():
    with Controlled({"m.spc": many("m", lazy=True)}) as instance:
        instance.wait_quiet({"m": "ready"})
        with instance.connect().cursor() as cursor:
            cursor.execute("set search_path = m, penstock")
            for sql in ("select * from nope", "select * from many_77"):
                try:
                    cursor.execute(sql)
                    raise penstock.Failure("no error")
                except psycopg2.Error as error:
                    assert error.pgcode == "42P01", error
            assert instance.look(STATE, "m") == [("ready", False)]
            cursor.execute("select count(*) from many_3")
            assert cursor.fetchall() == [(0,)]


def any_transaction_may_wait():
    kinds = ("begin isolation level repeatable read", "begin isolation level serializable read only",
             "begin read only")
    with Gated() as instance:
        queries = [Query(instance, "select count(*) from m.many_1", [kind, "select count(*) from pg_class"])
                   .wait_until_at("Extension") for kind in kinds]
        instance.open()
        assert [query.result() for query in queries] == [[(0,)]] * 3


def many_queries_are_woken_at_once():
    with Gated() as instance:
        queries = [Query(instance, f"select count(*) from m.many_{1 + number % 3}") for number in range(20)]
        for query in queries:
            query.wait_until_at("Extension")
        instance.open()
        assert [query.result() for query in queries] == [[(0,)]] * 20


def zero_turns_waiting_off():
    with Gated() as instance:
        session = instance.connect()
        for sql in ("select * from m.many_1", "select * from many_1"):
            query = Query(instance, sql, ["set penstock.schema_wait_timeout = 0"], session)
            assert query.sqlstate() == "42P01"
        instance.open()


# ---------------------------------------------------------------- errors

def a_connection_in_error_says_so():
    with Controlled({"m.spc": many("m") + 'connection "bad" {\n  plugin = "example"\n  rwos = 1\n}\n'}) as instance:
        instance.wait_quiet({"m": "ready", "bad": "error"})
        for sql in ("select * from bad.example_numbers", "select 'bad.x'::regclass", "copy bad.x to stdout",
                    "insert into bad.x values (1)", "create view public.v as select * from bad.x"):
            error = instance.error(sql)
            assert error.pgcode == "HV00N" and "rwos" in str(error) and "bad" in str(error), (sql, error)
            assert "penstock connection refresh bad" in error.diag.message_hint, error.diag.message_hint
        assert instance.rows("select to_regclass('bad.x')") == [(None,)]
        assert instance.error("select * from example_numbers").pgcode == "42P01"
        error = instance.error("select penstock.wait_for('bad')")
        assert error.pgcode == "HV00N", error


def an_error_ends_the_wait():
    with Gated() as instance:
        query = Query(instance, "select count(*) from m.many_1").wait_until_at("Extension")
        instance.write("m.spc", many("m", gate=instance.gate, nonsense=1))
        row = "select end_line from penstock.connection_state"
        [[line]] = instance.look(row)
        wait_until(lambda: instance.look(row) != [(line,)], "the new configuration")
        instance.open()
        assert query.sqlstate() == "HV00N" and "nonsense" in str(query.error), query.error


def a_connection_that_is_taken_away_ends_the_wait():
    with Gated() as instance:
        query = Query(instance, "select count(*) from m.many_1").wait_until_at("Extension")
        instance.remove("m.spc")
        wait_until(lambda: instance.look(STATE, "m") in ([], [("deleting", False)]), "the connection to go")
        instance.open()
        assert query.sqlstate() in ("42P01", "3F000"), query.error


# ---------------------------------------------------------------- what ends a wait

def end_in_every_way(instance, sql, place):
    """Each way to end a wait, and afterwards the same session works."""
    def waiting(*before):
        return Query(instance, sql, before).wait_until_at(place)

    def cancelled(cancel, session=None):
        """Seconds until a wait is over."""
        query = Query(instance, sql, session=session).wait_until_at(place)
        began = time.monotonic()
        cancel(query)
        assert query.sqlstate() == "57014" and 'tables of connection "' in query.error.diag.context, query.error
        return time.monotonic() - began

    def timed_out(sqlstate, *settings):
        query = Query(instance, sql, settings)
        began = time.monotonic()
        assert query.sqlstate() == sqlstate, query.error
        assert sqlstate != "55000" or "not ready in time" in str(query.error), query.error
        # The lock timeout is the session's own again.
        own = "10s" if "set lock_timeout = '10s'" in settings else "300ms" if "lock" in settings[0] else "0"
        assert Query(instance, "show lock_timeout", session=query.session).result() == [(own,)]
        return time.monotonic() - began

    def ended():
        query = waiting()
        began = time.monotonic()
        instance.look("select pg_terminate_backend(%s)", query.pid)
        wait_until(lambda: query.where() is None, "the process to end")
        return time.monotonic() - began

    session = instance.connect()
    penstock.within(1, lambda: cancelled(lambda query: instance.look("select pg_cancel_backend(%s)", query.pid), session))
    penstock.within(1, lambda: cancelled(lambda query: query.session.cancel(), session))
    penstock.within(2, lambda: timed_out("57014", "set statement_timeout = '300ms'"))
    penstock.within(2, lambda: timed_out("55P03", "set lock_timeout = '300ms'"))
    penstock.within(2, lambda: timed_out("55000", "set penstock.schema_wait_timeout = '300ms'"))
    penstock.within(2, lambda: timed_out("55000", "set penstock.schema_wait_timeout = '200ms'", "set lock_timeout = '10s'"))
    penstock.within(1, ended)
    held = instance.look("select count(*) from pg_locks where locktype = 'object' and objsubid = 1 and mode = %s",
                         "AccessShareLock")
    assert held == [(0,)], held


def a_wait_for_the_controller_ends_in_every_way():
    with Gated() as instance:
        end_in_every_way(instance, "select * from m.many_1", "Extension")
        instance.open()


def a_wait_for_the_loader_ends_in_every_way():
    with Files() as instance:
        reader = hold_loader(instance)
        end_in_every_way(instance, "select * from c.two", "Lock")
        reader.rollback()
        instance.wait_state("c", "ready")
        held = instance.look("select count(*) from pg_locks where locktype = 'object' and objsubid = 1")
        assert held == [(0,)], held


def a_deadlock_with_the_loader_is_found():
    with Files() as instance:
        reader = hold_loader(instance)
        query = Query(instance, "select * from c.two", session=reader)
        assert query.sqlstate(15) == "40P01", query.error
        reader.rollback()
        assert Query(instance, "select * from c.two").result() == [(7,)]


def waiting_leaves_nothing_open():
    with Gated() as instance:
        session = instance.connect()
        Query(instance, "select 1", ["set penstock.schema_wait_timeout = '20ms'"], session).result()
        pid = session.get_backend_pid()
        assert Query(instance, "select * from m.many_1", session=session).sqlstate() == "55000"
        before = len(instance.descriptors(pid))
        for _ in range(30):
            assert Query(instance, "select * from m.many_1", session=session).sqlstate() == "55000"
        assert len(instance.descriptors(pid)) == before
        instance.open()
        Query(instance, "select 1", ["set penstock.schema_wait_timeout = '1min'"], session).result()
        assert Query(instance, "select count(*) from m.many_1", session=session).result() == [(0,)]


# ---------------------------------------------------------------- the controller

def without_a_controller_queries_say_so():
    with Gated() as instance:
        instance.kill_controller()
        query = Query(instance, "select * from m.many_1")
        assert query.sqlstate(10) == "HV00N" and "controller does not run" in str(query.error), query.error
        assert "penstock service start" in query.error.diag.message_hint
        assert Query(instance, "select penstock.wait_for('m')").sqlstate(10) == "HV00N"
        instance.start_controller()
        wait_until(instance.has_taken_over, "the controller to lead")
        instance.controller.terminate() # a clean stop says so in its row
        instance.controller.wait()
        assert instance.look("select socket from penstock.controller") == [(None,)]
        assert Query(instance, "select * from m.many_1").sqlstate(10) == "HV00N"
        instance.open()


def a_controller_that_dies_ends_the_wait():
    with Gated() as instance:
        query = Query(instance, "select * from m.many_1").wait_until_at("Extension")
        instance.kill_controller()
        assert query.sqlstate(10) == "HV00N" and "controller does not run" in str(query.error), query.error
        instance.open()


def a_wait_survives_the_restart_of_the_controller():
    with Gated() as instance:
        for _ in range(3):
            query = Query(instance, "select count(*) from m.many_1").wait_until_at("Extension")
            began = time.monotonic()
            instance.kill_controller()
            instance.start_controller()
            wait_until(instance.has_taken_over, "the controller to lead")
            if not query.is_over:
                break
            # So long has this machine needed that nobody was taken to be there.
            assert time.monotonic() - began > 2 and query.sqlstate() == "HV00N", query.error
        instance.open()
        assert query.result() == [(0,)]


def what_a_transaction_undoes_is_forgotten():
    def to(state):
        return f"update penstock.connection_state set state = '{state}';\n"
    missing = "select * from m.nope;\n\\echo :SQLSTATE\n"  # 42P01: looked at no longer; 55000: waited for
    with Controlled({"m.spc": many("m")}) as instance:
        instance.wait_quiet({"m": "ready"})
        instance.kill_controller()
        instance.superuser("update penstock.controller set socket = null")
        out = instance.superuser(
            "\\set ON_ERROR_STOP off\nset penstock.schema_wait_timeout = '100ms';\n" + missing + to("updating") + missing
            + "begin;\n" + to("ready") + missing + "rollback;\n" + missing
            + to("ready") + missing
            + "begin;\nsavepoint s;\n" + to("updating") + missing + "rollback to s;\n" + missing + "rollback;\n" + missing)
        assert out.split() == ["42P01", "55000", "42P01", "55000", "42P01", "55000", "42P01", "42P01"], out


def strangers_and_garbage_do_not_disturb_the_controller():
    with Gated() as instance:
        query = Query(instance, "select count(*) from m.many_1").wait_until_at("Extension")
        path = instance.look("select socket from penstock.controller")[0][0]
        texts = [b"", b"\0", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 100_000, b"PNSW\1\0\0\0", b"PNSW\1\0\xff\xff" + b"x" * 9,
                 b"PNSW\1\0\3\0x", b"PNSW\2\0\1\0m", b"PNSW\1\0\1\0mm"]
        peers = []
        for text in texts * 20:
            peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            peer.connect(path)
            try:
                peer.sendall(text)
            except OSError:
                pass # it was refused in the middle
            peers.append(peer)
        for peer in peers[::2]:
            peer.close()
        assert Query(instance, "select penstock.wait_for('m', '100ms')").sqlstate() == "55000"
        instance.open()
        assert query.result() == [(0,)]
        assert instance.controller.poll() is None


WAITERS = """
import socket, struct, sys
peers = []
for _ in range(int(sys.argv[2])):
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(sys.argv[1])
    peer.sendall(struct.pack("=IHH", 0x57534E50, 1, 1) + b"m")
    peers.append(peer)
print("all wait", flush=True)
sys.stdin.read()
"""


def a_crowd_that_waits_for_one_connection_keeps_nobody_from_another():
    lazy = 'connection "lazy" {\n  plugin = "example"\n  import_schema = "lazy"\n}\n'
    with Gated({"lazy.spc": lazy}) as instance:
        path = instance.look("select socket from penstock.controller")[0][0]
        crowd = subprocess.Popen(penstock.as_service_user(["/usr/bin/python3", "-c", WAITERS, path, "600"]), cwd="/",
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert crowd.stdout.readline() == "all wait\n"
            assert Query(instance, "select count(*) from lazy.example_hello").result(20) == [(2,)]
            assert instance.look(STATE, "m")[0][0] == "pending"
            query = Query(instance, "select count(*) from m.many_1").wait_until_at("Extension")
            instance.open()
            assert query.result() == [(0,)]
        finally:
            crowd.communicate()


def one_lock_timeout_is_for_both_parts_of_a_wait():
    """With a controller of the test's own, which says when the second part begins."""
    with Gated() as instance, socket.socket(socket.AF_UNIX) as listener:
        instance.kill_controller()
        path = instance.path("test.sock")
        listener.bind(path)
        os.chmod(path, 0o777)
        os.chmod(instance.home, 0o755)
        listener.listen()
        instance.superuser(f"update penstock.controller set socket = '{path}', uid = {os.getuid()}; "
                           "grant execute on function penstock.hold_load_lock(name) to penstock")
        loader = instance.connect()
        loader.cursor().execute("select penstock.hold_load_lock('m')")
        began = time.monotonic()
        query = Query(instance, "select * from m.many_1", ["set lock_timeout = '4s'"])
        peer, _ = listener.accept()
        select.select([], [], [], max(0, began + 3 - time.monotonic()))
        peer.sendall(b"\1")  # loading
        second = time.monotonic()
        assert query.sqlstate() == "55P03"
        assert time.monotonic() - second < 3.5, time.monotonic() - second  # 4 when it began anew
        peer.close()
        instance.open()


# ---------------------------------------------------------------- wait_for

def wait_for_returns_when_the_connection_is_ready():
    lazy = 'connection "lazy" {\n  plugin = "example"\n  import_schema = "lazy"\n}\n'
    with Gated({"lazy.spc": lazy}) as instance:
        query = Query(instance, "select penstock.wait_for('m')").wait_until_at("Extension")
        assert Query(instance, "select penstock.wait_for('m', '50 ms')").sqlstate() == "55000"
        assert Query(instance, "select penstock.wait_for('m', '0')").sqlstate() == "55000"
        instance.open()
        assert query.result() == [("ready",)]
        assert instance.rows("select penstock.wait_for('lazy')") == [("ready",)]
        assert instance.look(STATE, "lazy") == [("ready", True)]
        assert instance.error("select penstock.wait_for('nobody')").pgcode == "42704"
        assert instance.error("select penstock.wait_for(repeat('x', 2000))").pgcode == "42704"


penstock.run_tests([
    a_qualified_name_waits_while_its_connection_is_pending,
    a_qualified_name_waits_while_its_connection_is_updated,
    a_lazy_connection_is_loaded_by_the_first_query,
    a_typo_in_a_lazy_connection_loads_nothing,
    a_table_that_is_there_never_waits,
    statements_without_missing_names_never_wait,
    a_name_without_schema_waits,
    a_name_without_schema_loads_the_lazy_connection_that_has_it,
    any_transaction_may_wait,
    many_queries_are_woken_at_once,
    zero_turns_waiting_off,
    a_connection_in_error_says_so,
    an_error_ends_the_wait,
    a_connection_that_is_taken_away_ends_the_wait,
    a_wait_for_the_controller_ends_in_every_way,
    a_wait_for_the_loader_ends_in_every_way,
    a_deadlock_with_the_loader_is_found,
    waiting_leaves_nothing_open,
    without_a_controller_queries_say_so,
    a_controller_that_dies_ends_the_wait,
    a_wait_survives_the_restart_of_the_controller,
    what_a_transaction_undoes_is_forgotten,
    strangers_and_garbage_do_not_disturb_the_controller,
    a_crowd_that_waits_for_one_connection_keeps_nobody_from_another,
    one_lock_timeout_is_for_both_parts_of_a_wait,
    wait_for_returns_when_the_connection_is_ready,
])
