#!/usr/bin/python3
"""What `penstock query` prints, against psql and COPY on awkward values; pager; memory."""

import json
import os
import signal
import subprocess

import penstock
import terminal

# Each in a column of its own and under a name of its own.
AWKWARD = [
    "'plain'", "''", "null", "' leading'", "'trailing '", "'a,b'", "'say \"hi\"'", "e'two\\nlines'", "e'three\\n\\nlines\\n'",
    "e'tab\\there'", "e'cr\\rhere'", "e'crlf\\r\\nhere'", "e'bell\\x07'", "e'esc\\x1b[31m'", "e'del\\x7f'", "'日本語'",
    "'ｆｕｌｌ'", "'한글'", "U&'e\\0301te\\0301'", "U&'a\\0300\\0301\\0302b'", "U&'zero\\200Bwidth'", "U&'soft\\00ADhyphen'",
    "U&'\\0627\\0644\\0633\\0644\\0627\\0645'", "'👩‍👩‍👧‍👦 🇫🇷 👍🏽'", "U&'\\0085next'", "U&'bidi\\202Eabc'", "'\\'", "'\\N'", "'NULL'",
    "'a;b|c'", "repeat('long ', 60)", "'{\"a\": [1, 2]}'::jsonb", "e'{\"a\":\\n1}'::json", "array['x', null, 'y,z']",
    "1.10::numeric(10,2)", "'NaN'::float8", "1e20::float8", "12345678901234567890.123456789::numeric", "true",
    "'2024-02-29 12:00:00.5+00'::timestamptz", "'1 mon -2 days'::interval", "'\\x00ff'::bytea", "B'101'", "point(1,2)",
]


def queries():
    """One value alone, all in a row, all in a column between others, and odd names and shapes."""
    for value in AWKWARD:
        yield f"select {value} as v, 1 as n"
    yield "select " + ", ".join(f"{value} as c{number}" for number, value in enumerate(AWKWARD))
    yield "select * from (values " + ", ".join(f"({n}, ({v})::text, {n} * 1.5)" for n, v in enumerate(AWKWARD)) + ") t(id, v, x)"
    yield 'select 1 as "日本", 2 as "two\nlines", 3 as "a b", 4 as "a,b", 5 as "say ""hi""", 6 as a, 7 as a'
    yield "select 1 as a where false"
    yield "select"
    yield "select from generate_series(1, 3)"
    yield "select n, repeat('x', n) as x from generate_series(1, 30) n"


def printed_by(command, **environment):
    """Its bytes, as they are: line ends are part of the values."""
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, env={**INSTANCE.environment, **environment})
    assert (done.returncode, done.stderr) == (0, b""), done
    return done.stdout.decode()


def query(sql, *arguments):
    return printed_by([penstock.PENSTOCK, "query", sql, *arguments])


def psql(*arguments):
    """psql without a psqlrc and with its own formats."""
    return printed_by([os.path.join(penstock.pg_bindir(), "psql"), "-X", *arguments],
                      **INSTANCE.service_environment(), PGCLIENTENCODING="UTF8")


def same(ours, theirs, sql):
    assert ours == theirs, f"{sql}\n--- ours\n{ours!r}\n--- psql\n{theirs!r}"


def tables_and_lines_are_those_of_psql():
    for sql in queries():
        same(query(sql), psql("-c", sql), sql)
        same(query(sql, "--no-header"), psql("-t", "-c", sql), sql)
        same(query(sql, "--output", "line"), psql("-x", "-c", sql), sql)


def csv_is_that_of_copy_and_of_psql_where_psql_tells_null_from_empty():
    for sql in queries():
        if not sql.removeprefix("select").strip() or sql.startswith("select from"):
            continue # COPY cannot do without columns
        ours = query(sql, "--output", "csv")
        same(ours, psql("-c", f"copy ({sql}) to stdout (format csv, header)"), sql)
        # An empty string is "" here and in COPY, and nothing, as NULL, in psql.
        if "''" not in sql:
            same(ours, psql("--csv", "-c", sql), sql)


def json_and_ndjson_keep_every_value():
    for sql in queries():
        document = json.loads(query(sql, "--output", "json"), parse_float=str, parse_int=str)
        lines = query(sql, "--output", "ndjson").split("\n")[:-1]
        assert [json.loads(line, parse_float=str, parse_int=str) for line in lines] == document["rows"], sql
        names = [column["name"] for column in document["columns"]]
        assert all(list(row) == names for row in document["rows"]), (sql, document)
    row = json.loads(query("select 0.10::numeric as n, 9007199254740993 as i, 1 as n, 2 as n_2, array[0.30] as a",
                           "--output", "ndjson"), parse_float=str, parse_int=str)
    assert row == {"n": "0.10", "i": "9007199254740993", "n_3": "1", "n_2": "2", "a": ["0.30"]}, row


