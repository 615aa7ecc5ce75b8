#!/usr/bin/python3
"""The cache of a plugin process: what is answered from it, what never enters, what clears it. Plugin
slow counts how often its source was asked."""

import threading

import penstock

CONFIG = """
plugin "slow" {
  source = "slow"
  cache_ttl = 600
  cache_max_mb = 1
}
connection "a" {
  plugin = "slow"
  rows = 1000
}
connection "b" {
  plugin = "slow"
  rows = 5
  delay_ms = 700
}
connection "large" {
  plugin = "slow"
  rows = 300000
}
plugin "wide" {
  source = "example"
  cache_ttl = 600
  cache_max_mb = 64
}
connection "wide" {
  plugin = plugin.wide
  rows = 20000
}
connection "union_of" {
  plugin = "slow"
  type = "aggregator"
  connections = ["a", "b"]
}
"""


class Session:
    def __init__(self):
        self.connection = INSTANCE.connect()
        self.cursor = self.connection.cursor()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def rows(self, sql):
        self.cursor.execute(sql)
        return self.cursor.fetchall() if self.cursor.description else []

    def hits(self):
        """Whether the last scan came from the cache."""
        return self.rows("select cache_hit from penstock.scan order by number desc limit 1")[0][0]


def asked(connection):
    """How often the source of a connection was asked until now."""
    with Session() as session:
        session.rows("set penstock.cache = off")
        return session.rows("select count(*) from a.slow_calls where connection = '" + connection + "'")[0][0]


def fresh(connection):
    """Empties the cache; returns the count of calls."""
    with Session() as session:
        session.rows(f"select penstock.cache_clear('{connection}')")
    return asked(connection)


def a_second_scan_is_answered_from_the_cache():
    before = fresh("a")
    with Session() as session:
        want = session.rows("select n from a.slow_rows order by n")
        assert session.hits() is False
        assert session.rows("select n from a.slow_rows order by n") == want and len(want) == 1000
        assert session.hits() is True
        plan = "\n".join(row[0] for row in session.rows("explain (analyze) select n from a.slow_rows"))
        assert "Cache Hit: true" in plan and "Cache Age" in plan, plan
    assert asked("a") == before + 1


def conditions_limits_and_groups_are_computed_over_cached_rows():
    before = fresh("a")
    with Session() as session:
        session.rows("select n from a.slow_rows")
        assert session.rows("select n from a.slow_rows where n between 7 and 9 order by 1") == [(7,), (8,), (9,)]
        assert session.rows("select count(*), sum(n) from a.slow_rows") == [(1000, 500500)]
        assert session.hits() is True
        assert session.rows("select n from a.slow_rows limit 2") == [(1,), (2,)]
    assert asked("a") == before + 1


def a_limited_scan_does_not_enter():
    before = fresh("a")
    with Session() as session:
        session.rows("select n from a.slow_rows limit 1")
        assert len(session.rows("select n from a.slow_rows")) == 1000
    assert asked("a") == before + 2


def a_session_may_switch_it_off():
    before = fresh("a")
    with Session() as session:
        session.rows("select n from a.slow_rows")
        session.rows("set penstock.cache = off")
        session.rows("select n from a.slow_rows")
        assert session.hits() is False
    assert asked("a") == before + 2


def cache_clear_clears_one_or_all():
    before = fresh("a")
    with Session() as session:
        for clear in ("select penstock.cache_clear('b')", "select penstock.cache_clear('a')",
                      "select penstock.cache_clear()", "select penstock.cache_clear('union_of')"):
            session.rows("select n from a.slow_rows")
            session.rows(clear)
        session.rows("select n from a.slow_rows")
    assert asked("a") == before + 4
    assert INSTANCE.error("select penstock.cache_clear('nobody')").pgcode == "42704"


def what_is_larger_than_its_budget_does_not_enter():
    before = fresh("large")
    with Session() as session:
        for _ in range(2):
            assert session.rows("select max(n), count(n) from large.slow_rows") == [(300000, 300000)]
    assert asked("large") == before + 2


def scans_of_two_sessions_share_one_call():
    before = fresh("b")
    results = []

    def run():
        with Session() as session:
            results.append(session.rows("select n from b.slow_rows order by n"))
    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[(n,) for n in range(1, 6)]] * 4
    assert asked("b") == before + 1


def scans_of_one_session_do_not_wait_for_each_other():
    fresh("large")
    with Session() as session:
        session.rows("set enable_hashjoin = off")
        session.rows("set statement_timeout = '60s'")
        sql = "select count(*) from large.slow_rows x join large.slow_rows y using (n)"
        assert session.rows(sql) == [(300000,)]


