#!/usr/bin/python3
"""What a shell sees of the command line: formats, exit codes, errors, signals and pipes."""

import json
import signal
import subprocess
import time

import fake_plugin
import penstock

GOOD = 'id,w,price,day\n1,"a,b",1.5,2024-02-29\n2,"say ""hi""",,2024-03-01\n'
SELECT = "select * from files.good order by id"

TABLE = """\
 id |    w     | price |    day     
----+----------+-------+------------
  1 | a,b      |   1.5 | 2024-02-29
  2 | say "hi" |       | 2024-03-01
(2 rows)

"""
CSV = 'id,w,price,day\n1,"a,b",1.5,2024-02-29\n2,"say ""hi""",,2024-03-01\n'
LINE = """\
-[ RECORD 1 ]-----
id    | 1
w     | a,b
price | 1.5
day   | 2024-02-29
-[ RECORD 2 ]-----
id    | 2
w     | say "hi"
price | 
day   | 2024-03-01

"""
CARET = '''ERROR:  column "nosuch" does not exist
LINE 1: select nosuch from files.good
               ^
'''


def query(*arguments, **options):
    done = INSTANCE.cli("query", *arguments, **options)
    return done.returncode, done.stdout, done.stderr


def every_format_shows_the_same_rows():
    assert query(SELECT) == (0, TABLE, "")
    assert query(SELECT, "--output", "table", "--no-header")[1] == TABLE.split("\n", 2)[2].replace("(2 rows)\n\n", "\n")
    assert query(SELECT, "--output", "csv") == (0, CSV, "")
    assert query(SELECT, "--output", "csv", "--no-header", "--separator", "\\t")[1] == \
        '1\ta,b\t1.5\t2024-02-29\n2\t"say ""hi"""\t\t2024-03-01\n'
    assert query(SELECT, "--output", "line") == (0, LINE, "")
    code, out, error = query(SELECT, "--output", "json")
    assert (code, error) == (0, "")
    assert json.loads(out) == {
        "columns": [{"name": "id", "data_type": "bigint"}, {"name": "w", "data_type": "text"},
                    {"name": "price", "data_type": "double precision"}, {"name": "day", "data_type": "date"}],
        "rows": [{"id": 1, "w": "a,b", "price": 1.5, "day": "2024-02-29"},
                 {"id": 2, "w": 'say "hi"', "price": None, "day": "2024-03-01"}]}


def sql_comes_as_arguments_files_or_standard_input():
    assert query("select 1 as a; select 2 as b", "select 3 as c", "--output", "csv")[1] == "a\n1\nb\n2\nc\n3\n"
    path = INSTANCE.write("two.sql", "select 4 as d;\n-- nothing; here\nselect ';' as e\n", folder="files", mode=0o644)
    assert query(path, "--output", "csv") == (0, "d\n4\ne\n;\n", "2 statements: 2 succeeded\n")
    assert query("--output", "csv", stdin=None, input="select 5 as f;") == (0, "f\n5\n", "")
    assert query("select 6 as g", "-", "--output", "csv", stdin=None, input="select 7 as h") == (0, "g\n6\nh\n7\n", "2 statements: 2 succeeded\n")


def a_failed_statement_is_shown_with_its_place_and_decides_the_exit_code():
    code, out, error = query("select nosuch from files.good", "select 2 as b", "--output", "csv")
    assert (code, out, error) == (1, "b\n2\n", "statement 1: " + CARET + "2 statements: 1 succeeded, 1 failed\n")
    code, out, error = query("--stop-on-error", "select nosuch from files.good", "select 2 as b")
    assert (code, out, error) == (1, "", "statement 1: " + CARET + "2 statements: 0 succeeded, 1 failed, 1 not completed\n")
    path = INSTANCE.write("bad.sql", "select 1 as a;\n\nselect nosuch\nfrom files.good;\n", folder="files", mode=0o644)
    code, out, error = query(path, "--output", "csv")
    assert (code, out) == (1, "a\n1\n")
    assert error.startswith(path + ':3: ERROR:  column "nosuch" does not exist\nLINE 1: select nosuch\n'), error


def an_error_in_the_middle_of_the_rows_is_not_taken_for_the_end():
    for output in ("table", "csv", "json", "line"):
        code, out, error = query("select 100 / (id - 2) from files.good order by id", "--output", output)
        assert code == 1 and "division by zero" in error, (output, out, error)


def wrong_arguments_give_exit_code_2_and_a_missing_file_1():
    for output in ("xml", "CSV", ""):
        code, out, error = query("--output", output, "select 1")
        assert (code, out) == (2, "") and "{table,csv,json,ndjson,line}" in error, (code, out, error)
    assert query("--separator", "ab", "select 1")[0] == 2
    for command, known in ((("conection", "list"), "service, query, shell, connection, plugin"),
                           (("service", "begin"), "start, stop, restart, status, env")):
        done = INSTANCE.cli(*command)
        unknown = command[0] if command[0] != "service" else command[1]
        assert (done.returncode, done.stdout, done.stderr) == (
            2, "", f'penstock: unknown command "{unknown}"\n'
                   f"HINT:  The commands here are: {known}. Run with --help for more.\n"), done
    assert INSTANCE.cli().returncode == 2
    assert query("/nosuch.sql") == (1, "", 'penstock: could not open file "/nosuch.sql": No such file or directory\n')


