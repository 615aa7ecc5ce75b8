#!/usr/bin/python3
"""Columns of every type that the server has, by their text; modifiers, enums, composites and domains with
their checks; databases whose encoding is LATIN1 or SQL_ASCII."""

import subprocess

import penstock

# Types that no plugin sends as they are: an example of each.
LITERALS = {
    "aclitem": "postgres=r/postgres", "bit": "1", "bit varying": "101", "box": "(2,2),(1,1)", "bpchar": "ab ",
    "character": "x", '"char"': "c", "cid": "7", "circle": "<(1,2),3>", "datemultirange": "{[2024-01-01,2024-02-01)}",
    "daterange": "[2024-01-01,2024-02-01)", "int2vector": "1 2", "int4multirange": "{[1,3),[5,9)}",
    "int4range": "[1,5)", "int8multirange": "{[1,3)}", "int8range": "[1,)", "json": '{"a": [1, 2]}',
    "jsonpath": '$."a"[*]', "line": "{1,2,3}", "lseg": "[(1,2),(3,4)]", "macaddr": "08:00:2b:01:02:03",
    "macaddr8": "08:00:2b:01:02:03:04:05", "money": "$1,234.50", "name": "somebody", "nummultirange": "{[1.5,2.5]}",
    "numrange": "(1.5,2.5]", "oid": "4294967295", "oidvector": "1 2", "path": "((1,2),(3,4))",
    "pg_lsn": "16/B374D848", "pg_snapshot": "10:20:10,14,15", "point": "(1,2)", "polygon": "((1,2),(3,4))",
    "refcursor": "c", "regclass": "pg_class", "regcollation": '"C"', "regconfig": "simple", "regdictionary": "simple",
    "regnamespace": "pg_catalog", "regoper": "||/", "regoperator": "+(integer,integer)", "regproc": "now",
    "regprocedure": "sum(integer)", "regrole": "postgres", "regtype": "bigint", "tid": "(1,2)",
    "time without time zone": "12:34:56.789", "time with time zone": "12:34:56+02",
    "timestamp without time zone": "2024-02-29 12:00:00.5", "tsmultirange": "{}", "tsquery": "'a' & 'b'",
    "tsrange": "empty", "tstzmultirange": "{}", "tstzrange": "empty", "tsvector": "'a':1 'b':2",
    "txid_snapshot": "10:20:", "character varying": "any", "xid": "7", "xid8": "7", "xml": "<a>b</a>",
}
NOT_FOR_TABLES = {"gtsvector", "pg_node_tree", "pg_ndistinct", "pg_dependencies", "pg_mcv_list",
                  "pg_brin_bloom_summary", "pg_brin_minmax_multi_summary"}
SENT = {"boolean", "smallint", "integer", "bigint", "real", "double precision", "numeric", "text", "bytea", "date",
        "timestamp with time zone", "interval", "uuid", "inet", "cidr", "jsonb"}


def write_csv(name, rows):
    """None is a NULL, which is an empty field without quotes."""
    lines = [",".join("" if value is None else '"' + value.replace('"', '""') + '"' for value in row) for row in rows]
    INSTANCE.write(name, "\n".join(lines) + "\n", folder="data", mode=0o644)


def psql(sql, database="penstock"):
    """Output of the superuser's psql, or its error."""
    command = penstock.as_service_user([penstock.os.path.join(penstock.pg_bindir(), "psql"), "-XAtq", "-v",
                                        "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-h", INSTANCE.path("run", "pg"),
                                        "-U", "postgres", "-d", database])
    done = subprocess.run(command, input=sql.encode(), capture_output=True, cwd="/", check=False,
                          env={**penstock.os.environ, "PGCLIENTENCODING": "UTF8"})
    return done.stdout.decode() if done.returncode == 0 else done.stderr.decode()


def every_type_of_the_server_is_in_the_list():
    names = psql("""select format_type(oid, null) from pg_type where typnamespace = 'pg_catalog'::regnamespace
        and typtype in ('b', 'r', 'm') and typcategory <> 'A' and typname !~ '^_' order by 1""").split("\n")
    missing = {name for name in names if name} - set(LITERALS) - SENT - NOT_FOR_TABLES
    assert not missing, missing


