#!/usr/bin/python3
"""An aggregator is one schema over several connections: it follows them as they come, go and change,
asks only those that a query can mean, and says which of them failed."""

import os
import shutil

import penstock


def csv_connection(name, more=""):
    return f'connection "{name}" {{\n  plugin = "csv"\n  paths = ["{INSTANCE.path("data", name)}/*.csv"]\n{more}}}\n'


def aggregator(name, plugin, connections, more=""):
    return (f'connection "{name}" {{\n  plugin = "{plugin}"\n  type = "aggregator"\n'
            f'  connections = [{", ".join(chr(34) + each + chr(34) for each in connections)}]\n{more}}}\n')


def example(name, rows, more=""):
    return f'connection "{name}" {{\n  plugin = "example"\n  rows = {rows}\n{more}}}\n'


def data(connection, table, text):
    folder = INSTANCE.path("data", connection)
    os.makedirs(folder, exist_ok=True)
    for each in (INSTANCE.path("data"), folder):
        shutil.chown(each, penstock.service_user())
    INSTANCE.write(f"{table}.csv", text, folder=os.path.join("data", connection))


def notices(sql):
    """The rows of a query and the warnings that came with it."""
    session = INSTANCE.connect()
    with session.cursor() as cursor:
        cursor.execute(sql)
        rows = cursor.fetchall()
    found = list(session.notices)
    session.close()
    return rows, found


def generations():
    return dict(INSTANCE.rows("select connection_name, generation from connection_state"))


def wait_people(children, count):
    """Until the aggregator is made of these and all has settled."""
    INSTANCE.wait_for(
        lambda: INSTANCE.rows("""select state, connections, (select count(*) from everywhere.people)
                                 from connection_state where connection_name = 'everywhere'"""),
        lambda rows: rows == [("ready", children, count)], f"everywhere made of {children}")


def setup():
    data("area_north", "people", "id,name\n1,Ann\n2,Bo\n")
    data("area_south", "people", "id,name,age\nx9,Cid,30\n")
    data("area_south", "pets", "name\nRex\n")
    INSTANCE.write("csv.spc", csv_connection("area_north") + csv_connection("area_south")
                   + aggregator("everywhere", "csv", ["area_*"]))
    INSTANCE.write("example.spc", example("ex_small", 10) + example("ex_large", 1000)
                   + example("ex_hidden", 7, '  import_schema = "disabled"\n')
                   + aggregator("numbers", "example", ["ex_small", "ex_l*", "ex_hidden"]))
    for name in ("area_north", "area_south", "everywhere", "ex_small", "ex_large", "numbers"):
        INSTANCE.wait_state(name, "ready")


def the_row_says_what_it_is_made_of():
    assert INSTANCE.rows("""select connection_name, type, connections from connection_state
                            where type = 'aggregator' order by 1""") == [
        ("everywhere", "aggregator", ["area_north", "area_south"]),
        ("numbers", "aggregator", ["ex_hidden", "ex_large", "ex_small"])]


def tables_and_columns_are_the_union():
    assert INSTANCE.rows("""select id, name, age, sp_connection_name, _ctx ->> 'plugin' from everywhere.people
                            order by name""") == [
        (1, "Ann", None, "area_north", "csv"), (2, "Bo", None, "area_north", "csv"),
        ("x9", "Cid", 30, "area_south", "csv")]
    assert INSTANCE.rows("select name, sp_connection_name from everywhere.pets") == [("Rex", "area_south")]


def a_column_of_two_types_is_jsonb():
    assert INSTANCE.rows("select distinct pg_typeof(id)::text, pg_typeof(age)::text from everywhere.people") == [
        ("jsonb", "bigint")]
    assert INSTANCE.rows("select name from everywhere.people where id = '2'") == [("Bo",)]
    assert INSTANCE.rows("select name from everywhere.people where id = '\"x9\"'") == [("Cid",)]


def a_condition_on_a_column_that_some_lack_is_answered_by_those_that_have_it():
    assert INSTANCE.rows("select name from everywhere.people where age >= 30") == [("Cid",)]
    assert INSTANCE.rows("select name from everywhere.people where age is null order by 1") == [("Ann",), ("Bo",)]


def counts_are_those_of_all_children_also_of_a_disabled_one():
    assert INSTANCE.state("ex_hidden")[0] == "disabled"
    assert INSTANCE.rows("select count(*) from numbers.example_numbers") == [(1017,)]
    assert INSTANCE.rows("""select sp_connection_name, count(*), max(id) from numbers.example_numbers
                            group by 1 order by 1""") == [
        ("ex_hidden", 7, 7), ("ex_large", 1000, 1000), ("ex_small", 10, 10)]
    assert INSTANCE.rows("select id, sp_connection_name from numbers.example_numbers where id = 500") == [
        (500, "ex_large")]
    assert INSTANCE.rows("select * from numbers.example_numbers limit 1")[0][4].startswith("ex_")


