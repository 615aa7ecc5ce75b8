#!/usr/bin/python3
"""Names without a schema, and look-ups that do not say what they look for: what waits, and what must not."""

import time

import psycopg2

import penstock
from controlled import Controlled
from waiting import STATE, Gated, Query, many

PATH = "set search_path = m, penstock, public"


def quick(session, *statements):
    """Each ends at once, however it ends. Returns the SQLSTATE of the last one, None without an error."""
    code = None
    for sql in statements:
        began = time.monotonic()
        try:
            with session.cursor() as cursor:
                cursor.execute(sql)
            code = None
        except psycopg2.Error as error:
            code = error.pgcode
        assert time.monotonic() - began < 1.5, (sql, code, time.monotonic() - began)
    return code


def of_several_statements_at_once_none_waits():
    with Gated() as instance:
        instance.superuser("grant temporary on database penstock to penstock")
        session = instance.connect()
        assert quick(session, PATH, "select 1 + 1; create temp table foo (x int); select * from foo") is None
        assert quick(session, "drop table foo; create temp table foo (x int); select length('x') from foo") is None
        instance.open()


def what_ran_before_in_the_transaction_does_not_matter():
    with Gated() as instance:
        for before in ("explain select 1 + length('x')", "select to_regclass('nope')", "savepoint s",
                       "prepare p as select length('x')", "declare c cursor for select 1 + 1"):
            query = Query(instance, "select count(*) from many_1", [PATH, "begin", before])
            query.wait_until_at("Extension")
            instance.look("select pg_cancel_backend(%s)", query.pid)
            assert query.sqlstate() == "57014", before
        instance.open()


def a_state_that_changes_in_the_middle_of_a_transaction_counts():
    with Controlled({"m.spc": many("m")}) as instance:
        instance.wait_quiet({"m": "ready"})
        session = instance.connect()
        before = [PATH, "set penstock.schema_wait_timeout = '300ms'", "begin", "select count(*) from many_1"]
        assert quick(session, *before) is None
        instance.kill_controller()
        instance.superuser("update penstock.connection_state set state = 'updating'; "
                           "update penstock.controller set socket = null")
        assert Query(instance, "select * from many_99", session=session).sqlstate() == "55000"


def expressions_of_functions_wait():
    with Gated() as instance:
        bodies = ("v := (select count(*) from many_1)", "if (select count(*) from many_2) > 0 then v := 1; end if",
                  "select count(*) into v from many_3")
        queries = [Query(instance, f"do $$ declare v int; begin {body}; end $$", [PATH]).wait_until_at("Extension")
                   for body in bodies]
        instance.open()
        assert [query.result() for query in queries] == [[], [], []]


def looking_takes_no_snapshot():
    with Gated() as instance:
        session = instance.connect()
        assert quick(session, PATH, "begin", "lock table penstock.event in access share mode") in (None, "42501")
        quick(session, "rollback", "begin", "lock table connection_state in access share mode")
        assert quick(session, "set transaction isolation level serializable") is None
        instance.open()


def what_the_parser_has_to_say_is_said_once():
    with Gated() as instance:
        session = instance.connect()
        assert quick(session, PATH, f"select '\\x' as {'y' * 70} from pg_class limit 0") is None
        said = [notice.split(":")[0] for notice in session.notices]
        assert said == ["NOTICE"], session.notices  # the name is cut
        assert quick(session, "show client_min_messages; show log_min_messages") is None
        instance.open()


def the_first_connection_of_a_plugin_says_that_it_is_in_error():
    bad = 'connection "bad" {\n  plugin = "many"\n  nonsense = 1\n}\n'
    with Controlled({"m.spc": many("m"), "bad.spc": bad}) as instance:
        instance.wait_quiet({"m": "ready", "bad": "error"})
        session = instance.connect()
        assert quick(session, "set search_path = bad, m, penstock", "select * from many_1") is None
        assert session.notices == []
        assert quick(session, "select * from nope") == "42P01"
        (notice,) = session.notices
        assert notice.startswith('NOTICE:  connection "bad" is in error: ') and "nonsense" in notice, notice
        assert 'first one of plugin "many" on the search path' in notice, notice
        del session.notices[:]
        assert quick(session, "set search_path = m, bad, penstock", "select * from nope") == "42P01"
        assert session.notices == [], f"another one decides: {session.notices}"


def a_look_at_who_knows_what_waits_only_for_a_schema_without_tables():
    with Controlled({"m.spc": many("m") + many("lazy", lazy=True)}) as instance:
        instance.wait_quiet({"m": "ready", "lazy": "ready"})
        assert instance.rows("select to_regclass('lazy.many_1') is not null") == [(True,)]
        assert instance.look(STATE, "lazy") == [("ready", True)]
        instance.kill_controller()
        instance.superuser("update penstock.connection_state set state = 'updating'")
        session = instance.connect()
        for sql, code in (("select to_regclass('m.nope')", None), ("select has_table_privilege('m.many_1', 'select')", None),
                          ("lock table m.many_1 in access share mode", "25P01")):
            def seconds():
                began = time.monotonic()
                assert quick(session, sql) == code, sql
                return time.monotonic() - began
            penstock.within(1.5, seconds)  # without a controller a wait takes 2 s


def a_lazy_connection_on_the_path_costs_nothing_to_others():
    with Controlled({"m.spc": "".join(many(f"m{number}", lazy=True) for number in range(50))}) as instance:
        instance.wait_quiet({f"m{number}": "ready" for number in range(50)})
        session = instance.connect()
        path = ", ".join(f"m{number}" for number in range(50))
        assert quick(session, f"set search_path = {path}, penstock", "select now()") is None

        def seconds():
            began = time.monotonic()
            for _ in range(200):
                quick(session, "select now()")
            return time.monotonic() - began
        penstock.within(2, seconds)
        assert instance.look("select count(*) from penstock.connection_state where imported") == [(0,)]


penstock.run_tests([
    of_several_statements_at_once_none_waits,
    what_ran_before_in_the_transaction_does_not_matter,
    a_state_that_changes_in_the_middle_of_a_transaction_counts,
    expressions_of_functions_wait,
    looking_takes_no_snapshot,
    what_the_parser_has_to_say_is_said_once,
    the_first_connection_of_a_plugin_says_that_it_is_in_error,
    a_look_at_who_knows_what_waits_only_for_a_schema_without_tables,
    a_lazy_connection_on_the_path_costs_nothing_to_others,
])
