#!/usr/bin/python3
"""`penstock query` waits for what a statement misses: one test for each rule, named by it."""

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import time

import penstock
from loading import (EXAMPLE, Query, change_state, forget, instance as loading_instance, loading, many, open_gate, prepare, query, tries, use,
                     waits_and_succeeds)
from penstock import Failure, wait_until


# -- a schema is given


def a_schema_that_is_loading_is_waited_for():
    with loading("slow"):
        waits_and_succeeds("slow", "select count(*) from slow.many_1")


def every_kind_of_statement_that_names_a_schema_waits():
    statements = {
        "copy (select from slow.many_1) to stdout": "",
        'select count(*) from "slow" . "many_1"': "count\n0\n",
        "select 'slow.many_1'::regclass is not null as found": "found\nt\n",
        "prepare p as select from slow.many_1": "",
        "explain (costs off) select from slow.many_1 where false": None,
        "/* ünïcödé */ select count(*) from slow.many_1": "count\n0\n",
    }
    for sql, out in statements.items():
        with loading("slow"):
            waiting = Query("query", "--output", "csv", sql).until_waiting()
            open_gate("slow")
            code, seen, error = waiting.end()
            assert (code, error) == (0, ""), (sql, code, seen, error)
            assert out is None or seen == out, (sql, seen)


def an_unknown_connection_gives_the_error_itself():
    with loading("slow"):
        code, out, error = query("select * from nosuch.many_1")
        assert (code, out) == (1, "") and error.startswith('ERROR:  relation "nosuch.many_1" does not exist\nLINE 1:'), error


def a_disabled_connection_gives_the_error_itself():
    INSTANCE.write("off.spc", many("off", more='  import_schema = "disabled"\n'))
    INSTANCE.wait_state("off", "disabled")
    code, out, error = query("select * from off.many_1")
    assert (code, out) == (1, "") and error.startswith('ERROR:  relation "off.many_1" does not exist\nLINE 1:'), error
    INSTANCE.remove("off.spc")
    INSTANCE.wait_state("off", None)


BAD = 'connection "{0}" {{\n  plugin = "gated"\n  colums = 2\n}}\n'
BAD_TEXT = ('connection "{0}" is in error: unknown argument "colums" ({0}.spc:3). '
            "Valid arguments are: tables, columns, delay_ms, version, gate.\n")
BAD_HINT = "HINT:  When the reason is gone, try it again with: penstock connection refresh {0}\n"


@contextlib.contextmanager
def in_error(name):
    INSTANCE.write(name + ".spc", BAD.format(name))
    try:
        INSTANCE.wait_state(name, "error")
        yield
    finally:
        forget(name)


def a_connection_in_error_gives_its_own_error():
    with in_error("bad"):
        assert query("select * from bad.many_1") == (
            1, "", "ERROR:  " + BAD_TEXT.format("bad") +
            'DETAIL:  The statement failed with: relation "bad.many_1" does not exist.\n' + BAD_HINT.format("bad"))


def a_connection_that_fails_while_it_is_waited_for_gives_its_own_error():
    with loading("bad"):
        waiting = Query("query", "select * from bad.many_1").until_waiting()
        INSTANCE.superuser("set role penstock_owner; update penstock.connection_state set state = 'error', "
                           "error = 'the source is gone' where connection_name = 'bad'")
        code, out, error = waiting.end()
        assert (code, out) == (1, "") and error.startswith('ERROR:  connection "bad" is in error: the source is gone\n'), error


def until_ready_for_long(name):
    wait_until(lambda: INSTANCE.rows("select clock_timestamp() - state_changed_at > '1 s' from connection_state "
                                     "where connection_name = %s", name) == [(True,)], f"{name} to be ready for a second")


def a_table_missing_in_a_connection_ready_for_long_gives_the_error_itself():
    until_ready_for_long("ex")
    code, out, error = query("select * from ex.nosuch")
    assert (code, out) == (1, "") and error.startswith('ERROR:  relation "ex.nosuch" does not exist\nLINE 1:'), error
    assert tries("select * from ex.nosuch") == 1


