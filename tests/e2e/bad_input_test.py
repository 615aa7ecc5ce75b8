#!/usr/bin/python3
"""Mistakes in connections, files and data: each gets one message that says what, where and what to do,
and changes nothing else. The messages are compared as a whole."""

import os

import penstock


def data(name, content, mode=0o644):
    return INSTANCE.write(name, content, folder="files", mode=mode)


def clear(text):
    """A message without what differs from run to run."""
    return text.replace(INSTANCE.path("files"), "FILES").replace(
        os.path.join(penstock.STAGE, "lib", "penstock", "plugins"), "PLUGINS")


def generations():
    return INSTANCE.rows("select connection_name, state, generation from connection_state order by 1")


CSV_ARGUMENTS = ("paths, delimiter, quote, header, all_text, columns, comment, null_values, file_name_column, "
                 "line_number_column, on_error, missing_fields, sample_mb")
PATHS_HELP = ('Argument "paths": Files to read: absolute paths or patterns with * ? and [], "~/" for the home of the user that runs '
              'the plugin.')

# name, block from its second line on, error of the connection
BAD_CONNECTIONS = [
    ("unknown_plugin", 'plugin = "exampel"',
     'plugin "exampel" is not installed. There is no executable "PLUGINS/exampel". '
     f'The plugins in that folder are: {", ".join(penstock.PLUGINS)}.'),
    ("unknown_argument", 'plugin = "csv"\n  path = ["/x.csv"]',
     f'unknown argument "path" (bad.spc:3). Valid arguments are: {CSV_ARGUMENTS}.'),
    ("missing_argument", 'plugin = "csv"', f'missing argument "paths" (bad.spc:1). {PATHS_HELP}'),
    ("wrong_type", 'plugin = "csv"\n  paths = 5', f'argument "paths" must be a list of strings (bad.spc:3). {PATHS_HELP}'),
    ("wrong_number", 'plugin = "example"\n  rows = "many"',
     'argument "rows" must be a whole number (bad.spc:3). Argument "rows": How many rows example_numbers and example_wide have.'),
    ("wrong_choice", 'plugin = "csv"\n  paths = ["FILES/good.csv"]\n  header = "maybe"',
     'invalid value "maybe" for argument "header" (bad.spc:4). Valid values are: auto, on, off.'),
    ("missing_file", 'plugin = "csv"\n  paths = ["FILES/nosuch.csv"]',
     'could not find file "FILES/nosuch.csv": No such file or directory (bad.spc:3). Check "paths" in the connection.'),
    ("unreadable_file", 'plugin = "csv"\n  paths = ["FILES/secret.csv"]',
     'could not open file "FILES/secret.csv": Permission denied. The plugin runs as user "USER", who must be able to '
     'read the file and to enter its folders.'),
    ("long_header", 'plugin = "csv"\n  paths = ["FILES/long_header.csv"]',
     f'column 2 of the header is longer than 63 bytes: "{"x" * 64}". File "FILES/long_header.csv", line 1. PostgreSQL '
     'would cut the name. Shorten it, or set header = "off" in the connection if this row is no header.'),
    ("no_plugin", "rows = 5",
     'connection "no_plugin" does not say which plugin it is of (bad.spc:1:1). Add a line such as: plugin = "csv".'),
    ("no_variable", 'plugin = "example"\n  rows = env("PENSTOCK_NO_SUCH")',
     'environment variable "PENSTOCK_NO_SUCH" is not set (argument "rows" of connection "no_variable") (bad.spc:3:3). '
     'It must be set for the service when it starts.'),
    ("é" * 32, 'plugin = "example"',
     f'connection name "{"é" * 32}" is 64 bytes long, more than 63 (bad.spc:1:1). PostgreSQL would cut it after 63 '
     'bytes, so two such names could become one; choose a shorter one.'),
    ("pg_x", 'plugin = "example"',
     'connection name "pg_x" is reserved (bad.spc:1:1). PostgreSQL keeps names that start with "pg_" for itself; '
     'choose another one.'),
    ("public", 'plugin = "example"',
     'connection name "public" is reserved (bad.spc:1:1). The schemas "information_schema", "public" and "penstock" '
     'are not connections; choose another name.'),
]

READ_HINT = "A configuration file is a regular file of at most 1 MiB that the service can read."

