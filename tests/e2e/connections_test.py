#!/usr/bin/python3
"""The configuration folder is the only command: what is written there shows in connection_state, its
notifications and the schemas, and a mistake in one file touches nothing else."""

import os
import stat

import penstock

BASE = 'connection "base" {\n  plugin = "example"\n  rows = 10\n}\n'


def example(name, rows=10):
    return f'connection "{name}" {{\n  plugin = "example"\n  rows = {rows}\n}}\n'


def csv(name, *patterns):
    paths = ", ".join(f'"{INSTANCE.path("files", pattern)}"' for pattern in patterns)
    return f'connection "{name}" {{\n  plugin = "csv"\n  paths = [{paths}]\n}}\n'


def put(name, text):
    return INSTANCE.write(name, text, folder="files", mode=0o644)


def schema_exists(name):
    return INSTANCE.rows("select count(*) from pg_namespace where nspname = %s", name) == [(1,)]


def columns(schema, table):
    return INSTANCE.rows("select column_name, type from penstock.column where connection = %s and "
                         "table_name = %s order by position", schema, table)


def config_file(name):
    rows = INSTANCE.rows("select state, line, error from penstock.config_file where path = %s",
                         INSTANCE.path("config", name))
    return rows[0] if rows else None


def wait_config_file(name, state):
    INSTANCE.wait_for(lambda: config_file(name), lambda seen: seen and seen[0] == state, f"{name} {state}")
    return config_file(name)


def forget(file, *connections):
    """Empties a file and waits until its connections are gone, so that tests do not meet. Then removes
    it, which is believed at once: it defines nothing."""
    INSTANCE.write(file, "# nothing\n")
    for name in connections:
        INSTANCE.wait_state(name, None)
    INSTANCE.remove(file)


NEW = [(None, "pending"), ("pending", "updating"), ("updating", "ready")]
CHANGED = [("ready", "updating"), ("updating", "ready")]
GONE = [("ready", "deleting"), ("deleting", None)]


def a_new_block_a_change_and_its_removal_show_by_themselves():
    listener = penstock.Listener(INSTANCE)
    INSTANCE.write("one.spc", example("fresh", 5) + example("stays", 7))
    assert listener.transitions("fresh", "ready") == NEW
    assert listener.transitions("stays", "ready") == NEW
    assert INSTANCE.rows("select count(*) from fresh.example_numbers") == [(5,)]

    INSTANCE.write("one.spc", example("fresh", 6) + example("stays", 7))
    assert listener.transitions("fresh", "ready") == CHANGED
    assert INSTANCE.rows("select count(*) from fresh.example_numbers") == [(6,)]

    INSTANCE.write("one.spc", example("stays", 7))
    assert listener.transitions("fresh", None) == GONE
    assert INSTANCE.state("fresh") is None and not schema_exists("fresh")
    assert listener.pending() == [], "connections that nobody touched"

    INSTANCE.remove("one.spc")  # a deleted file is believed after 2 s
    assert listener.transitions("stays", None) == GONE
    assert not schema_exists("stays") and config_file("one.spc") is None
    assert listener.pending() == []


def a_renamed_connection_is_a_new_one_and_a_renamed_file_changes_nothing():
    listener = penstock.Listener(INSTANCE)
    INSTANCE.write("name.spc", example("before"))
    assert listener.transitions("before", "ready") == NEW
    INSTANCE.write("name.spc", example("after"))
    assert listener.transitions("after", "ready") == NEW
    assert listener.transitions("before", None) == GONE
    assert not schema_exists("before") and schema_exists("after")

    os.rename(INSTANCE.path("config", "name.spc"), INSTANCE.path("config", "other.spc"))
    INSTANCE.wait_for(lambda: INSTANCE.rows("select file_name from connection_state where connection_name = 'after'"),
                      lambda seen: seen == [(INSTANCE.path("config", "other.spc"),)], "the new file name")
    assert listener.pending() == [], "the file's name is no part of a connection"
    forget("other.spc", "after")