def peak_kilobytes(*arguments):
    """The most memory that the command had, and the bytes that it printed."""
    process = subprocess.Popen([penstock.PENSTOCK, "query", *arguments], env=INSTANCE.environment,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    printed = 0
    while piece := process.stdout.read(1 << 20):
        printed += len(piece)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.returncode
    return usage.ru_maxrss, printed


def csv_and_ndjson_take_no_more_memory_for_a_million_rows_than_for_one():
    sql = "select id, digits, 'abcdefghijklmnopqrstuvwxyz' as filler from endless.example_numbers limit "
    for output in ("csv", "ndjson"):
        small, _ = peak_kilobytes(sql + "1", "--output", output)
        large, printed = peak_kilobytes(sql + "1000000", "--output", output)
        assert printed > 40_000_000, printed
        assert large < small + 2048, (output, small, large)


def on_a_terminal(*arguments, rows=24, stdin=None, **environment):
    """Exit code, output and errors of penstock on a terminal."""
    return terminal.Terminal([penstock.PENSTOCK, *arguments], {**INSTANCE.environment, **environment}, rows, stdin).finish()


LONG = "select n from generate_series(1, 100) n"
MARK = "sed s/^/paged:/"


def a_pager_gets_what_is_longer_than_the_terminal():
    code, out, error = on_a_terminal("query", LONG, PSQL_PAGER=MARK)
    assert (code, error) == (0, "") and out.count("paged:") == 104, (code, out, error)
    assert "paged:" not in on_a_terminal("query", "select 1", PSQL_PAGER=MARK)[1]
    assert "paged:" not in on_a_terminal("query", LONG, PSQL_PAGER=MARK, rows=200)[1]
    assert "paged:" in on_a_terminal("query", LONG, "--output", "line", PSQL_PAGER=MARK)[1]
    assert "paged:" in on_a_terminal("query", LONG, PAGER=MARK)[1]
    assert "paged:" in on_a_terminal("query", LONG, PAGER="cat", PSQL_PAGER=MARK)[1]


def no_pager_where_psql_has_none():
    assert "paged:" not in on_a_terminal("query", LONG, "--no-pager", PSQL_PAGER=MARK)[1]
    assert "paged:" not in on_a_terminal("query", LONG, PSQL_PAGER=" ", PAGER=MARK)[1]
    for output in ("csv", "json", "ndjson"):
        out = on_a_terminal("query", LONG, "--output", output, PSQL_PAGER=MARK)[1]
        assert "paged:" not in out and "100" in out, (output, out)
    assert "paged:" not in on_a_terminal("query", LONG, stdin=subprocess.DEVNULL, PSQL_PAGER=MARK)[1]
    done = INSTANCE.cli("query", LONG)
    assert done.returncode == 0 and done.stdout.count("\n") == 104, done


def a_pager_that_is_closed_early_is_no_failure():
    sql = "select n, repeat('x', 1000) from generate_series(1, 2000) n"
    code, out, error = on_a_terminal("query", sql, "select 'the next one' as v", PSQL_PAGER="head -n 1")
    assert (code, error) == (0, "2 statements: 2 succeeded\n"), (code, error)
    assert "the next one" in out, out[-500:]


def control_c_belongs_to_the_pager_while_it_runs():
    reached, go_on = INSTANCE.path("reached"), INSTANCE.path("go_on")
    os.mkfifo(reached)
    os.mkfifo(go_on)
    screen = terminal.Terminal([penstock.PENSTOCK, "query", LONG, "select 'the next one' as v"],
                               {**INSTANCE.environment, "PSQL_PAGER": f"cat > /dev/null; echo > {reached}; cat {go_on}"})
    with open(reached) as file:
        file.read()
    screen.process.send_signal(signal.SIGINT)
    with open(go_on, "w") as file:
        file.write("the pager goes on\n")
    code, out, error = screen.finish()
    assert (code, error) == (0, "2 statements: 2 succeeded\n"), (code, out, error)
    assert "the pager goes on" in out and "the next one" in out, out


def terminal_control_characters_of_values_do_not_reach_a_table():
    for output in ("table", "line"):
        out = query("select e'\\x1b]0;owned\\x07' as v", "--output", output)
        assert "\x1b" not in out and "\x07" not in out, out


INSTANCE = penstock.Instance({"a.spc": 'connection "endless" {\n  plugin = "example"\n  rows = 1000000000\n}\n'})
with INSTANCE:
    penstock.run_tests([
        tables_and_lines_are_those_of_psql,
        csv_is_that_of_copy_and_of_psql_where_psql_tells_null_from_empty,
        json_and_ndjson_keep_every_value,
        csv_and_ndjson_take_no_more_memory_for_a_million_rows_than_for_one,
        a_pager_gets_what_is_longer_than_the_terminal,
        no_pager_where_psql_has_none,
        a_pager_that_is_closed_early_is_no_failure,
        control_c_belongs_to_the_pager_while_it_runs,
        terminal_control_characters_of_values_do_not_reach_a_table,
    ])
