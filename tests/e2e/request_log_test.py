#!/usr/bin/python3
"""penstock.log_requests: a line of the server's log for each request; what is in it and what is not."""

import os
import tempfile

import penstock

MARK = "m4rk-of-a-secret"
CONFIG = {"ex.spc": 'connection "ex" {\n  plugin = "example"\n}\n',
          "told.spc": 'connection "told" {\n  plugin = "csv"\n  paths = [env("PENSTOCK_TEST_PATH")]\n}\n'}
QUIET = "set client_min_messages = error;"


def log_text():
    with open(INSTANCE.path("logs", "postgresql.log")) as file:
        return file.read()


def logged(sql, settings="set penstock.log_requests = on;"):
    """The requests that a superuser's session wrote down while it ran `sql`, without what is the same in all."""
    before = len(log_text())
    INSTANCE.superuser(QUIET + settings + sql)
    lines = [line for line in log_text()[before:].splitlines() if "penstock request: " in line]
    assert all("LOG:  penstock request: plugin " in line for line in lines), lines
    return [line.split(", ", 1)[1] for line in lines]


def expect(sql, *lines, settings="set penstock.log_requests = on;"):
    seen = logged(sql, settings)
    assert seen == list(lines), seen


def nothing_is_written_unless_asked():
    expect("select count(*) from ex.example_numbers", settings="")


def a_line_has_columns_conditions_and_bounds():
    numbers = 'connection "ex", table "example_numbers"'
    expect("select digits, half from ex.example_numbers where id in (1, 2) and id <= 7 and digits <> 'it''s' and half + 1 < 3",
           numbers + ", columns (half, digits), exact quals (id in (1, 2), id <= 7, digits <> 'it''s')")
    expect("select id from ex.example_numbers limit 3 offset 2", numbers + ", columns (id), row limit 5, row target 5")
    expect("select id from ex.example_numbers where id is not null and is_even limit 1; select 1",
           numbers + ", columns (id), exact quals (id is not null, is_even = true), row limit 1, row target 1")
    expect("select is_even, count(*), sum(id) filter (where half > 2.5) from ex.example_numbers where id < 9 group by 1",
           numbers + ", group keys (is_even), aggregates (count(*), sum(id) filter (half > 2.5)), exact quals (id < 9)")
    expect("select digits from ex.example_numbers where id < 9 order by is_even, id desc nulls last limit 2",
           numbers + ", columns (id, is_even, digits), exact quals (id < 9), first rows by (is_even, id desc nulls last), row limit 2")
    expect("set penstock.cache = off; select greeting from ex.example_hello",
           'connection "ex", table "example_hello", columns (greeting), cache off')


def each_request_has_its_line():
    loop = ("set enable_hashjoin = off; set enable_mergejoin = off; set enable_material = off; set enable_memoize = off;"
            "select count(*) from generate_series(1, 3) g (n), lateral (select id from ex.example_numbers where id = n offset 0) s")
    expect(loop, *(f'connection "ex", table "example_numbers", no columns, exact quals (id = {n})' for n in (1, 2, 3)))
    parts = logged("set penstock.aggregate_pushdown = off; set parallel_setup_cost = 0; set parallel_tuple_cost = 0;"
                   "set min_parallel_table_scan_size = 0; set max_parallel_workers_per_gather = 1;"
                   "select count(id) from ex.example_wide")
    count = len(parts)
    assert count > 1 and sorted(parts) == sorted(
        f'connection "ex", table "example_wide", columns (id), part {part} of {count}' for part in range(1, count + 1)), parts
    assert len(logged("analyze ex.example_numbers")) == 1
    expect("select id from ex.example_numbers where false; explain select id from ex.example_numbers")


def values_follow_the_servers_rule_for_parameters():
    sql = "select id from ex.example_numbers where id = 123456 and digits = 'secret' and half in (1.5, 2.25)"
    short = 'connection "ex", table "example_numbers", columns (id), exact quals '
    for length, quals in ((-1, "(half in (1.5, 2.25), id = 123456, digits = 'secret')"),
                          (3, "(half in (1.5, 2.2...), id = 123..., digits = 'sec...')"),
                          (0, "(half in (?, ?), id = ?, digits = ?)")):
        expect(sql, short + quals, settings=f"set penstock.log_requests = on; set log_parameter_max_length = {length};")
    line, = logged(f"select id from ex.example_numbers where digits = '{'x' * 1000}'")
    assert f"'{'x' * 200}...'" in line, line
    line, = logged("select digits from ex.example_numbers where id in (" + ", ".join(map(str, range(1, 41))) + ")")
    assert line.endswith("exact quals (id in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ... 30 more))"), line


def arguments_of_the_connection_are_in_no_request():
    line, = logged('select * from told.data')
    assert line.startswith('connection "told", table "data", columns ('), line
    assert MARK not in log_text()


def only_a_superuser_may_ask_and_clients_do_not_see_it():
    error = INSTANCE.error("set penstock.log_requests = on")
    assert error.pgcode == "42501", error
    INSTANCE.superuser("alter role penstock set penstock.log_requests = on")
    try:
        connection = INSTANCE.connect(options="-c client_min_messages=debug1")
        connection.cursor().execute("select id from ex.example_numbers where id = 4711")
        assert not any("4711" in notice for notice in connection.notices), connection.notices
        connection.close()
        assert "exact quals (id = 4711)" in log_text()
    finally:
        INSTANCE.superuser("alter role penstock reset penstock.log_requests")


with tempfile.TemporaryDirectory(prefix="log", dir="/tmp") as FOLDER:
    os.chmod(FOLDER, 0o755)
    os.mkdir(os.path.join(FOLDER, MARK))
    with open(os.path.join(FOLDER, MARK, "data.csv"), "w") as file:
        file.write("a,b\n1,2\n")
    with penstock.Instance(CONFIG, PENSTOCK_TEST_PATH=os.path.join(FOLDER, MARK, "*.csv")) as INSTANCE:
        for NAME in ("ex", "told"):
            INSTANCE.wait_state(NAME, "ready")
        penstock.run_tests([
            nothing_is_written_unless_asked,
            a_line_has_columns_conditions_and_bounds,
            each_request_has_its_line,
            values_follow_the_servers_rule_for_parameters,
            arguments_of_the_connection_are_in_no_request,
            only_a_superuser_may_ask_and_clients_do_not_see_it,
        ])