def a_syntax_error_touches_its_own_file_only_and_says_where():
    listener = penstock.Listener(INSTANCE)
    INSTANCE.write("broken.spc", example("victim", 3))
    assert listener.transitions("victim", "ready") == NEW
    INSTANCE.write("broken.spc", 'connection "victim" {\n  plugin = "example"\n  rows = = 4\n}\n')
    state, line, error = wait_config_file("broken.spc", "error")
    assert line == 3 and "broken.spc:3:10" in error, (line, error)
    assert INSTANCE.rows("select state from connection_state where connection_name in ('victim', 'base')") \
        == [("ready",), ("ready",)]
    assert INSTANCE.rows("select count(*) from victim.example_numbers") == [(3,)], "the last good version"
    assert listener.pending() == []

    INSTANCE.write("broken.spc", example("victim", 4))
    assert listener.transitions("victim", "ready") == CHANGED
    assert wait_config_file("broken.spc", "ok") == ("ok", None, None)
    assert INSTANCE.rows("select count(*) from victim.example_numbers") == [(4,)]
    forget("broken.spc", "victim")


def a_folder_that_is_away_for_a_while_changes_nothing():
    listener = penstock.Listener(INSTANCE)
    folder = INSTANCE.path("config")
    os.rename(folder, folder + ".away")
    error = INSTANCE.wait_for(
        lambda: INSTANCE.rows("select error from penstock.config_file where path = %s and state = 'error'", folder),
        lambda rows: len(rows) == 1, "the error of the folder")[0][0]
    assert error == (f'could not list folder "{folder}": No such file or directory (config). '
                     "All connections stay as they were until it can be listed again."), error
    assert INSTANCE.rows("select count(*) from base.example_numbers") == [(10,)]
    os.rename(folder + ".away", folder)
    INSTANCE.wait_for(lambda: INSTANCE.rows("select path, state from penstock.config_file"),
                      lambda rows: rows == [(os.path.join(folder, "base.spc"), "ok")], "the folder")
    INSTANCE.write("back.spc", example("back"))
    assert listener.transitions("back", "ready") == NEW, "the folder is watched again"
    assert listener.pending() == []
    forget("back.spc", "back")


def a_restart_with_a_broken_file_deletes_nothing():
    INSTANCE.write("restart.spc", example("kept", 3))
    INSTANCE.wait_state("kept", "ready")
    with open(INSTANCE.path("internal", "config.key"), "rb") as file:
        key = file.read()
    hashes = "select connection_name, config_hash from connection_state order by 1"
    before = INSTANCE.rows(hashes)
    INSTANCE.stop()
    INSTANCE.write("restart.spc", 'connection "kept" {')
    INSTANCE.start()
    error = INSTANCE.wait_state("kept", "error")
    assert "restart.spc:1" in error, error
    assert schema_exists("kept")
    assert INSTANCE.rows("select count(*) from penstock.table where connection = 'kept'")[0][0] > 0
    listener = penstock.Listener(INSTANCE)
    INSTANCE.write("restart.spc", example("kept", 3))
    assert listener.transitions("kept", "ready") == [("error", "updating"), ("updating", "ready")]
    with open(INSTANCE.path("internal", "config.key"), "rb") as file:
        assert file.read() == key and len(key) == 16
    assert stat.S_IMODE(os.stat(INSTANCE.path("internal", "config.key")).st_mode) == 0o600
    assert INSTANCE.rows(hashes) == before, (INSTANCE.rows(hashes), before)
    forget("restart.spc", "kept")


def a_view_survives_a_refresh_and_holds_what_it_needs_of_a_removed_connection():
    user = INSTANCE.service_environment()["PGUSER"]
    INSTANCE.superuser(f"create schema mine authorization {user}")
    put("held.csv", "a,b\n1,x\n")
    listener = penstock.Listener(INSTANCE)
    INSTANCE.write("held.spc", csv("held", "held.csv"))
    assert listener.transitions("held", "ready") == NEW
    INSTANCE.rows("create view mine.seen as select a, b from held.held")
    put("held.csv", "a,b,c\n1,x,2020-01-01\n2,y,2020-01-02\n")
    assert listener.transitions("held", "ready") == CHANGED
    assert columns("held", "held") == [("a", "bigint"), ("b", "text"), ("c", "date")]
    assert INSTANCE.rows("select * from mine.seen order by a") == [(1, "x"), (2, "y")]

    INSTANCE.remove("held.spc")
    assert listener.transitions("held", "deleting") == GONE[:1]
    state, error = INSTANCE.wait_for(
        lambda: (lambda row: (row, row and row[1]))(INSTANCE.state("held")),
        lambda seen: seen[1] is not None, "the reason why the schema is kept") and INSTANCE.state("held")
    assert state == "deleting" and "view mine.seen" in error, (state, error)
    assert schema_exists("held")
    INSTANCE.rows("drop view mine.seen")
    assert listener.transitions("held", None) == GONE[1:]
    assert not schema_exists("held")