def a_table_of_a_connection_ready_just_now_is_tried_once_more():
    for turn in range(20):
        change_state("ex")
        code, out, error = query(f"select * from ex.nosuch_{turn}")
        assert (code, out) == (1, "") and error.startswith(f'ERROR:  relation "ex.nosuch_{turn}" does not exist'), error
        assert tries(f"select * from ex.nosuch_{turn}") in (1, 2)
        if tries(f"select * from ex.nosuch_{turn}") == 2:
            return
    raise Failure("never tried again")


# -- no schema is given


def without_a_schema_and_all_ready_the_error_itself_comes():
    until_ready_for_long("ex")
    code, out, error = query("select * from nosuch_at_all")
    assert (code, out) == (1, "") and error.startswith('ERROR:  relation "nosuch_at_all" does not exist\nLINE 1:'), error
    assert "DETAIL" not in error and tries("select * from nosuch_at_all") == 1


def without_a_schema_the_first_connection_of_each_plugin_on_the_path_is_waited_for():
    with loading("slow"):
        waits_and_succeeds("slow", "select count(*) from many_1")


def without_a_schema_a_second_connection_of_a_static_plugin_is_not_waited_for():
    try:
        INSTANCE.superuser("set role penstock_owner; insert into penstock.connection_state "
                           "(connection_name, plugin, state) values ('zz', 'example', 'pending'); create schema zz")
        INSTANCE.superuser("grant usage on schema zz to penstock_users")
        until_ready_for_long("ex")
        code, out, error = query("set search_path = ex, zz", "select * from nosuch_one")
        assert code == 1 and 'relation "nosuch_one" does not exist' in error and tries("select * from nosuch_one") == 1
    finally:
        INSTANCE.superuser("set role penstock_owner; update penstock.connection_state set state = 'deleting' "
                           "where connection_name = 'zz'; delete from penstock.connection_state where "
                           "connection_name = 'zz'; drop schema if exists zz")


def without_a_schema_a_plugin_in_error_is_named_beside_the_error():
    with in_error("bad"):
        code, out, error = query("select * from nosuch_two")
        assert (code, out) == (1, "")
        assert error.startswith('ERROR:  relation "nosuch_two" does not exist\nLINE 1:'), error
        assert error.endswith("DETAIL:  Its table may be missing because " + BAD_TEXT.format("bad") + BAD_HINT.format("bad")), error
        assert query("select count(*) from example_numbers") == (0, "count\n3\n", ""), "it spoils nothing else"


def an_executed_statement_waits_for_what_its_prepare_names():
    INSTANCE.superuser("create table public.held as select 1 as n; alter table public.held set schema ex; "
                       "grant select on ex.held to penstock_users")
    controller = INSTANCE.controller_pid()
    os.kill(controller, signal.SIGSTOP)  # it would put the state right
    try:
        process = Query("query", "--output", "csv", "prepare a_long_name as select /* far behind */ n from ex.held",
                        "select public.gate()", "execute a_long_name").until_at_gate()
        INSTANCE.superuser("alter table ex.held rename to hidden; set role penstock_owner; "
                           "update penstock.connection_state set state = 'updating' where connection_name = 'ex'")
        process.open_gate()
        process.until_waiting()
        INSTANCE.superuser("set penstock.schema_wait_timeout = 0; begin; alter table ex.hidden rename to held; set role penstock_owner; "
                           "update penstock.connection_state set state = 'ready' where connection_name = 'ex'; commit")
        code, out, error = process.end()
        assert code == 0 and out.endswith("n\n1\n"), (code, out, error)
    finally:
        os.kill(controller, signal.SIGCONT)
        INSTANCE.superuser("drop table if exists ex.held, ex.hidden")


# -- a column is missing


def a_column_of_a_dynamic_connection_that_is_updating_is_waited_for():
    # A reader of the table keeps the refresh from changing it.
    reader = INSTANCE.connect(autocommit=False)
    reader.cursor().execute("select id from files.good")
    INSTANCE.write("good.csv", "id,w,added\n1,a,x\n", folder="files", mode=0o644)
    INSTANCE.wait_state("files", "updating")
    waiting = Query("query", "--output", "csv", "select added from files.good").until_waiting()
    reader.rollback()
    assert waiting.end() == (0, "added\nx\n", "")