def every_type_and_its_array_comes_by_its_text():
    types = [name for name in LITERALS if name not in ("bpchar",)]
    columns = {}
    for number, name in enumerate(types):
        columns[f"v{number}"] = name, LITERALS[name]
        element = LITERALS[name].replace("\\", "\\\\").replace('"', '\\"')
        columns[f"a{number}"] = f"{name}[]", f'{{"{element}"{";" if name == "box" else ","}NULL}}'
    names = list(columns)
    write_csv("all.csv", [names, [columns[name][1] for name in names], [None] * len(names)])
    wait_table("all")
    # What the plugin takes for a number or a time it sends as such.
    sent = dict(INSTANCE.rows("""select attname, atttypid::regtype::text from pg_attribute
        where attrelid = 'files."all"'::regclass and attnum > 0"""))
    texts = [name for name in names if sent[name] == "text"]
    assert len(texts) > 100, sent
    definition = ", ".join(f"{name} {columns[name][0]}" for name in texts)
    checks = " and ".join(f"{name}::text is not distinct from $q${columns[name][1]}$q$::{columns[name][0]}::text"
                          for name in texts)
    out = psql(f"""set timezone = 'UTC';
        drop schema if exists typed cascade; create schema typed;
        create foreign table typed.t ({definition}) server files_server options (connection 'files', "table" 'all');
        select count(*) from typed.t;
        select {checks} from typed.t limit 1;
        create table typed.kept as select * from typed.t;
        select count(*) from typed.kept;
        analyze typed.t;""")
    assert out == "2\nt\n2\n", out


def wrong_text_is_an_error_that_names_the_column():
    write_csv("wrong.csv", [["a", "b"], ["good", "not a point"]])
    wait_table("wrong")
    make("wrong", "a text, b point")
    assert psql("select a from typed.wrong") == "good\n"
    error = psql("select b from typed.wrong")
    assert "22P02" in error and 'value of column "b"' in error, error


def modifiers_are_enforced_as_by_a_cast_on_insert():
    write_csv("modified.csv", [["v", "n", "t"], ["abc", "12.345", "2024-01-01 12:00:00.123456Z"]])
    wait_table("modified")
    make("modified", "v varchar(3), n numeric(6,2), t timestamptz(3)")
    assert psql("set timezone = 'UTC'; select v, t from typed.modified") == "abc|2024-01-01 12:00:00.123+00\n"
    make("modified", "v char(5)")
    assert psql("select v || '|' from typed.modified where v = 'abc'") == "abc|\n"
    assert psql("select octet_length(v) from typed.modified") == "5\n"
    make("modified", "v varchar(2)")
    assert "22001" in psql("select v from typed.modified")


def enums_composites_and_domains_are_checked():
    write_csv("own.csv", [["mood", "pair", "code", "n"], ["happy", "(1,x)", "AB", "5"], ["sad", "(2,\"y z\")", "CD", "-5"]])
    wait_table("own")
    psql("""drop schema if exists own cascade; create schema own;
        create type own.mood as enum ('sad', 'happy');
        create type own.pair as (a int, b text);
        create domain own.code as text check (value ~ '^[A-Z]+$');
        create domain own.positive as int8 check (value > 0);
        create domain own.needed as text not null;""")
    make("own", "mood own.mood, pair own.pair, code own.code, n int8")
    assert psql("select mood, (pair).b, code from typed.own order by mood") == "sad|y z|CD\nhappy|x|AB\n"
    make("own", "n own.positive")
    error = psql("select n from typed.own")
    assert "23514" in error and "positive" in error, error
    make("own", "mood own.code")
    assert "23514" in psql("select mood from typed.own")
    write_csv("empty.csv", [["a", "b"], ["x", "y"], [None, "z"]])
    wait_table("empty")
    make("empty", "a own.needed")
    assert "23502" in psql("select a from typed.empty"), "a NULL of a domain that is not null"


def types_made_of_own_types_are_checked_too():
    rows = [["{happy,NULL,sad}", "[1.5,2)", "happy", "(1,x)", "{AB,CD}"], [None] * 5,
            ["{}", "empty", "sad", "(-1,y)", "{AB,cd}"]]
    write_csv("made.csv", [["moods", "width", "good", "pair", "codes"]] + rows)
    wait_table("made")
    out = psql("""create schema made;
        create type made.mood as enum ('sad', 'happy');
        create domain made.feeling as made.mood;
        create domain made.good as made.feeling check (value::text = 'happy');
        create type made.width as range (subtype = float8);
        create type made.raw as (a int, b text);
        create domain made.pair as made.raw check ((value).a > 0);
        create domain made.code as text check (value ~ '^[A-Z]+$');""")
    assert out == "", out
    make("made", "moods made.mood[], width made.width, good made.good, pair made.pair, codes made.code[]")
    first = psql("select moods[3], upper(width), good, (pair).b, codes[2] from typed.made limit 1")
    assert first == "sad|2|happy|x|CD\n", first
    assert psql("select moods, width from typed.made") == "{happy,NULL,sad}|[1.5,2)\n|\n{}|empty\n"
    for column, name in (("good", "made.good"), ("pair", "made.pair"), ("codes", "made.code")):
        error = psql(f"select {column} from typed.made")
        assert "23514" in error and name.split(".")[1] in error, error


