#!/usr/bin/python3
"""JSON text made jsonb by the plugin, against the same text sent as such and made jsonb by the server's jsonb_in. One
file, one plugin, one session; both read the file each time, and both times include that.

The file has three documents a row, between tabs and without quotes. A second one is quoted as CSV, where every quote
of a document is doubled: undoing that is on both sides and makes the ratio smaller.

Ratios are medians of pairs; absolute times are those of this machine and only there to be compared.
"""

import os
import sys

import measure
import penstock

ROWS = int(os.environ.get("PENSTOCK_BENCH_JSON_ROWS", 100_000))

# About 260 bytes: numbers, texts, a list, an object in an object; as the server writes jsonb, so that keys are sorted.
DOCUMENT = """jsonb_build_object('id', n + {seed}, 'name', 'instance ' || n % 977, 'state', 'running', 'zone', 'eu-1b',
    'price', (n % 5000) / 16.0, 'tags', jsonb_build_object('owner', 'team ' || n % 41, 'cost center', n % 97),
    'addresses', jsonb_build_array('10.0.' || n % 256 || '.7', '192.168.' || n % 256 || '.1'),
    'note', 'created by the controller at its second attempt')::text"""
DOCUMENTS = range(1, 4)


def config(folder):
    text = 'plugin "remembering" {\n  source = "csv"\n  cache_ttl = 3600\n  cache_max_mb = 1024\n}\n'
    for name, kind, files, quote in (("made", "jsonb", "*.tsv", ""), ("texts", "text", "*.tsv", ""),
                                     ("made_quoted", "jsonb", "*.csv", '\\"'), ("texts_quoted", "text", "*.csv", '\\"')):
        types = ", ".join(f'd{number} = "{kind}"' for number in DOCUMENTS)
        text += (f'connection "{name}" {{\n  plugin = plugin.remembering\n  paths = ["{folder}/{files}"]\n'
                 f'  columns = {{ {types} }}\n  quote = "{quote}"\n}}\n')
    return text


def prepare(instance):
    folder = instance.path("json")
    os.mkdir(folder)
    penstock.shutil.chown(folder, penstock.service_user())
    documents = ", ".join(f"{DOCUMENT.format(seed=number)} as d{number}" for number in DOCUMENTS)
    for name, form in (("plain.tsv", "delimiter e'\\t', quote e'\\x01'"), ("quoted.csv", "delimiter ','")):
        instance.superuser(f"copy (select {documents} from generate_series(1::int8, {ROWS}) n) "
                           f"to '{folder}/{name}' (format csv, header, {form})")
    instance.write("json.spc", config(folder))
    for name in ("made", "texts", "made_quoted", "texts_quoted"):
        instance.wait_state(name, "ready")


def check_same_rows(cursor, made, texts):
    """A benchmark of wrong results is worth nothing."""
    answers = []
    for table, cast in ((made, ""), (texts, "::jsonb")):
        columns = ", ".join(f"d{number}{cast}::text" for number in DOCUMENTS)
        cursor.execute(f"select count(*), sum(hashtextextended(row({columns})::text, 0)) from {table}")
        answers.append(cursor.fetchall())
    assert answers[0] == answers[1] and answers[0][0][0] == ROWS, answers


def bench(cursor, report, name, made, texts):
    """The server counts the values, so that it needs each of them and nothing else of it."""
    check_same_rows(cursor, made, texts)
    arms = {"plugin": (made, ""), "jsonb_in": (texts, "::jsonb"), "text": (texts, "")}
    times = measure.paired(cursor, {
        arm: "select " + ", ".join(f"count(d{number}{cast})" for number in DOCUMENTS) + f" from {table}"
        for arm, (table, cast) in arms.items()}, rounds=9)
    for arm, values in times.items():
        per_document = measure.median(values) * 1e9 / ROWS / len(DOCUMENTS)
        report.note(f"{name}, {arm}: {per_document:.0f} ns a document")
    value = measure.ratio(times, "jsonb_in", "plugin")
    report.add(name, value, "times", "at least 3", value >= 3)


def main():
    report = measure.Report(sys.argv[1])
    with penstock.Instance({}) as instance:
        prepare(instance)
        cursor = instance.connect().cursor()
        cursor.execute("set max_parallel_workers_per_gather = 0; set jit = off; set penstock.aggregate_pushdown = off; "
                       "set penstock.cache = off")
        bench(cursor, report, "jsonb_speedup_vs_text", "made.plain", "texts.plain")
        bench(cursor, report, "jsonb_speedup_vs_text_quoted", "made_quoted.quoted", "texts_quoted.quoted")
        cursor.execute("set penstock.cache = on")
        bench(cursor, report, "jsonb_speedup_vs_text_cached", "made.plain", "texts.plain")
    report.finish()


main()