# content or how to make it, line, error of the file
BAD_FILES = [
    ('connection "" {\n  plugin = "example"\n}\n', 1,
     'connection name is empty (bad.spc:1:1). The name becomes a PostgreSQL schema: lower case letters, digits and '
     '"_" need no quotes in SQL.'),
    ('workspace "x" {\n}\n', 1,
     'unknown block "workspace" (bad.spc:1:1). The valid ones are: connection, plugin, options.'),
    ('connection "a" {\n  plugin = "csv"\n  paths = ["x"\n}\n', 4,
     "expected ',' or ']' in the list (bad.spc:4:1). The list starts in line 3."),
    (b'connection "\xff" {\n}\n', 1,
     "invalid UTF-8: byte 0xff (bad.spc:1:13). Save the file as UTF-8 text without NUL bytes."),
    (b'connection "a\0" {\n}\n', 1,
     "invalid UTF-8: byte 0x00 (bad.spc:1:14). Save the file as UTF-8 text without NUL bytes."),
    (os.mkfifo, None, f'could not read file "bad.spc": not a regular file (bad.spc). {READ_HINT}'),
    (os.mkdir, None, f'could not read file "bad.spc": not a regular file (bad.spc). {READ_HINT}'),
    (0o666, None, 'file "bad.spc" can be written by every user (bad.spc). Run: chmod o-w bad.spc. A file with secrets '
                  'should have mode 0600.'),
]

# query, sqlstate, error: primary, detail, hint
BAD_ROWS = [
    ("select * from data.wide", "22P04", "row has too many fields: 3 instead of 2",
     'File "FILES/wide.csv", line 3.',
     'Is the delimiter right? Set on_error = "skip" in the connection to leave such rows out.'),
    ("select * from data.latin1", "22021", 'invalid byte sequence for encoding "UTF8" in column "city": 0xf6',
     'File "FILES/latin1.csv", line 2, column 2.',
     "Convert the file to UTF-8, for instance by iconv -f LATIN1 -t UTF-8."),
    ("select * from data.nul", "22021", 'invalid byte sequence for encoding "UTF8" in column "w": 0x00',
     'File "FILES/nul.csv", line 2, column 2.', "PostgreSQL cannot store a NUL byte in text."),
    ("select sum(price) from data.late", "22P02", 'invalid value "n/a" for column "price" of type int8',
     'File "FILES/late.csv", line 250002, column 2.',
     'Set all_text = true, or columns = { price = "text" }, in the connection; on_error = "skip" leaves such rows out.'),
]


def add_connection_test(name, block, expected):
    def a_bad_connection_is_in_error_alone():
        before = generations()
        text = f'connection "{name}" {{\n  {block}\n}}\n'.replace("FILES", INSTANCE.path("files"))
        INSTANCE.write("bad.spc", text)
        error = INSTANCE.wait_state(name, "error")
        expected_here = expected.replace("USER", penstock.service_user())
        assert clear(error) == expected_here, f"\n{clear(error)}\n{expected_here}"
        INSTANCE.write("bad.spc", "# nothing\n")
        INSTANCE.wait_state(name, None)
        assert generations() == before
    a_bad_connection_is_in_error_alone.__name__ = f"the_error_of_{name}_says_it_all"
    return a_bad_connection_is_in_error_alone


def file_row():
    rows = INSTANCE.rows("select state, line, error from penstock.config_file where path = %s",
                         INSTANCE.path("config", "bad.spc"))
    return rows[0] if rows else (None, None, None)


def bad_files_of_the_configuration_are_named_with_their_line():
    before = generations()
    path = INSTANCE.path("config", "bad.spc")
    for content, line, expected in BAD_FILES:
        if callable(content):
            if os.path.exists(path):
                os.unlink(path)
            content(path)
        else:
            is_mode = isinstance(content, int)
            INSTANCE.write("bad.spc", "# open to all\n" if is_mode else content, mode=content if is_mode else 0o600)
        seen = INSTANCE.wait_for(file_row, lambda row: row == ("error", line, expected) or row[2] == expected, expected)
        assert file_row() == ("error", line, expected), seen
        if callable(content):
            (os.rmdir if os.path.isdir(path) else os.unlink)(path)
    INSTANCE.write("bad.spc", "# nothing\n")
    INSTANCE.wait_for(file_row, lambda row: row == ("ok", None, None), "the repaired file")
    assert generations() == before


def a_name_defined_in_two_files_is_nobodys_and_the_live_schema_stays():
    before = generations()
    INSTANCE.write("first.spc", 'connection "twice" {\n  plugin = "example"\n  rows = 4\n}\n')
    INSTANCE.wait_state("twice", "ready")
    INSTANCE.write("second.spc", '\nconnection "twice" {\n  plugin = "example"\n  rows = 5\n}\n')
    both = 'connection "twice" is defined more than once: first.spc:1:1 and second.spc:2:1'
    assert INSTANCE.wait_state("twice", "error") == f"{both} (first.spc:1:1). Keep one of them, or rename the others."
    errors = INSTANCE.wait_for(
        lambda: INSTANCE.rows("select line, error from penstock.config_file where state = 'error' order by path"),
        lambda rows: len(rows) == 2, "the errors of both files")
    rows = INSTANCE.rows("select line, error from penstock.config_file where state = 'error' order by path")
    assert rows == [(1, f"{both} (first.spc:1:1). Keep one of them, or rename the others."),
                    (2, f"{both} (second.spc:2:1). Keep one of them, or rename the others.")], errors
    assert INSTANCE.rows("select count(*) > 0 from penstock.table where connection = 'twice'") == [(True,)]
    INSTANCE.write("second.spc", "# nothing\n")
    INSTANCE.wait_state("twice", "ready")
    INSTANCE.write("first.spc", "# nothing\n")
    INSTANCE.wait_state("twice", None)
    assert generations() == before


