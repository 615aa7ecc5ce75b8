#!/usr/bin/python3
"""`penstock query --timing`: figures of each statement, and nothing of the user's is disturbed."""

import re

import fake_plugin
import penstock

SCAN = "select id from ex.example_numbers where id <= 3"
NUMBER = r"\d+\.\d{3}"


def timed(*statements, **options):
    done = INSTANCE.cli("query", "--timing", "--output", "csv", "--no-header", *statements, **options)
    return done.returncode, done.stdout, [line for line in done.stderr.splitlines() if not re.match(r"\d+ statements: ", line)]


def figures(lines):
    """Scans of each statement, in order; None: not known."""
    found = [re.match(rf"Time: {NUMBER} ms\. Rows: \d+\. Scans: (\d+|not known)", line) for line in lines]
    return [None if match[1] == "not known" else int(match[1]) for match in found if match]


def each_statement_and_each_of_its_scans_has_its_figures():
    code, out, lines = timed("set penstock.cache = off", SCAN, "select 1 as a",
                             f"{SCAN} union all select id from ex.example_numbers where id = 7")
    assert (code, sorted(out.split())) == (0, sorted("12311237")), out
    scan = rf"  ex\.%s: %d rows?, \d+ bytes, first row after {NUMBER} ms, end after {NUMBER} ms"
    expected = [
        rf"Time: {NUMBER} ms\. Rows: 0\. Scans: 0\.",
        rf"Time: {NUMBER} ms\. Rows: 3\. Scans: 1, 0 cache hits, 3 rows received, \d+ bytes\.", scan % ("example_numbers", 3),
        rf"Time: {NUMBER} ms\. Rows: 1\. Scans: 0\.",
        rf"Time: {NUMBER} ms\. Rows: 4\. Scans: 2, 0 cache hits, 4 rows received, \d+ bytes\.", scan % ("example_numbers", 3),
        scan % ("example_numbers", 1)]
    lines[5:] = sorted(lines[5:], key=lambda line: " 1 row," in line) # of scans that run at the same time either may end first
    assert len(lines) == len(expected) and all(map(re.fullmatch, expected, lines)), lines


def more_scans_than_are_shown_by_default_are_counted():
    code, _, lines = timed(" union all ".join(["select id from ex.example_hello h(id)"] * 150))
    assert code == 0 and figures(lines) == [150], lines
    assert lines[1] == "The 20 slowest:" and len(lines) == 22, lines


def a_failed_statement_and_what_it_had_scanned_are_shown():
    code, _, lines = timed("select 1 / (id - 2) from ex.example_numbers", SCAN)
    assert code == 1 and figures(lines) == [1, 1], lines
    assert any(line.startswith("  ex.example_numbers: 1000 rows, ") and line.endswith(", stopped") for line in lines), lines


def an_open_transaction_goes_on_as_without_timing():
    statements = ["begin", "show work_mem", "set transaction isolation level repeatable read", SCAN, "savepoint penstock_timing",
                  "create table public.t as select 1 as a", "rollback to savepoint penstock_timing", "select to_regclass('public.t') is null",
                  "commit"]
    code, out, lines = timed(*statements)
    assert code == 0 and out.endswith("t\n"), (code, out, lines)
    assert figures(lines) == [0, 0, 0, 1, 0, 0, 0, 0, 0], lines
    plain = INSTANCE.cli("query", "--output", "csv", "--no-header", *statements)
    assert (plain.returncode, plain.stdout) == (code, out), plain


def a_failed_transaction_is_not_asked_and_its_scans_count_at_its_end():
    code, _, lines = timed("begin", SCAN, "select 1/0", "rollback", "select 1")
    assert code == 1 and figures(lines) == [0, 1, None, 0, 0], lines
    assert any(line.endswith("Scans: not known, the transaction has failed.") for line in lines), lines
    code, _, lines = timed("begin", "select 1 / (id - 2) from ex.example_numbers", "rollback", "select 1")
    assert code == 1 and figures(lines) == [0, None, 1, 0], lines


def a_transaction_survives_that_timing_cannot_be_asked():
    code, out, lines = timed("begin", "create table public.timing_kept (a int)",
                             "set local role nobody_special", SCAN.replace("ex.example_numbers", "generate_series(1, 3) id"),
                             "reset role", "commit", "select count(*) from public.timing_kept")
    assert code == 0 and out.endswith("0\n"), (code, out, lines)
    assert None in figures(lines) and figures(lines)[-1] == 0, lines


def rows_from_the_cache_are_said_to_be():
    code, out, lines = timed(*["select id from ex.example_numbers where id = 500"] * 2)
    assert code == 0 and figures(lines) == [1, 1], lines
    assert "1, 0 cache hits, " in lines[0] and "from the cache" not in lines[1], lines
    assert "1, 1 cache hit, " in lines[2] and lines[3].endswith(", from the cache"), lines


def a_cancelled_scan_shows_its_error_code():
    with fake_plugin.silent_table(INSTANCE):
        code, _, lines = timed("set statement_timeout = 1000", "select v from fake.t", "set statement_timeout = 0")
        assert code == 1 and figures(lines) == [0, 1, 0], lines
        assert any(re.fullmatch(rf"  fake\.t: 0 rows, \d+ bytes, end after {NUMBER} ms, failed with 57014", line)
                   for line in lines), lines


def copy_and_commands_have_figures_too():
    code, _, lines = timed(f"copy ({SCAN}) to stdout", "create table public.kept as " + SCAN, "insert into public.kept " + SCAN,
                           "drop table public.kept")
    assert code == 0 and figures(lines) == [1, 1, 1, 0], lines


def without_timing_nothing_is_printed_or_asked():
    done = INSTANCE.cli("query", SCAN)
    assert (done.returncode, done.stderr) == (0, "")


INSTANCE = penstock.Instance({"a.spc": 'plugin "example" {\n  source = "example"\n  cache_ttl = 600\n}\n'
                                       'connection "ex" {\n  plugin = "example"\n}\n'})
with INSTANCE:
    INSTANCE.superuser("create role nobody_special; grant nobody_special to penstock; grant create on schema public to penstock")
    penstock.run_tests([
        each_statement_and_each_of_its_scans_has_its_figures,
        more_scans_than_are_shown_by_default_are_counted,
        a_failed_statement_and_what_it_had_scanned_are_shown,
        an_open_transaction_goes_on_as_without_timing,
        a_failed_transaction_is_not_asked_and_its_scans_count_at_its_end,
        a_transaction_survives_that_timing_cannot_be_asked,
        rows_from_the_cache_are_said_to_be,
        a_cancelled_scan_shows_its_error_code,
        copy_and_commands_have_figures_too,
        without_timing_nothing_is_printed_or_asked,
    ])