def shell(text):
    return subprocess.run(["bash", "-c", text], env=dict(INSTANCE.environment, PENSTOCK=penstock.PENSTOCK),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)


def a_reader_that_stops_reading_ends_the_query_quietly():
    for output in ("csv", "json", "ndjson"):
        done = shell(f'"$PENSTOCK" query "select id from endless.example_numbers" --output {output} | head -n 2; '
                     'echo "${PIPESTATUS[0]}"')
        assert done.stderr == "", done.stderr
        lines = done.stdout.splitlines()
        assert len(lines) == 3 and lines[2] == "0", lines
    for output in ("table", "line"): # these need the whole result before they begin
        done = shell(f'"$PENSTOCK" query "select generate_series(1, 100000)" --output {output} | head -n 1; '
                     'echo "${PIPESTATUS[0]}"')
        assert done.stdout.splitlines()[1:] == ["0"] and done.stderr == "", done


def control_c_ends_a_hanging_scan_within_a_second_and_tells_the_plugin():
    penstock.within(1, interrupt_a_hanging_scan)


def interrupt_a_hanging_scan():
    with fake_plugin.silent_table(INSTANCE) as plugin:
        process = subprocess.Popen([penstock.PENSTOCK, "query", "select v from fake.t"], env=INSTANCE.environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert plugin.connected.wait(10)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=10)
        took = time.monotonic() - began
        assert (process.returncode, out) == (130, ""), (process.returncode, out, error)
        assert plugin.hung_up.wait(5), "the plugin was not told"
        return took


def service_env_is_all_that_psql_needs():
    done = shell('eval "$("$PENSTOCK" service env)"; psql -XAt -c "select count(*) from files.good"')
    assert (done.returncode, done.stdout) == (0, "2\n"), done


def status_and_lists_say_what_runs():
    status = INSTANCE.status()
    assert status["home"] == INSTANCE.home
    assert status["connections"] == {"ready": 2}
    assert status["database"]["kind"] == "private" and status["database"]["is_reachable"] is True
    assert status["controller"]["is_running"] is True
    for pid in (status["database"]["pid"], status["controller"]["pid"]):
        assert pid in INSTANCE.processes(), (pid, INSTANCE.processes())
    done = INSTANCE.cli("plugin", "list", "--output", "json")
    plugins = {row["plugin"]: row for row in json.loads(done.stdout)["rows"]}
    assert {name: row["state"] for name, row in plugins.items()} == \
        {**dict.fromkeys(penstock.PLUGINS, "installed"), "csv": "running", "example": "running"}
    assert int(plugins["csv"]["pid"]) == INSTANCE.plugin_pid("csv")
    done = INSTANCE.cli("connection", "list", "--output", "csv")
    assert done.stdout == ("name,state,plugin,tables,error,configured_in\n"
                           f"endless,ready,example,5,,{INSTANCE.path('config', 'a.spc')}:1\n"
                           f"files,ready,csv,1,,{INSTANCE.path('config', 'b.spc')}:1\n"), done.stdout


def without_the_service_everything_says_how_to_start_it():
    INSTANCE.stop()
    for command in (("query", "select 1"), ("connection", "list"), ("connection", "refresh")):
        done = INSTANCE.cli(*command)
        assert done.returncode == 3 and done.stdout == "", done
        assert done.stderr.startswith("penstock: could not connect to the Penstock service"), done.stderr
        assert done.stderr.endswith("HINT:  Start it with: penstock service start\n"), done.stderr
    assert INSTANCE.cli("service", "status").returncode == 3
    status = INSTANCE.status()
    assert status["controller"] == {"is_running": False} and status["database"]["is_reachable"] is False
    done = INSTANCE.cli("plugin", "list", "--output", "csv")
    assert done.returncode == 0 and "csv,,,installed,,,\n" in done.stdout, done
    assert done.stderr == "penstock: the service does not run; only what is installed is shown\n", done.stderr


INSTANCE = penstock.Instance({"a.spc": 'connection "endless" {\n  plugin = "example"\n  rows = 1000000000\n}\n'})
INSTANCE.write("b.spc", f'connection "files" {{\n  plugin = "csv"\n  paths = ["{INSTANCE.path("files", "good.csv")}"]\n}}\n')
INSTANCE.write("good.csv", GOOD, folder="files", mode=0o644)
with INSTANCE:
    penstock.run_tests([
        every_format_shows_the_same_rows,
        sql_comes_as_arguments_files_or_standard_input,
        a_failed_statement_is_shown_with_its_place_and_decides_the_exit_code,
        an_error_in_the_middle_of_the_rows_is_not_taken_for_the_end,
        wrong_arguments_give_exit_code_2_and_a_missing_file_1,
        a_reader_that_stops_reading_ends_the_query_quietly,
        control_c_ends_a_hanging_scan_within_a_second_and_tells_the_plugin,
        service_env_is_all_that_psql_needs,
        status_and_lists_say_what_runs,
        without_the_service_everything_says_how_to_start_it,
    ])
