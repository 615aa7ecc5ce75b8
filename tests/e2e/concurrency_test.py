#!/usr/bin/python3
"""Scans that run at the same time: arms of a UNION ALL, sides of a join; what starts early and what
must not; and that a LIMIT stops its source."""

import os
import threading
import time

import psycopg2

import fake_plugin
import penstock

ARMS = 16
DELAY_S = 0.2


def config():
    text = "".join(f'connection "s{n}" {{\n  plugin = "slow"\n  delay_ms = {DELAY_S * 1000:.0f}\n  rows = 3\n}}\n'
                   for n in range(1, ARMS + 1))
    return text + 'connection "quick" {\n  plugin = "slow"\n  rows = 30000\n}\n'


def union(select, arms=ARMS):
    return " union all ".join(select.format(n=n) for n in range(1, arms + 1))


def timed(sql, *settings):
    """(rows, seconds)"""
    connection = INSTANCE.connect()
    try:
        cursor = connection.cursor()
        for setting in settings:
            cursor.execute(setting)
        began = time.monotonic()
        cursor.execute(sql)
        return cursor.fetchall(), time.monotonic() - began
    finally:
        connection.close()


def takes_one_delay(sql, expected):
    """Where the scans wait one after the other, it is two or more."""
    def attempt():
        rows, took = timed(sql)
        assert sorted(rows) == expected, rows
        return took
    penstock.within(2 * DELAY_S, attempt)


def calls(table):
    return INSTANCE.rows("select connection, keys, rows, was_cancelled from quick.slow_calls where table_name = %s",
                         table)


def calls_during(sql, *settings):
    """How many scans of slow_rows `sql` caused."""
    before = len(calls("slow_rows"))
    timed(sql, *settings)
    return len(calls("slow_rows")) - before


def arms_of_a_union_wait_at_the_same_time():
    takes_one_delay(f"select count(*), sum(n) from ({union('select * from s{n}.slow_rows')}) a", [(3 * ARMS, 6 * ARMS)])


def aggregated_arms_wait_at_the_same_time():
    # In the order in which they come: the plugins count.
    takes_one_delay(union("select count(*), {n} from s{n}.slow_rows"), [(3, n) for n in range(1, ARMS + 1)])


def sides_of_a_join_wait_at_the_same_time():
    takes_one_delay("select n from s1.slow_rows join s2.slow_rows using (n) join s3.slow_rows using (n)",
                    [(1,), (2,), (3,)])


def without_eager_start_the_sides_of_a_join_wait_one_after_the_other():
    rows, took = timed("select count(*) from s1.slow_rows join s2.slow_rows using (n)", "set penstock.eager_start = off")
    assert rows == [(3,)]
    assert took >= 2 * DELAY_S, f"took {took:.2f} s"


def more_arms_than_may_run_at_once_give_all_rows():
    arms = union("select * from quick.slow_rows where n > {n}", 100)
    rows, _ = timed(f"select count(*), sum(n) from ({arms}) a")
    want, _ = timed(f"select count(*), sum(n) from ({arms}) a", "set enable_async_append = off")
    assert rows == want and rows[0][0] == sum(30000 - n for n in range(1, 101)), (rows, want)


def an_async_append_can_be_scanned_again():
    arms = "select n from quick.slow_rows where n <= o union all select n from s1.slow_rows where n >= o"
    sql = f"select o, (select count(*) from ({arms}) a) from generate_series(1, 4) o order by 1"
    rows, _ = timed(sql)
    assert rows == [(1, 4), (2, 4), (3, 4), (4, 4)], rows


def a_limit_above_an_async_append_ends_its_arms():
    rows, _ = timed("select n from (select n from s1.slow_endless union all select n from s2.slow_endless) a limit 1")
    assert rows == [(1,)]
    INSTANCE.wait_for(lambda: len(calls("slow_endless")), lambda seen: seen >= 2, "both arms ended")
    assert all(cancelled for *_, cancelled in calls("slow_endless"))


def a_limit_stops_the_source():
    before = len(calls("slow_endless"))
    rows, _ = timed("select n from s3.slow_endless limit 1")
    assert rows == [(1,)]
    INSTANCE.wait_for(lambda: len(calls("slow_endless")), lambda seen: seen == before + 1, "the source stopped")
    _, _, sent, was_cancelled = calls("slow_endless")[-1]
    assert was_cancelled and sent < 1_000_000, f"{sent} rows were sent"


def nothing_starts_early_that_may_not_run():
    assert calls_during("explain select * from s1.slow_rows join s2.slow_rows using (n)") == 0
    assert calls_during("select case when n = 99 then (select max(n) from s2.slow_rows) end from s1.slow_rows") == 1


def each_scan_asks_once_however_early():
    assert calls_during("select * from s1.slow_rows join s2.slow_rows using (n)") == 2
    assert calls_during(union("select * from s{n}.slow_rows")) == ARMS
    nested = "set enable_hashjoin = off", "set enable_mergejoin = off", "set enable_material = off"
    assert calls_during("select * from s1.slow_rows join s2.slow_rows using (n)", *nested) == 2