def csv_files_that_appear_change_and_vanish_change_the_schema():
    put("first.csv", "id,word\n1,one\n")
    listener = penstock.Listener(INSTANCE)
    INSTANCE.write("files.spc", csv("files", "*.csv"))
    assert listener.transitions("files", "ready") == NEW
    assert columns("files", "first") == [("id", "bigint"), ("word", "text")]

    put("second.csv", "when\n2024-02-29\n")
    assert listener.transitions("files", "ready") == CHANGED
    assert columns("files", "second") == [("when", "date")]
    assert INSTANCE.rows("select * from files.first") == [(1, "one")]

    put("first.csv", "id,word,price\n1,one,2.5\n")
    assert listener.transitions("files", "ready") == CHANGED
    assert INSTANCE.rows("select id, word, price from files.first") == [(1, "one", 2.5)]

    INSTANCE.remove("second.csv", folder="files")
    assert listener.transitions("files", "ready") == CHANGED
    assert columns("files", "second") == []
    assert INSTANCE.error("select * from files.second").pgcode == "42P01"
    forget("files.spc", "files")


def two_connections_of_one_plugin_share_one_process():
    put("left.csv", "l\n1\n")
    put("right.csv", "r\n2\n3\n")
    INSTANCE.write("pair.spc", csv("left_one", "left.csv") + csv("right_one", "right.csv"))
    INSTANCE.wait_state("left_one", "ready")
    INSTANCE.wait_state("right_one", "ready")
    assert len(INSTANCE.processes("--name csv")) == 1
    assert INSTANCE.rows("select l from left_one.left") == [(1,)]
    assert INSTANCE.rows("select r from right_one.right order by 1") == [(2,), (3,)]
    forget("pair.spc", "left_one", "right_one")
    INSTANCE.wait_for(lambda: INSTANCE.processes("--name csv"), lambda seen: seen == [], "the end of the csv plugin")


def a_disabled_connection_keeps_its_row_and_loses_its_schema():
    listener = penstock.Listener(INSTANCE)
    block = 'connection "off" {{\n  plugin = "example"\n  import_schema = "{}"\n}}\n'
    INSTANCE.write("off.spc", block.format("enabled"))
    assert listener.transitions("off", "ready") == NEW
    INSTANCE.write("off.spc", block.format("disabled"))
    assert listener.transitions("off", "disabled") == [("ready", "disabled")]
    assert not schema_exists("off")
    INSTANCE.write("off.spc", block.format("enabled"))
    assert listener.transitions("off", "ready") == [("disabled", "pending")] + NEW[1:]
    forget("off.spc", "off")


def a_row_says_when_the_executable_was_made_that_its_schema_comes_from():
    made = os.stat(os.path.join(penstock.STAGE, "lib", "penstock", "plugins", "example")).st_mtime_ns // 1000
    lazy = 'connection "idle" {\n  plugin = "example"\n  import_schema = "lazy"\n}\n'
    INSTANCE.write("idle.spc", lazy)
    INSTANCE.wait_state("idle", "ready")
    assert INSTANCE.rows("""select connection_name, (extract(epoch from plugin_mod_time) * 1000000)::int8
        from connection_state order by 1""") == [("base", made), ("idle", made)]
    forget("idle.spc", "idle")


def a_server_goes_with_its_plugin_instance():
    servers, before = "select srvname::text from pg_foreign_server order by 1", [("example",)]
    penstock.wait_until(lambda: INSTANCE.rows(servers) == before, "the servers of the tests before to go")
    INSTANCE.write("other.spc", 'plugin "other" {\n  source = "example"\n}\n'
                   'connection "on_other" {\n  plugin = plugin.other\n}\n')
    INSTANCE.wait_state("on_other", "ready")
    # "base" moves to the one instance that is configured, so the server it had may be gone already.
    assert ("other",) in INSTANCE.rows(servers), INSTANCE.rows(servers)
    forget("other.spc", "on_other")
    penstock.wait_until(lambda: INSTANCE.rows(servers) == before, "the server to go")