def every_type_passes_through():
    one = "select to_jsonb(t) from ex_small.example_types t"
    assert len(INSTANCE.rows(one)) > 1
    for child in ("ex_hidden", "ex_large", "ex_small"):
        joined = f"""select to_jsonb(t) - 'sp_connection_name' - '_ctx' from numbers.example_types t
                     where sp_connection_name = '{child}'"""
        assert INSTANCE.rows(f"({joined} except all {one}) union all ({one} except all {joined})") == []


def a_required_key_is_still_required():
    assert INSTANCE.error("select * from numbers.example_echo").pgcode == "HV00L"
    assert INSTANCE.rows("select word, count(*) from numbers.example_echo where word in ('a', 'b') group by 1 "
                         "order by 1") == [("a", 3), ("b", 3)]


def a_broken_child_fails_the_query_or_is_warned_of():
    INSTANCE.write("broken.spc", example("bad_one", -1)
                   + aggregator("strict", "example", ["ex_small", "bad_*"])
                   + aggregator("lenient", "example", ["ex_small", "bad_*"], '  on_error = "partial"\n'))
    try:
        assert "must not be negative" in INSTANCE.wait_state("bad_one", "error")
        INSTANCE.wait_state("strict", "ready")
        INSTANCE.wait_state("lenient", "ready")
        error = INSTANCE.error("select count(*) from strict.example_numbers")
        assert 'connection "bad_one": argument "rows" must not be negative' in str(error), error
        rows, warnings = notices("select count(*) from lenient.example_numbers")
        assert rows == [(10,)], rows
        assert len(warnings) == 1 and warnings[0].startswith("WARNING:"), warnings
        assert 'connection "bad_one" failed' in warnings[0] and "must not be negative" in warnings[0], warnings
    finally:
        INSTANCE.remove("broken.spc")
        for name in ("bad_one", "strict", "lenient"):
            INSTANCE.wait_state(name, None)


def children_that_the_condition_rules_out_are_not_asked():
    INSTANCE.write("broken.spc", example("bad_one", -1) + aggregator("strict", "example", ["ex_small", "bad_one"]))
    try:
        INSTANCE.wait_state("strict", "ready")
        asked = "select count(*) from strict.example_numbers where sp_connection_name "
        for condition in ("= 'ex_small'", "<> 'bad_one'", "in ('ex_small', 'ex_large')", "like 'ex%'"):
            assert INSTANCE.rows(asked + condition) == [(10,)], condition
        assert "bad_one" in str(INSTANCE.error(asked + "= 'bad_one'"))
        assert INSTANCE.rows(asked + "= 'nobody'") == [(0,)]
    finally:
        INSTANCE.remove("broken.spc")
        for name in ("bad_one", "strict"):
            INSTANCE.wait_state(name, None)


def a_child_that_comes_or_goes_touches_the_aggregator_only():
    before = generations()
    data("area_west", "people", "id,name\n5,Eve\n")
    INSTANCE.write("west.spc", csv_connection("area_west"))
    INSTANCE.wait_state("area_west", "ready")
    wait_people(["area_north", "area_south", "area_west"], 4)
    INSTANCE.remove("west.spc")
    INSTANCE.wait_state("area_west", None)
    wait_people(["area_north", "area_south"], 3)
    after = generations()
    assert after.pop("everywhere") > before.pop("everywhere")
    assert after == before


def a_child_that_changes_its_tables_changes_the_aggregators():
    before = generations()
    data("area_north", "cars", "wheels\n4\n")
    INSTANCE.wait_for(lambda: INSTANCE.rows("select to_regclass('everywhere.cars') is not null"),
                      lambda rows: rows == [(True,)], "a table of the aggregator for the new file")
    INSTANCE.wait_state("everywhere", "ready")
    assert INSTANCE.rows("select wheels, sp_connection_name from everywhere.cars") == [(4, "area_north")]
    after = generations()
    assert after["area_south"] == before["area_south"] and after["numbers"] == before["numbers"]