def other_databases_get_text_in_their_encoding():
    write_csv("words.csv", [["word", "other", "sign", "größe"], ["Müller", "x", "s", "5"], ["plain", "y", "€", "7"]])
    wait_table("words")
    for encoding in ("LATIN1", "SQL_ASCII"):
        psql(f"create database {encoding.lower()} encoding '{encoding}' template template0 lc_collate 'C' lc_ctype 'C'")
        name = encoding.lower()
        socket = INSTANCE.path("run", "csv.sock")
        out = psql(f"""create extension penstock;
            create server s foreign data wrapper penstock options (socket '{socket}', plugin 'csv');
            create schema f; import foreign schema files limit to (words) from server s into f;
            select count(*) from f.words;""", name)
        assert out == "2\n", out
        word = psql("select word from f.words where other = 'x'", name)
        assert word == "Müller\n", word
        assert psql("select word from f.words where word = 'Müller'", name) == "Müller\n"
        assert psql("select word from f.words where word in ('plain', 'Müller') order by 1", name) == "Müller\nplain\n"
        # What the plugin was asked for, as the database writes it, also when it is cut off.
        shown = psql("set client_min_messages = error; select from f.words where word = 'Müller' and other <> repeat('ü', 300);"
                     "select exact_quals || superset_quals, columns, local_quals from penstock.scan", name)
        assert "word = 'Müller'" in shown and "ü..." in shown, shown
        # ü is one byte here, two there.
        length = psql("select octet_length(word) from f.words where other = 'x'", name)
        assert length == ("6\n" if encoding == "LATIN1" else "7\n"), length
        # Without an encoding the plugin computes groups too; what would have to be converted stays in the server.
        psql(f"alter database {name} set enable_sort = off")
        psql(f"alter database {name} set enable_hashagg = off")
        plan = psql("explain select word, sum(größe) from f.words group by word", name)
        assert ("Aggregates: sum(" in plan) == (encoding == "SQL_ASCII"), plan
        size = {"LATIN1": 6, "SQL_ASCII": 7}[encoding]
        grouped = psql("""select word, octet_length(word), sum(größe) filter (where größe < 7) from f.words
            where word <> 'plain' group by word""", name)
        assert grouped == f"Müller|{size}|5\n", grouped
        extreme = psql("select min(word), octet_length(min(word)), max(größe) from f.words", name)
        assert extreme == f"Müller|{size}|7\n", extreme
    for select in ("select sign from f.words", "select sign, count(*) from f.words group by sign",
                   "select max(sign) from f.words"):
        error = psql(select, "latin1")
        assert "22P05" in error, "no euro sign in LATIN1: " + error
    assert psql("select sign from f.words where word = 'plain'", "sql_ascii") == "€\n"
    error = psql("create foreign table f.missing (a text) server s options (connection 'files', \"table\" 'Mäx');"
                 "select * from f.missing", "latin1")
    assert "HV00R" in error and "Mäx" in error, error


def other_encodings_are_refused():
    psql("create database euc encoding 'EUC_JP' template template0 lc_collate 'C' lc_ctype 'C'")
    error = psql(f"""create extension penstock;
        create server s foreign data wrapper penstock options (socket '{INSTANCE.path("run", "csv.sock")}');
        create foreign table t (a text) server s options (connection 'files', "table" 'words'); select * from t""", "euc")
    assert "0A000" in error and "EUC_JP" in error, error


def wait_table(name):
    INSTANCE.wait_for(lambda: INSTANCE.rows("select to_regclass(%s) is not null", f'files."{name}"'),
                      lambda seen: seen == [(True,)], f"table {name} is there")


def make(name, definition):
    out = psql(f"""create schema if not exists typed; drop foreign table if exists typed.{name};
        create foreign table typed.{name} ({definition}) server files_server options (connection 'files', "table" '{name}')""")
    assert out == "", out


with penstock.Instance() as INSTANCE:
    INSTANCE.write("start.csv", "a\n1\n", folder="data", mode=0o644)
    penstock.os.chmod(INSTANCE.path("data"), 0o755)
    INSTANCE.write("files.spc", f'connection "files" {{\n  plugin = "csv"\n  paths = ["{INSTANCE.path("data")}/*.csv"]\n}}\n')
    INSTANCE.wait_state("files", "ready")
    psql(f"create server files_server foreign data wrapper penstock options (socket '{INSTANCE.path('run', 'csv.sock')}')")
    penstock.run_tests([every_type_of_the_server_is_in_the_list, every_type_and_its_array_comes_by_its_text,
                        wrong_text_is_an_error_that_names_the_column, modifiers_are_enforced_as_by_a_cast_on_insert,
                        enums_composites_and_domains_are_checked,
                        types_made_of_own_types_are_checked_too, other_databases_get_text_in_their_encoding,
                        other_encodings_are_refused])
