#!/usr/bin/python3
"""`penstock query` with many statements and files, search paths and bad input; `penstock connection wait`."""

import os
import signal
import subprocess
import time

import fake_plugin
import penstock

EXAMPLE = 'connection "{0}" {{\n  plugin = "example"\n  rows = {1}\n}}\n'
GATED = 'connection "{0}" {{\n  plugin = "gated"\n  tables = 1\n  gate = "{1}"\n}}\n'
BAD = 'connection "bad" {\n  plugin = "gated"\n  tabels = 1\n}\n'
BAD_TEXT = 'unknown argument "tabels" (bad.spc:3). Valid arguments are: tables, columns, delay_ms, version, gate.'


def query(*arguments, **options):
    done = INSTANCE.cli("query", "--output", "csv", *arguments, **options)
    return done.returncode, done.stdout, done.stderr


def script(name, text, mode=0o644):
    return INSTANCE.write(name, text, folder="files", mode=mode)


def gate(name):
    return INSTANCE.path("files", name + ".gate")


def open_gate(name):
    script(name + ".gate", "")


class Connection:
    """A connection for one test."""

    def __init__(self, name, text, *states):
        self.name, self.text, self.states = name, text, states

    def __enter__(self):
        INSTANCE.write(self.name + ".spc", self.text)
        INSTANCE.wait_for(lambda: INSTANCE.state(self.name), lambda row: row is not None and row[0] in self.states,
                          f"{self.name} in {self.states}")

    def __exit__(self, *_):
        open_gate(self.name)
        INSTANCE.remove(self.name + ".spc")
        INSTANCE.wait_state(self.name, None)
        os.unlink(gate(self.name))


def loading(name="slow"):
    return Connection(name, GATED.format(name, gate(name)), "pending", "updating")


def in_error():
    return Connection("bad", BAD, "error")