def a_child_without_its_files_keeps_a_strict_aggregator_from_becoming_ready():
    INSTANCE.write("lost.spc", 'connection "lost" {\n  plugin = "csv"\n  paths = ["/nowhere/x.csv"]\n}\n'
                   + aggregator("sure", "csv", ["area_north", "lost"])
                   + aggregator("lax", "csv", ["area_north", "lost"], '  on_error = "partial"\n'))
    try:
        assert 'connection "lost"' in INSTANCE.wait_state("sure", "error")
        INSTANCE.wait_state("lax", "ready")
        rows, warnings = notices("select count(*) from lax.people")
        assert rows == [(2,)] and 'connection "lost" failed' in warnings[0], (rows, warnings)
    finally:
        INSTANCE.remove("lost.spc")
        for name in ("lost", "sure", "lax"):
            INSTANCE.wait_state(name, None)


def a_pattern_that_matches_nothing_is_a_warning():
    INSTANCE.write("empty.spc", aggregator("empty", "csv", ["nothing_*"]))
    INSTANCE.wait_state("empty", "ready")
    INSTANCE.wait_for(
        lambda: INSTANCE.rows("""select detail ->> 'warning' from penstock.event
                                 where event = 'warning' and connection = 'empty'"""),
        lambda rows: len(rows) == 1 and 'no connection matches "nothing_*"' in rows[0][0], "an event")
    INSTANCE.remove("empty.spc")
    INSTANCE.wait_state("empty", None)


def more_children_than_are_asked_at_once_are_all_there():
    INSTANCE.write("many.spc", "".join(example(f"m_{number}", number) for number in range(60))
                   + aggregator("many", "example", ["m_*"]))
    INSTANCE.wait_state("many", "ready")
    assert INSTANCE.rows("select count(*), count(distinct sp_connection_name) from many.example_numbers") == [
        (60 * 59 // 2, 59)]
    INSTANCE.remove("many.spc")
    INSTANCE.wait_state("many", None)


def a_lazy_one_is_ready_without_tables_and_gets_them_when_asked_for():
    INSTANCE.write("idle.spc", aggregator("idle", "csv", ["area_*"], '  import_schema = "lazy"\n'))
    INSTANCE.wait_state("idle", "ready")
    of_idle = "select imported, table_count from connection_state where connection_name = 'idle'"
    [[imported, count]] = INSTANCE.rows(of_idle)
    assert not imported and count > 0, (imported, count)
    on_offer = "select table_name, is_imported from penstock.table where connection = 'idle' order by 1"
    # What the children offer by now, the table of an earlier test included.
    of_everywhere = INSTANCE.rows("select table_name from penstock.table where connection = 'everywhere' order by 1")
    assert INSTANCE.rows(on_offer) == [(name, False) for (name,) in of_everywhere]
    INSTANCE.rows("select penstock.load('idle')")
    INSTANCE.wait_for(lambda: INSTANCE.rows(of_idle), lambda rows: rows == [(True, count)], "the tables")
    assert INSTANCE.rows(on_offer) == [(name, True) for (name,) in of_everywhere]
    assert INSTANCE.rows("select count(*) from idle.people") == INSTANCE.rows("select count(*) from everywhere.people")
    INSTANCE.remove("idle.spc")
    INSTANCE.wait_state("idle", None)


def it_survives_a_killed_plugin():
    (pid,), = INSTANCE.rows("select pid from penstock.plugin where instance = 'example'")
    os.kill(pid, 9)
    INSTANCE.wait_for(
        lambda: INSTANCE.rows("select pid, state from penstock.plugin where instance = 'example'"),
        lambda rows: rows and rows[0][0] != pid and rows[0][1] == "running", "a new process of the plugin")
    assert INSTANCE.rows("select count(*) from numbers.example_numbers") == [(1017,)]


with penstock.Instance() as INSTANCE:
    setup()
    penstock.run_tests([
        the_row_says_what_it_is_made_of, tables_and_columns_are_the_union, a_column_of_two_types_is_jsonb,
        a_condition_on_a_column_that_some_lack_is_answered_by_those_that_have_it,
        counts_are_those_of_all_children_also_of_a_disabled_one, every_type_passes_through,
        a_required_key_is_still_required, a_broken_child_fails_the_query_or_is_warned_of,
        children_that_the_condition_rules_out_are_not_asked,
        a_child_that_comes_or_goes_touches_the_aggregator_only,
        a_child_that_changes_its_tables_changes_the_aggregators,
        a_child_without_its_files_keeps_a_strict_aggregator_from_becoming_ready,
        a_pattern_that_matches_nothing_is_a_warning, more_children_than_are_asked_at_once_are_all_there,
        a_lazy_one_is_ready_without_tables_and_gets_them_when_asked_for,
        it_survives_a_killed_plugin])
