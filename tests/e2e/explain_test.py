#!/usr/bin/python3
"""EXPLAIN (FORMAT JSON): every field that the wrapper adds to a node, with its type and value."""

import os
import tempfile

import penstock

ROWS = 1000


def plan(sql, options="analyze, timing on", settings=()):
    """The nodes of a plan, outermost first."""
    connection = INSTANCE.connect()
    try:
        cursor = connection.cursor()
        for setting in settings:
            cursor.execute(setting)
        cursor.execute(f"explain (format json, {options}) {sql}")
        return list(nodes_of(cursor.fetchone()[0][0]["Plan"]))
    finally:
        connection.close()


def nodes_of(node):
    yield node
    for child in node.get("Plans", []):
        yield from nodes_of(child)


def scan(sql, **options):
    """The one foreign scan of a plan."""
    found, = [node for node in plan(sql, **options) if node["Node Type"] == "Foreign Scan"]
    return found


def expect(node, **fields):
    """Fields by name, `_` for a space; a type or a list of types stands for any value of it."""
    for name, value in fields.items():
        field = name.replace("_", " ")
        assert field in node, f"{field}: {node}"
        seen = node[field]
        is_right = isinstance(seen, value) if isinstance(value, type) else seen == value
        assert is_right and isinstance(seen, bool) == (value is bool or isinstance(value, bool)), f"{field}: {seen!r}, {node}"


def expect_none(node, *fields):
    assert not set(fields) & set(node), node


def a_plain_scan_has_plugin_columns_and_conditions():
    node = scan("select digits, half from ex.example_numbers where id in (1, 2) and id < 7 and half + 1 < 5", options="costs off")
    expect(node, Plugin="example", Columns=["half", "digits"], Exact_Quals=["id = ANY ('{1,2}'::bigint[])", "id < 7"])
    expect_none(node, "Superset Quals", "Row Target", "Row Limit", "Rows Received", "Blocks", "Bytes", "Parts", "Cache Hit")
    expect(scan("select count(*) from ex.example_numbers offset 0", options="costs off",
                settings=["set penstock.aggregate_pushdown = off"]), Columns=[])


def conditions_that_are_checked_again_are_told_apart():
    INSTANCE.superuser("""
        create schema mine;
        grant usage on schema mine to penstock_users;
        select format('create foreign table mine.numbers (id int8 options (superset ''<=''), half float8) server %I '
                      'options (connection ''ex'', "table" ''example_numbers'')', srvname)
        from pg_foreign_table t join pg_foreign_server s on s.oid = t.ftserver
        where ftrelid = 'ex.example_numbers'::regclass \\gexec
        grant select on mine.numbers to penstock_users;""")
    node = scan("select half from mine.numbers where id <= 5")
    expect(node, Columns=["id", "half"], Superset_Quals=["id <= 5"], Filter="(id <= 5)")
    expect_none(node, "Exact Quals")


def analyze_adds_what_came_back():
    node = scan("select id from ex.example_numbers where half >= 0")
    expect(node, Rows_Received=ROWS, Blocks=int, Bytes=int, Time_to_First_Row=float)
    assert node["Blocks"] >= 1 and node["Bytes"] >= 8 * ROWS and node["Time to First Row"] > 0, node
    expect_none(scan("select id from ex.example_numbers", options="analyze, timing off"), "Time to First Row")


def a_limit_is_a_target_in_numbers_or_an_expression():
    node = scan("select id from ex.example_numbers limit 3 offset 2")
    expect(node, Row_Target=5, Rows_Received=5)
    expect_none(node, "Row Limit")
    node = scan("select id from ex.example_numbers limit (select 3) offset (select 2)")
    assert "+" in node["Row Limit"], node
    expect_none(node, "Row Target")


def an_order_is_a_list():
    expect(scan("select id, half from ex.example_numbers order by id", options="costs off"), Ordered_By=["id"])
    node = scan("select id from ex.example_numbers order by is_even, half desc nulls last limit 2")
    expect(node, First_Rows_By=["is_even", "half DESC NULLS LAST"], Rows_Received=2, Row_Limit=str)
    expect_none(node, "Ordered By")