def a_server_goes_however_late_its_last_tables_move():
    """What is of no use any more is removed once nothing is under way: tables may be about to move, and not be moving yet."""
    servers = "select srvname::text from pg_foreign_server where srvname <> 'example' order by 1"
    text = ('plugin "one" {{\n  source = "many"\n}}\nplugin "two" {{\n  source = "many"\n}}\n'
            'connection "stays" {{\n  plugin = plugin.one\n  tables = 2\n  columns = 2\n}}\n'
            'connection "moves" {{\n  plugin = plugin.{}\n  tables = 2\n  columns = 2\n}}\n')
    INSTANCE.write("servers.spc", text.format("two"))
    INSTANCE.wait_state("stays", "ready")
    INSTANCE.wait_state("moves", "ready")
    INSTANCE.superuser("grant truncate on penstock.config_file to penstock_users")
    lock = INSTANCE.connect(autocommit=False)
    lock.cursor().execute("lock table penstock.config_file in share mode")  # holds up what comes before the removal
    INSTANCE.write("servers.spc", text.format("one"))
    INSTANCE.wait_for(lambda: INSTANCE.processes("--name two"), lambda seen: seen == [], "the end of the plugin that has no use")
    lock.rollback()
    INSTANCE.superuser("revoke truncate on penstock.config_file from penstock_users")
    # By itself it looks again after a minute.
    INSTANCE.wait_for(lambda: INSTANCE.rows(servers), lambda rows: rows == [("one",)], "the server to go", 20)
    forget("servers.spc", "stays", "moves")


def tables_that_memory_max_mb_has_no_room_for_are_an_error_until_they_have():
    text = ('plugin "tight" {{\n  source = "many"\n  memory_max_mb = 100\n}}\n'
            'connection "tight" {{\n  plugin = plugin.tight\n  tables = {}\n  columns = 500\n}}\n')
    INSTANCE.write("tight.spc", text.format(100_000))
    error = INSTANCE.wait_state("tight", "error")
    assert "out of memory" in error, error
    INSTANCE.write("tight.spc", text.format(2))
    INSTANCE.wait_state("tight", "ready")
    assert INSTANCE.rows("select count(*) from tight.many_1") == [(0,)]
    forget("tight.spc", "tight")


def refresh_by_hand_says_how_it_went():
    done = INSTANCE.cli("connection", "refresh", "base")
    assert (done.returncode, done.stdout) == (0, "base: ready\n"), done
    done = INSTANCE.cli("connection", "refresh")
    assert done.returncode == 0 and "base: ready\n" in done.stdout, done
    done = INSTANCE.cli("connection", "refresh", "nosuch")
    assert done.returncode == 1, done
    assert done.stderr == ('penstock: connection "nosuch" does not exist\n'
                           'HINT:  Connections, the first 20 by name: "base".\n'), done.stderr


def schemas_and_states_are_as_configured_at_the_end():
    assert INSTANCE.rows("select connection_name, state from connection_state") == [("base", "ready")]
    assert INSTANCE.rows("select schema_name::text from penstock.live_schema where is_ours") == [("base",)]


with penstock.Instance({"base.spc": BASE}) as INSTANCE:
    penstock.run_tests([
        a_new_block_a_change_and_its_removal_show_by_themselves,
        a_renamed_connection_is_a_new_one_and_a_renamed_file_changes_nothing,
        a_syntax_error_touches_its_own_file_only_and_says_where,
        a_folder_that_is_away_for_a_while_changes_nothing,
        a_restart_with_a_broken_file_deletes_nothing,
        a_view_survives_a_refresh_and_holds_what_it_needs_of_a_removed_connection,
        csv_files_that_appear_change_and_vanish_change_the_schema,
        two_connections_of_one_plugin_share_one_process,
        a_disabled_connection_keeps_its_row_and_loses_its_schema,
        a_row_says_when_the_executable_was_made_that_its_schema_comes_from,
        a_server_goes_with_its_plugin_instance,
        a_server_goes_however_late_its_last_tables_move,
        tables_that_memory_max_mb_has_no_room_for_are_an_error_until_they_have,
        refresh_by_hand_says_how_it_went,
        schemas_and_states_are_as_configured_at_the_end,
    ])
