#!/usr/bin/python3
"""import_schema = "lazy": the schema stays empty until somebody asks for its tables, and keeps them then."""

import penstock

TABLES = "select count(*) from pg_foreign_table t join pg_class c on c.oid = t.ftrelid where c.relnamespace::regnamespace::text = %s"


def connection(name, rows=10, import_schema="lazy"):
    return (f'connection "{name}" {{\n  plugin = "example"\n  import_schema = "{import_schema}"\n'
            f"  rows = {rows}\n}}\n")


def tables(instance, name):
    [[count]] = instance.rows(TABLES, name)
    return count


def row(instance, name):
    [row] = instance.rows("""select state, imported, table_count > 0, comments_set from connection_state
        where connection_name = %s""", name)
    return row


def load(instance, name):
    instance.rows("select penstock.load(%s)", name)
    instance.wait_for(lambda: row(instance, name), lambda seen: seen[0] == "ready" and seen[1], f"{name} loaded")


def a_lazy_connection_is_ready_without_tables():
    with penstock.Instance({"a.spc": connection("a") + connection("b", import_schema="enabled")}) as instance:
        instance.wait_state("a", "ready")
        assert row(instance, "a") == ("ready", False, True, True), row(instance, "a")
        assert tables(instance, "a") == 0 and tables(instance, "b") > 0


def its_tables_come_when_asked_for_and_stay():
    with penstock.Instance({"a.spc": connection("a") + connection("b")}) as instance:
        instance.wait_state("a", "ready")
        load(instance, "a")
        assert instance.rows("select count(*) from a.example_numbers") == [(10,)]
        assert tables(instance, "b") == 0
        count = tables(instance, "a")
        instance.write("a.spc", connection("a", 20) + connection("b", 20))
        instance.wait_for(lambda: instance.rows("select count(*) from a.example_numbers"),
                          lambda seen: seen == [(20,)], "the new argument in force")
        assert instance.cli("service", "restart", "--pg-bindir", penstock.pg_bindir()).returncode == 0
        instance.wait_state("a", "ready")
        assert tables(instance, "a") == count and tables(instance, "b") == 0


def what_is_on_offer_is_shown_once_made_or_not_and_goes_with_the_last_connection():
    on_offer = "select count(*) > 0, bool_and(is_offered), bool_or(is_imported) from penstock.{} where connection = %s"
    with penstock.Instance({"a.spc": connection("a") + connection("b")}) as instance:
        for name in "ab":
            instance.wait_state(name, "ready")
            assert instance.rows(on_offer.format("table"), name) == [(True, True, False)]
            assert instance.rows(on_offer.format("column"), name) == [(True, True, False)]
        copies = "select count(*) = count(distinct table_name), count(*) from penstock.offered_table"
        [[is_one_copy, count]] = instance.rows(copies)
        assert is_one_copy and count > 0, count
        load(instance, "a")
        made = "select bool_and(is_imported) from penstock.{} where connection = %s"
        assert instance.rows(made.format("table"), "a") == instance.rows(made.format("column"), "a") == [(True,)]
        live = instance.rows("""select a.attname::text, format_type(a.atttypid, a.atttypmod) from pg_attribute a
            where a.attrelid = 'a.example_types'::regclass and a.attnum > 0 order by a.attnum""")
        assert instance.rows("""select column_name, type from penstock.column where connection = 'b'
            and table_name = 'example_types' order by position""") == live
        instance.write("a.spc", connection("b"))
        instance.wait_state("a", None)
        assert instance.rows(copies) == [(True, count)]
        instance.write("a.spc", "")
        instance.wait_state("b", None)
        penstock.wait_until(lambda: instance.rows(copies) == [(True, 0)], "the offer to be forgotten")


def an_unknown_connection_has_nothing_to_load():
    with penstock.Instance({"a.spc": connection("a")}) as instance:
        assert instance.error("select penstock.load('nobody')").pgcode == "42704"


def a_table_made_in_its_schema_by_hand_goes():
    with penstock.Instance({"a.spc": connection("a")}) as instance:
        instance.wait_state("a", "ready")
        instance.superuser("set role penstock_owner; create foreign table a.mine (x int8) server example")
        instance.superuser("select penstock.refresh()")
        assert instance.cli("service", "restart", "--pg-bindir", penstock.pg_bindir()).returncode == 0
        instance.wait_for(lambda: tables(instance, "a"), lambda seen: seen == 0, "an empty schema")
        assert instance.wait_state("a", "ready") is None


def enabled_connections_past_the_limit_are_lazy():
    options = 'options "database" {\n  lazy_above_tables = 7\n}\n'
    with penstock.Instance({"a.spc": options + "".join(connection(name, 1, "enabled") for name in "abc")}) as instance:
        for name in "abc":
            instance.wait_state(name, "ready")
        # Which one is the first depends on whose offer came first.
        lazy = [name for name in "abc" if not row(instance, name)[1]]
        assert len(lazy) == 2, lazy
        load(instance, lazy[1])
        assert [row(instance, name)[1] for name in lazy] == [False, True]


penstock.run_tests([
    a_lazy_connection_is_ready_without_tables,
    its_tables_come_when_asked_for_and_stay,
    what_is_on_offer_is_shown_once_made_or_not_and_goes_with_the_last_connection,
    an_unknown_connection_has_nothing_to_load,
    a_table_made_in_its_schema_by_hand_goes,
    enabled_connections_past_the_limit_are_lazy,
])