def groups_and_aggregates_are_lists():
    node = scan("select is_even, count(*), sum(id) filter (where half > 2) from ex.example_numbers where id <= 9 group by 1")
    expect(node, Table="ex.example_numbers", Group_Keys=["is_even"], Rows_Received=2,
           Aggregates=["count(*)", "sum(id) FILTER (WHERE half > '2'::double precision)"], Exact_Quals=["id <= 9"])
    expect_none(node, "Columns")


def a_parallel_scan_has_its_parts():
    node = scan("select count(id) from ex.example_wide", settings=PARALLEL)
    expect(node, Parts=int, Parallel_Aware=True, Rows_Received=ROWS)
    assert node["Parts"] > 1, node


def a_batched_join_has_its_batches_and_the_scan_its_keys():
    INSTANCE.superuser("alter foreign table slow.slow_lookup alter column key options (set batch '7');"
                       "alter foreign table slow.slow_lookup options (set startup_ms '5')")
    nodes = plan("select g, half from generate_series(1, 20) g join slow.slow_lookup on key = g",
                 settings=["set enable_hashjoin = off", "set enable_mergejoin = off"])
    join, = [node for node in nodes if node["Node Type"] == "Custom Scan"]
    expect(join, Custom_Plan_Provider="PenstockKeyBatchJoin", Join_Type="Inner", Join_Cond="(g.g = slow_lookup.key)",
           Batch_Size=7, Batches=3, Keys=20)
    inner, = [node for node in nodes if node["Node Type"] == "Foreign Scan"]
    expect(inner, Exact_Quals=["key = ANY (keys of the batch)"], Rows_Received=12)


def an_answer_of_the_cache_says_so_and_how_old_it_is():
    query = "select id, half from cached.example_numbers"
    expect_none(scan(query), "Cache Hit", "Cache Age")
    node = scan(query)
    expect(node, Cache_Hit=True, Cache_Age=int, Rows_Received=ROWS)
    assert node["Cache Age"] >= 0, node
    expect_none(scan(query, options="analyze, timing off"), "Cache Age")


def a_source_with_a_size_has_its_bytes():
    node = scan("select a from files.data")
    expect(node, Source_Bytes=os.path.getsize(os.path.join(FOLDER, "data.csv")))


PARALLEL = ("set penstock.aggregate_pushdown = off", "set parallel_setup_cost = 0", "set parallel_tuple_cost = 0",
            "set min_parallel_table_scan_size = 0", "set max_parallel_workers_per_gather = 2")

with tempfile.TemporaryDirectory(prefix="expl", dir="/tmp") as FOLDER:
    os.chmod(FOLDER, 0o755)
    with open(os.path.join(FOLDER, "data.csv"), "w") as file:
        file.write("a,b\n1,2\n3,4\n")
    CONFIG = {"ex.spc": 'plugin "plain" {\n  source = "example"\n}\nconnection "ex" {\n  plugin = plugin.plain\n}\n',
              "cached.spc": 'plugin "cached" {\n  source = "example"\n  cache_ttl = 600\n}\n'
                            'connection "cached" {\n  plugin = plugin.cached\n}\n',
              "slow.spc": 'connection "slow" {\n  plugin = "slow"\n}\n',
              "files.spc": f'connection "files" {{\n  plugin = "csv"\n  paths = ["{FOLDER}/*.csv"]\n}}\n'}
    with penstock.Instance(CONFIG) as INSTANCE:
        for NAME in ("ex", "cached", "slow", "files"):
            INSTANCE.wait_state(NAME, "ready")
        penstock.run_tests([
            a_plain_scan_has_plugin_columns_and_conditions,
            conditions_that_are_checked_again_are_told_apart,
            analyze_adds_what_came_back,
            a_limit_is_a_target_in_numbers_or_an_expression,
            an_order_is_a_list,
            groups_and_aggregates_are_lists,
            a_parallel_scan_has_its_parts,
            a_batched_join_has_its_batches_and_the_scan_its_keys,
            an_answer_of_the_cache_says_so_and_how_old_it_is,
            a_source_with_a_size_has_its_bytes,
        ])