def start(*arguments):
    earlier = waiting_sessions()
    process = subprocess.Popen([penstock.PENSTOCK, *arguments], env=INSTANCE.environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.earlier = earlier
    return process


def waiting_sessions():
    """Of programs that have looked at the controller, which they do before they sleep. They outlive their program."""
    return set(INSTANCE.rows("select pid from pg_stat_activity where application_name = 'penstock' and state = 'idle' "
                             "and query like 'select exists (select from pg_catalog.pg_locks%%'"))


def until_waiting(process):
    penstock.wait_until(lambda: waiting_sessions() - process.earlier or process.poll() is not None, "a waiting session", 20)
    assert process.poll() is None, process.communicate()
    return process


def end(process):
    out, error = process.communicate(timeout=30)
    return process.returncode, out, error


# -- many statements


def statements_and_files_run_in_order_each_with_its_own_result():
    first, second = script("1.sql", "select 1 as a;\nselect 2 as b"), script("2.sql", "select 4 as d;\n")
    assert query(first, "select 3 as c", second) == (0, "a\n1\nb\n2\nc\n3\nd\n4\n", "4 statements: 4 succeeded\n")


def failed_statements_keep_their_place_and_decide_the_exit_code():
    file = script("fails.sql", "select 1 as a;\n\nselect 1/0;\nselect 2 as b;")
    assert query(file, "select 1/0", "select 3 as c") == (
        1, "a\n1\nb\n2\nc\n3\n", f"{file}:3: ERROR:  division by zero\nstatement 4: ERROR:  division by zero\n"
        "5 statements: 3 succeeded, 2 failed\n")
    assert query("select 1 as a", "select 1/0") == (1, "a\n1\n", "statement 2: ERROR:  division by zero\n"
                                                    "2 statements: 1 succeeded, 1 failed\n")


def stop_on_error_runs_nothing_after_the_first_failure():
    assert query("--stop-on-error", "select 1 as a", "select 1/0", "select 3 as c", "select 4 as d") == (
        1, "a\n1\n", "statement 2: ERROR:  division by zero\n4 statements: 1 succeeded, 1 failed, 2 not completed\n")


def control_c_ends_the_batch_and_reaches_the_plugin_within_a_second():
    penstock.within(1, interrupt_a_batch)


def interrupt_a_batch():
    with fake_plugin.silent_table(INSTANCE) as plugin:
        process = start("query", "--output", "csv", "select 1 as a", "select v from fake.t", "select 3 as c")
        assert plugin.connected.wait(10)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert plugin.hung_up.wait(10), "the plugin was not told"
        assert end(process) == (130, "a\n1\n", "statement 2: ERROR:  canceling statement due to user request\n"
                                "3 statements: 1 succeeded, 2 not completed\npenstock: interrupted\n")
        return time.monotonic() - began


def a_transaction_block_that_was_not_ended_is_said_to_be_lost():
    lost = "WARNING:  the last transaction block was not ended, so nothing of it is kept\nHINT:  End it with COMMIT.\n"
    assert query("begin", "select 1 as a") == (0, "a\n1\n", lost + "2 statements: 2 succeeded\n")
    assert query("begin", "select 1 as a", "commit") == (0, "a\n1\n", "3 statements: 3 succeeded\n")
    assert query("begin", "select 1/0") == (1, "", "statement 2: ERROR:  division by zero\n2 statements: 1 succeeded, 1 failed\n")


# -- search path


def a_search_path_decides_what_names_without_a_schema_mean():
    sql = "select count(*) from example_numbers"
    assert query(sql)[1] == "count\n3\n"
    assert query("--search-path", "two, one", sql) == (0, "count\n5\n", "")
    assert query("--search-path-prefix", "two", sql) == (0, "count\n5\n", "")
    assert query("--search-path", "one", "--search-path-prefix", "two", sql) == (0, "count\n5\n", "")


def penstock_stays_on_the_path():
    sql = "select count(*) > 0 as found from connection_state"
    assert query("--search-path", "two", sql) == (0, "found\nt\n", "")
    for given, path in (("two", "{two,penstock}"), ("penstock,two", "{penstock,two}")):
        assert query("--search-path", given, "select current_schemas(false) as path")[1] == f'path\n"{path}"\n'


def names_of_a_search_path_are_quoted():
    INSTANCE.superuser("""create schema "a, ""b"" ; drop"; grant usage on schema "a, ""b"" ; drop" to penstock_users""")
    assert query("--search-path", '"a, ""b"" ; drop",one', "select count(*) from example_numbers") == (0, "count\n3\n", "")


def an_unknown_name_of_a_search_path_is_a_wrong_argument():
    assert query("--search-path", "one,tow", "select 1") == (
        2, "", 'penstock: schema "tow" of the search path does not exist\nHINT:  Did you mean "two"?\n')
    for bad in ("one,", '"one'):
        code, out, error = query("--search-path", bad, "select 1")
        assert (code, out) == (2, "") and "HINT:  Give names separated by commas" in error, error


def the_connections_of_a_search_path_are_waited_for_before_the_first_statement():
    with loading():
        process = until_waiting(start("query", "--output", "csv", "--search-path", "slow,one", "select 1 as a"))
        open_gate("slow")
        assert end(process) == (0, "a\n1\n", "")
    with loading():
        assert query("select 1 as a") == (0, "a\n1\n", ""), "the server's own path is not waited for"


def the_error_of_a_deciding_connection_of_the_search_path_comes_at_once():
    with in_error(), loading():
        INSTANCE.superuser("set role penstock_owner; create schema if not exists bad")
        INSTANCE.superuser("grant usage on schema bad to penstock_users")
        assert query("--search-path", "bad,slow", "select 1") == (
            1, "", f'penstock: connection "bad" is in error: {BAD_TEXT}\n'
            "HINT:  When the reason is gone, try it again with: penstock connection refresh bad\n")


# -- bad input


def files_that_cannot_be_read_run_nothing():
    folder, missing = INSTANCE.path("files", "folder.sql"), INSTANCE.path("files", "missing.sql")
    os.makedirs(folder, exist_ok=True)
    for path, reason in ((missing, f'could not open file "{missing}": No such file or directory'),
                         (folder, f'could not read file "{folder}": Is a directory')):
        assert query("select 1 as a", path) == (1, "", f"penstock: {reason}\n")
    descriptor = os.open(folder, os.O_RDONLY)
    assert query("-", stdin=descriptor) == (1, "", "penstock: could not read standard input: Is a directory\n")
    os.close(descriptor)


def what_holds_no_statement_is_named_and_is_no_failure():
    empty, comment = script("empty.sql", ""), script("comment.sql", "-- nothing\n/* to run */ ;\n")
    assert query(empty, "select 1 as a", comment) == (
        0, "a\n1\n", f"penstock: there is no statement in {empty}\npenstock: there is no statement in {comment}\n")
    assert query("") == (0, "", "penstock: there is no statement in the SQL given\n")
    assert query("-") == (0, "", "penstock: there is no statement in standard input\n")


def a_statement_of_ten_megabytes_runs():
    text = "x" * 10_000_000
    one_line = script("long.sql", f"select length('{text}') as n;")
    lines = script("lines.sql", "select length('" + "x" * 99 + "\n" * 1 + ("y" * 99 + "\n") * 100_000 + "') as n;")
    began = time.monotonic()
    assert query(one_line) == (0, "n\n10000000\n", "")
    assert query(lines) == (0, "n\n10000100\n", "")
    code, out, error = query(script("long_error.sql", f"select nosuch, '{text}'"))
    assert (code, out) == (1, "") and 'column "nosuch" does not exist' in error and len(error) < 1000, error[:1000]
    assert time.monotonic() - began < 20


def broken_text_is_named_with_its_line_and_runs_nothing():
    for name, content, byte in (("latin1.sql", b"select 1;\nselect 'K\xf6ln';\n", "f6"), ("nul.sql", b"select 1;\nselect\0", "00")):
        path = script(name, content)
        assert query("select 1 as a", path) == (
            1, "", f"penstock: {path}: line 2: the SQL text is no UTF-8: byte 0x{byte}\n"
            "HINT:  Nothing was run. Save the text as UTF-8 without NUL bytes.\n")


def output_that_cannot_be_written_is_a_failure():
    for output in ("csv", "json", "ndjson", "table"):
        with open("/dev/full", "w") as full:
            done = subprocess.run([penstock.PENSTOCK, "query", "--output", output, "select 1 as a"],
                                  env=INSTANCE.environment, stdin=subprocess.DEVNULL, stdout=full,
                                  stderr=subprocess.PIPE, text=True)
        assert (done.returncode, done.stderr) == (
            1, "penstock: could not write the output: No space left on device\n"), (output, done)


def a_wrong_duration_is_a_wrong_argument():
    for command in (("query", "--wait-timeout", "soon", "select 1"), ("connection", "wait", "--timeout", "soon")):
        done = INSTANCE.cli(*command)
        assert (done.returncode, done.stdout, done.stderr) == (
            2, "", 'penstock: invalid duration "soon"\n'
            "HINT:  Give a number with a unit, at most a day: 500ms, 30s, 2m or 1h.\n"), done


# -- penstock connection wait


def wait(*arguments):
    done = INSTANCE.cli("connection", "wait", *arguments)
    return done.returncode, done.stdout, done.stderr


def connection_wait_ends_when_all_are_ready():
    assert wait() == (0, "", "") and wait("one", "two") == (0, "", "")
    with loading():
        process = until_waiting(start("connection", "wait", "slow", "one"))
        open_gate("slow")
        assert end(process) == (0, "", "")


def connection_wait_does_not_count_disabled_ones():
    with Connection("off", EXAMPLE.format("off", 1).replace("rows", 'import_schema = "disabled"\n  rows'), "disabled"):
        assert wait() == (0, "", "") and wait("off") == (0, "", "")


def connection_wait_says_the_state_of_each_when_one_is_in_error():
    with in_error():
        assert wait() == (1, "", f"bad: error: {BAD_TEXT}\n")
        assert wait("one", "bad") == (1, "", f"bad: error: {BAD_TEXT}\none: ready\n")
        assert wait("one") == (0, "", "")


def connection_wait_says_the_state_of_each_at_its_deadline():
    with loading():
        state = INSTANCE.state("slow")[0]
        assert wait("--timeout", "200ms") == (1, "", f"slow: {state}\n")
        assert wait("slow", "two", "--timeout", "0") == (1, "", f"slow: {state}\ntwo: ready\n")


def connection_wait_knows_what_an_unknown_name_may_mean():
    assert wait("tow") == (2, "", 'penstock: connection "tow" does not exist\nHINT:  Did you mean "two"?\n')
    assert wait("one", "zzzzzz") == (2, "", 'penstock: connection "zzzzzz" does not exist\n'
                                     'HINT:  The connections are: "one", "two".\n')


def connection_wait_ends_by_control_c():
    def attempt():
        process = until_waiting(start("connection", "wait", "slow"))
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert end(process) == (130, "", "penstock: interrupted\n")
        return time.monotonic() - began

    with loading():
        penstock.within(1, attempt)


INSTANCE = penstock.Instance({"one.spc": EXAMPLE.format("one", 3), "two.spc": EXAMPLE.format("two", 5)})
script("empty", "")
with INSTANCE:
    penstock.run_tests([
        statements_and_files_run_in_order_each_with_its_own_result,
        failed_statements_keep_their_place_and_decide_the_exit_code,
        stop_on_error_runs_nothing_after_the_first_failure,
        control_c_ends_the_batch_and_reaches_the_plugin_within_a_second,
        a_transaction_block_that_was_not_ended_is_said_to_be_lost,
        a_search_path_decides_what_names_without_a_schema_mean,
        penstock_stays_on_the_path,
        names_of_a_search_path_are_quoted,
        an_unknown_name_of_a_search_path_is_a_wrong_argument,
        the_connections_of_a_search_path_are_waited_for_before_the_first_statement,
        the_error_of_a_deciding_connection_of_the_search_path_comes_at_once,
        files_that_cannot_be_read_run_nothing,
        what_holds_no_statement_is_named_and_is_no_failure,
        a_statement_of_ten_megabytes_runs,
        broken_text_is_named_with_its_line_and_runs_nothing,
        output_that_cannot_be_written_is_a_failure,
        a_wrong_duration_is_a_wrong_argument,
        connection_wait_ends_when_all_are_ready,
        connection_wait_does_not_count_disabled_ones,
        connection_wait_says_the_state_of_each_when_one_is_in_error,
        connection_wait_says_the_state_of_each_at_its_deadline,
        connection_wait_knows_what_an_unknown_name_may_mean,
        connection_wait_ends_by_control_c,
    ])