def a_missing_column_of_a_static_connection_gives_the_error_itself():
    with loading("slow"):
        code, out, error = query("select nosuch from ex.example_numbers")
        assert (code, out) == (1, "") and error.startswith('ERROR:  column "nosuch" does not exist\nLINE 1:'), error


# -- what ends a wait


def a_wait_ends_at_its_deadline_and_says_what_it_waited_for():
    with loading("slow"):
        state = INSTANCE.state("slow")[0]
        assert query("--wait-timeout", "300ms", "select * from slow.many_1") == (
            1, "", f"ERROR:  waited 300 ms in vain for connection slow: {state}, 2 of 3 ready\n"
            'DETAIL:  The statement failed with: relation "slow.many_1" does not exist.\n'
            "HINT:  Wait longer with --wait-timeout, or see what goes on with: penstock connection list\n")
        code, out, error = query("--wait-timeout", "0", "select * from slow.many_1")
        assert code == 1 and error.startswith('ERROR:  relation "slow.many_1" does not exist\nLINE 1:'), error


def until_no_controller():
    wait_until(lambda: not INSTANCE.processes("bin/penstockd"), "penstockd to end")


NO_CONTROLLER = "ERROR:  the controller (penstockd) does not run\nDETAIL:  Nobody works on what is waited for: connection slow: "


def a_controller_that_does_not_run_is_named_at_once():
    with loading("slow"):
        os.kill(INSTANCE.controller_pid(), signal.SIGKILL)
        until_no_controller()
        began = time.monotonic()
        code, out, error = query("select * from slow.many_1")
        assert (code, out) == (1, "") and error.startswith(NO_CONTROLLER), error
        assert error.endswith("HINT:  Start it with: penstock service start\n"), error
        assert time.monotonic() - began < 2
        done = INSTANCE.cli("connection", "wait", "slow")
        assert (done.returncode, done.stdout) == (3, "") and "the controller (penstockd) does not run" in done.stderr, done
        open_gate("slow")
        INSTANCE.start()


def a_controller_that_dies_during_the_wait_ends_it_within_two_seconds():
    with loading("slow"):
        waiting = Query("query", "select * from slow.many_1").until_waiting()
        os.kill(INSTANCE.controller_pid(), signal.SIGKILL)
        began = time.monotonic()
        code, out, error = waiting.end()
        assert (code, out) == (1, "") and error.startswith(NO_CONTROLLER), error
        assert time.monotonic() - began < 2, time.monotonic() - began
        open_gate("slow")
        INSTANCE.start()


def control_c_ends_a_wait_within_a_second():
    with loading("slow"):
        waiting = Query("query", "select * from slow.many_1", "select 1").until_waiting()
        began = time.monotonic()
        waiting.process.send_signal(signal.SIGINT)
        code, out, error = waiting.end()
        assert (code, out) == (130, "") and time.monotonic() - began < 1, (code, out, error)
        assert error == "2 statements: 0 succeeded, 2 not completed\npenstock: interrupted\n", error


# -- lazy connections


def the_tables_of_a_lazy_connection_come_with_the_first_statement_that_names_it():
    INSTANCE.write("late.spc", many("late", more='  import_schema = "lazy"\n'))
    open_gate("late")
    INSTANCE.wait_state("late", "ready")
    try:
        assert INSTANCE.rows("select imported from connection_state where connection_name = 'late'") == [(False,)]
        assert query("select count(*) from late.many_2") == (0, "count\n0\n", "")
        assert INSTANCE.rows("select imported from connection_state where connection_name = 'late'") == [(True,)]
    finally:
        forget("late")


def a_table_that_a_lazy_connection_does_not_offer_loads_nothing():
    INSTANCE.write("late.spc", many("late", more='  import_schema = "lazy"\n'))
    open_gate("late")
    INSTANCE.wait_state("late", "ready")
    try:
        for sql in ("select * from late.many_99", "select * from many_99"):
            code, out, error = query(sql)
            assert (code, out) == (1, "") and "does not exist\nLINE 1:" in error, error
        assert INSTANCE.rows("select imported from connection_state where connection_name = 'late'") == [(False,)]
        assert query("select count(*) from many_3") == (0, "count\n0\n", ""), "one that it offers needs no schema"
    finally:
        forget("late")