class Absent:
    """A plugin whose socket is away until `come_back`."""

    def __init__(self):
        self.plugin = fake_plugin.FakePlugin(lambda connection, closed: connection.sendall(
            fake_plugin.welcome() + fake_plugin.int8_block([7]) + fake_plugin.end(1)))
        os.rename(self.plugin.path, self.plugin.path + ".away")
        INSTANCE.superuser(f"""
            drop server if exists absent cascade;
            create schema if not exists absent;
            grant usage on schema absent to penstock_users;
            create server absent foreign data wrapper penstock
                options (socket '{self.plugin.path}', uid '{os.getuid()}');
            create foreign table absent.t (n int8) server absent;
            grant select on absent.t to penstock_users;""")

    def come_back(self):
        os.rename(self.plugin.path + ".away", self.plugin.path)

    def __enter__(self):
        self.plugin.__enter__()
        return self

    def __exit__(self, *arguments):
        self.plugin.__exit__(*arguments)


def connecting_to_one_plugin_does_not_keep_the_others_waiting():
    with Absent() as absent:
        connection = INSTANCE.connect(autocommit=False)
        cursor = connection.cursor()
        cursor.execute("declare c cursor for select n from absent.t union all select n from s1.slow_rows")
        cursor.execute("fetch 3 from c")
        assert cursor.fetchall() == [(1,), (2,), (3,)], "rows of the arm that answers"
        absent.come_back()
        cursor.execute("fetch all from c")
        assert cursor.fetchall() == [(7,)], "then the one whose plugin came back"
        connection.close()


def a_plugin_that_stays_away_is_an_error_after_the_timeout():
    with Absent():
        try:
            timed("select n from absent.t union all select n from s1.slow_rows", "set penstock.connect_timeout = '300ms'")
        except psycopg2.Error as error:
            assert error.pgcode == "HV00N", error
        else:
            raise penstock.Failure("no error")


def a_crowded_plugin_is_waited_for_also_when_it_is_restarted():
    def answer(connection, closed):
        connection.sendall(fake_plugin.welcome() + fake_plugin.int8_block([5]) + fake_plugin.end(1))
    with fake_plugin.FakePlugin(answer, backlog=0, accepts=False) as crowded:
        crowded.fill_backlog()
        INSTANCE.superuser(f"""
            create schema crowded;
            grant usage on schema crowded to penstock_users;
            create server crowded foreign data wrapper penstock options (socket '{crowded.path}', uid '{os.getuid()}');
            create foreign table crowded.t (n int8) server crowded;
            grant select on crowded.t to penstock_users;""")
        answers, errors = [], []

        def run(sql):
            try:
                cursor = INSTANCE.connect().cursor()
                cursor.execute("set penstock.connect_timeout = '2s'")
                cursor.execute(sql)
                answers.append(sorted(cursor.fetchall()))
            except psycopg2.Error as error:
                errors.append(error)
        queries = ["select n from crowded.t", "select n from crowded.t union all select n from s1.slow_rows where n = 1"]
        threads = [threading.Thread(target=run, args=[sql]) for sql in queries]
        for thread in threads:
            thread.start()
        INSTANCE.wait_for(
            lambda: INSTANCE.rows("select count(*) from pg_stat_activity where query like 'select n from crowded.t%%' "
                                  "and state = 'active' and now() - query_start > '3s'"),
            lambda seen: seen == [(2,)] or errors, "both wait longer than for one that is absent")
        crowded.restart()
        for thread in threads:
            thread.join()
        INSTANCE.superuser("set client_min_messages = warning; drop schema crowded cascade; drop server crowded cascade")
    assert not errors, errors
    assert sorted(answers) == [[(1,), (5,)], [(5,)]], answers


def a_cancel_acts_within_a_second_while_an_append_waits():
    silent = fake_plugin.FakePlugin(lambda connection, closed: silent.wait_for_hangup(connection))
    with silent:
        INSTANCE.superuser(f"""
            create schema silent;
            grant usage on schema silent to penstock_users;
            create server silent foreign data wrapper penstock options (socket '{silent.path}', uid '{os.getuid()}');
            create foreign table silent.a (n int8) server silent;
            create foreign table silent.b (n int8) server silent;
            grant select on silent.a, silent.b to penstock_users;""")
        penstock.within(1, cancel_an_append)


def cancel_an_append():
    connection = INSTANCE.connect()
    errors = []

    def run():
        try:
            connection.cursor().execute("select n from silent.a union all select n from silent.b")
        except psycopg2.Error as error:
            errors.append(error)
    thread = threading.Thread(target=run)
    thread.start()
    INSTANCE.wait_for(
        lambda: INSTANCE.rows("select wait_event from pg_stat_activity where pid = %s", connection.get_backend_pid()),
        lambda seen: seen == [("AppendReady",)], "the Append waits")
    began = time.monotonic()
    connection.cancel()
    thread.join()
    took = time.monotonic() - began
    assert errors and errors[0].pgcode == "57014", errors
    return took


TESTS = [
    arms_of_a_union_wait_at_the_same_time,
    aggregated_arms_wait_at_the_same_time,
    sides_of_a_join_wait_at_the_same_time,
    without_eager_start_the_sides_of_a_join_wait_one_after_the_other,
    more_arms_than_may_run_at_once_give_all_rows,
    an_async_append_can_be_scanned_again,
    a_limit_above_an_async_append_ends_its_arms,
    a_limit_stops_the_source,
    nothing_starts_early_that_may_not_run,
    each_scan_asks_once_however_early,
    connecting_to_one_plugin_does_not_keep_the_others_waiting,
    a_plugin_that_stays_away_is_an_error_after_the_timeout,
    a_crowded_plugin_is_waited_for_also_when_it_is_restarted,
    a_cancel_acts_within_a_second_while_an_append_waits,
]

with penstock.Instance({"slow.spc": config()}) as INSTANCE:
    for number in range(1, ARMS + 1):
        INSTANCE.wait_state(f"s{number}", "ready")
    penstock.run_tests(TESTS)