def bad_rows_are_named_with_file_line_and_column_and_spare_the_other_tables():
    before = generations()
    for query, sqlstate, message, detail, hint in BAD_ROWS:
        error = INSTANCE.error(query)
        seen = (error.pgcode, error.diag.message_primary, clear(error.diag.message_detail), error.diag.message_hint)
        assert seen == (sqlstate, message, detail, hint), seen
    assert INSTANCE.rows("select * from data.good") == [(1, "a")]
    assert INSTANCE.rows("select count(*) from data.late") == [(500001,)], "no column, so no bad value"
    assert generations() == before


def a_file_that_is_left_out_is_named_in_an_event_and_said_once():
    events = """select detail from penstock.event where connection = 'some' and kind = 'plugin'
        and event = 'left_out' and source = 'plugin' order by id"""
    INSTANCE.write("good.csv", "a\n1\n", folder="some", mode=0o644)
    INSTANCE.write("empty.csv", "", folder="some", mode=0o644)
    INSTANCE.write("some.spc", f'connection "some" {{\n  plugin = "csv"\n  paths = ["{INSTANCE.home}/some/*.csv"]\n}}\n')
    INSTANCE.wait_state("some", "ready")
    empty = ({"what": INSTANCE.path("some", "empty.csv"),
              "reason": f'file "{INSTANCE.path("some", "empty.csv")}" is empty. A table needs at least one column, '
                        "so at least one line."},)
    INSTANCE.wait_for(lambda: INSTANCE.rows(events), lambda seen: seen == [empty], "the event")
    INSTANCE.write("other.csv", "", folder="some", mode=0o644)
    seen = INSTANCE.wait_for(lambda: INSTANCE.rows(events), lambda seen: len(seen) == 2, "the event of the other file")
    assert [detail["what"] for detail, in INSTANCE.rows(events)] == [empty[0]["what"], INSTANCE.path("some", "other.csv")], seen
    INSTANCE.write("some.spc", "# nothing\n")
    INSTANCE.wait_state("some", None)


def the_option_that_the_hint_names_helps():
    block = ('connection "data" {{\n  plugin = "csv"\n  paths = ["{0}/files/*.csv"]\n  sample_mb = 1\n'
             '  columns = {{ price = "text" }}\n}}\n')
    INSTANCE.write("data.spc", block.format(INSTANCE.home))
    INSTANCE.wait_for(lambda: INSTANCE.rows("select type from penstock.column where connection = 'data' "
                                            "and column_name = 'price'"),
                      lambda rows: rows == [("text",)], "price as text")
    INSTANCE.wait_state("data", "ready")
    assert INSTANCE.rows("select id from data.late where price = 'n/a'") == [(-1,)]


def prepare():
    data("good.csv", "id,w\n1,a\n")
    data("wide.csv", "id,w\n1,a\n2,b,c\n")
    data("latin1.csv", "id,city\n1,Köln\n".encode("latin-1"))
    data("nul.csv", b"id,w\n1,a\0b\n")
    data("long_header.csv", "id," + "x" * 64 + "\n1,2\n")
    rows = "".join(f"{number},{number}\n" for number in range(250000))
    data("late.csv", "id,price\n" + rows + "-1,n/a\n" + rows)
    secret = data("secret.csv", "a\n1\n", mode=0o000)
    if os.getuid() == 0:
        os.chown(secret, 0, 0)
    INSTANCE.write("data.spc", f'connection "data" {{\n  plugin = "csv"\n  paths = ["{INSTANCE.home}/files/*.csv"]\n'
                               '  sample_mb = 1\n}\n')


INSTANCE = penstock.Instance({"base.spc": 'connection "base" {\n  plugin = "example"\n  rows = 3\n}\n'})
prepare()
with INSTANCE:
    tests = [add_connection_test(*case) for case in BAD_CONNECTIONS]
    penstock.run_tests(tests + [
        bad_files_of_the_configuration_are_named_with_their_line,
        a_name_defined_in_two_files_is_nobodys_and_the_live_schema_stays,
        bad_rows_are_named_with_file_line_and_column_and_spare_the_other_tables,
        a_file_that_is_left_out_is_named_in_an_event_and_said_once,
        the_option_that_the_hint_names_helps,
    ])