PARALLEL = ("set penstock.aggregate_pushdown = off", "set parallel_setup_cost = 0", "set parallel_tuple_cost = 0",
            "set min_parallel_table_scan_size = 0", "set max_parallel_workers_per_gather = 2",
            "set enable_parallel_hash = off", "set enable_mergejoin = off", "set enable_nestloop = off",
            "set statement_timeout = '60s'")


def cached_scans():
    rows = INSTANCE.rows("select cached_scans from penstock.stat_table where relid = 'wide.example_wide'::regclass")
    return rows[0][0] if rows else 0


def parallel(session, sql):
    """The rows of `sql`, which workers must be reading in parts."""
    for setting in PARALLEL:
        session.rows(setting)
    plan = "\n".join(row[0] for row in session.rows("explain " + sql))
    assert "Parallel Foreign Scan" in plan, plan
    return session.rows(sql)


def parts_of_a_table_neither_come_from_the_cache_nor_enter_it():
    fresh("wide")
    sql = "select count(id), count(distinct id), sum(id), sum(quantity) from wide.example_wide"
    with Session() as session:
        session.rows("set penstock.aggregate_pushdown = off")
        session.rows("set penstock.cache = off")
        want = session.rows(sql)
        assert want[0][:2] == (20000, 20000)
    with Session() as workers, Session() as serial:
        serial.rows("set penstock.aggregate_pushdown = off")
        before = cached_scans()
        assert parallel(workers, sql) == want, "nothing is cached"
        assert serial.rows(sql) == want and serial.hits() is False, "a part is no table"
        assert cached_scans() == before
        assert serial.rows(sql) == want and serial.hits() is True
        assert cached_scans() == before + 1
        assert parallel(workers, sql) == want, "the table is cached, its parts are not"
        assert cached_scans() == before + 1


def workers_share_a_table_that_each_of_them_reads_whole():
    sql = "select count(*), sum(a.id + b.quantity) from wide.example_wide a join wide.example_wide b using (id)"
    fresh("wide")
    with Session() as session:
        session.rows("select id, quantity from wide.example_wide")
        before = cached_scans()
        want = parallel(session, sql)
        assert want[0][0] == 20000 and cached_scans() > before, (want, before)
    fresh("wide")
    results = []

    def run():
        with Session() as session:
            results.append([parallel(session, sql) for _ in range(3)])
    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[want] * 3] * 4, results


def an_aggregator_uses_what_its_children_have():
    fresh("union_of")
    before = asked("a"), asked("b")
    with Session() as session:
        for _ in range(2):
            assert session.rows("select sp_connection_name, count(*) from union_of.slow_rows group by 1 order by 1") == [
                ("a", 1000), ("b", 5)]
        assert session.hits() is True
        assert (asked("a"), asked("b")) == (before[0] + 1, before[1] + 1)
        session.rows("set penstock.cache = off")
        assert session.rows("select count(*) from union_of.slow_rows") == [(1005,)]
        assert session.hits() is False
    assert (asked("a"), asked("b")) == (before[0] + 2, before[1] + 2)


def new_arguments_forget_the_old_rows():
    with Session() as session:
        session.rows("select n from a.slow_rows")
        INSTANCE.write("slow.spc", CONFIG.replace("rows = 1000", "rows = 900"))
        INSTANCE.wait_for(lambda: session.rows("select count(n) from a.slow_rows"), lambda rows: rows == [(900,)],
                          "rows of the new argument")


with penstock.Instance({"slow.spc": CONFIG}) as INSTANCE:
    for name in ("a", "b", "large", "wide", "union_of"):
        INSTANCE.wait_state(name, "ready")
    penstock.run_tests([
        a_second_scan_is_answered_from_the_cache,
        conditions_limits_and_groups_are_computed_over_cached_rows,
        a_limited_scan_does_not_enter,
        a_session_may_switch_it_off,
        cache_clear_clears_one_or_all,
        what_is_larger_than_its_budget_does_not_enter,
        scans_of_two_sessions_share_one_call,
        scans_of_one_session_do_not_wait_for_each_other,
        parts_of_a_table_neither_come_from_the_cache_nor_enter_it,
        workers_share_a_table_that_each_of_them_reads_whole,
        an_aggregator_uses_what_its_children_have,
        new_arguments_forget_the_old_rows,
    ])