# -- how it waits


def the_terminal_shows_what_is_waited_for():
    with loading("slow"):
        ours, theirs = pty.openpty()
        waiting = Query("query", "select count(*) from slow.many_1", stderr=theirs)
        os.close(theirs)
        seen = ""
        pattern = r"waiting for connection slow: (pending|updating), 2 of 3 ready \(\d+ s\)"
        while not re.search(pattern, seen):
            assert select.select([ours], [], [], 20)[0], seen
            seen += os.read(ours, 4096).decode()
        open_gate("slow")
        assert waiting.end()[0] == 0
        os.close(ours)


def system_calls(seconds):
    done = subprocess.run(["strace", "-f", "-c", "-o", INSTANCE.path("files", "calls"), penstock.PENSTOCK, "query",
                           "--wait-timeout", f"{seconds}s", "select * from slow.many_1"], env=INSTANCE.environment,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 1 and "in vain" in done.stderr, done
    with open(INSTANCE.path("files", "calls")) as file:
        return int(file.read().splitlines()[-1].split()[3])


def a_second_of_waiting_costs_few_system_calls():
    with loading("slow"):
        calls = (system_calls(6) - system_calls(2)) / 4
        print(f"# {calls:.0f} system calls a second while waiting")
        assert calls <= 30, f"{calls} a second"


# -- how the missing table is recognised


def the_language_of_the_messages_does_not_matter():
    global INSTANCE
    english = INSTANCE
    INSTANCE = use(penstock.Instance({"ex.spc": EXAMPLE}, LANGUAGE="de"))
    try:
        with INSTANCE:
            error = INSTANCE.error("select * from nosuch.x")
            if os.path.exists("/usr/share/locale/de/LC_MESSAGES/postgres-15.mo"):
                assert "existiert nicht" in str(error), error
            with loading("slow"):
                waits_and_succeeds("slow", "select count(*) from slow.many_1")
            with loading("slow"):
                waits_and_succeeds("slow", "select 'slow.many_1'::regclass is not null as found", out="found\nt\n")
            with loading("slow"):
                waits_and_succeeds("slow", "select count(*) from many_1")
            with in_error("bad"):
                assert query("select * from bad.many_1")[2].startswith("ERROR:  " + BAD_TEXT.format("bad"))
    finally:
        INSTANCE = use(english)


with loading_instance() as INSTANCE:
    prepare()
    penstock.run_tests([
        a_schema_that_is_loading_is_waited_for,
        every_kind_of_statement_that_names_a_schema_waits,
        an_unknown_connection_gives_the_error_itself,
        a_disabled_connection_gives_the_error_itself,
        a_connection_in_error_gives_its_own_error,
        a_connection_that_fails_while_it_is_waited_for_gives_its_own_error,
        a_table_missing_in_a_connection_ready_for_long_gives_the_error_itself,
        a_table_of_a_connection_ready_just_now_is_tried_once_more,
        without_a_schema_and_all_ready_the_error_itself_comes,
        without_a_schema_the_first_connection_of_each_plugin_on_the_path_is_waited_for,
        without_a_schema_a_second_connection_of_a_static_plugin_is_not_waited_for,
        without_a_schema_a_plugin_in_error_is_named_beside_the_error,
        an_executed_statement_waits_for_what_its_prepare_names,
        a_column_of_a_dynamic_connection_that_is_updating_is_waited_for,
        a_missing_column_of_a_static_connection_gives_the_error_itself,
        a_wait_ends_at_its_deadline_and_says_what_it_waited_for,
        a_controller_that_does_not_run_is_named_at_once,
        a_controller_that_dies_during_the_wait_ends_it_within_two_seconds,
        control_c_ends_a_wait_within_a_second,
        the_tables_of_a_lazy_connection_come_with_the_first_statement_that_names_it,
        a_table_that_a_lazy_connection_does_not_offer_loads_nothing,
        the_terminal_shows_what_is_waited_for,
        a_second_of_waiting_costs_few_system_calls,
        the_language_of_the_messages_does_not_matter,
    ])
