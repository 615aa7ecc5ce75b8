"""Connections that are still loading and `penstock query` in the background, for tests/e2e.

use(instance) says of which Instance; plugin `gated` keeps a connection loading until open_gate(name).
"""

import contextlib
import os
import subprocess

import penstock
from penstock import Failure, wait_until

INSTANCE = GATE = None
EXAMPLE = 'connection "ex" {\n  plugin = "example"\n  rows = 3\n}\n'
WAITING = "select exists (select from pg_catalog.pg_locks"  # what a waiting session has asked last


def gate(name):
    return INSTANCE.path("files", name + ".gate")


def many(name, tables=3, more=""):
    return (f'connection "{name}" {{\n  plugin = "gated"\n  tables = {tables}\n  columns = 2\n  gate = "{gate(name)}"\n'
            f"{more}}}\n")


def open_gate(name):
    INSTANCE.write(name + ".gate", "", folder="files", mode=0o644)


def is_loading(row):
    return row is not None and row[0] in ("pending", "updating")


def forget(*names):
    for name in names:
        open_gate(name)
        INSTANCE.remove(name + ".spc")
    for name in names:
        INSTANCE.wait_state(name, None)
        os.unlink(gate(name))


@contextlib.contextmanager
def loading(*names, more=""):
    """Connections whose plugin does not say what it has before open_gate(name)."""
    for name in names:
        INSTANCE.write(name + ".spc", many(name, more=more))
    try:
        for name in names:
            INSTANCE.wait_for(lambda: INSTANCE.state(name), is_loading, f"{name} to be loading")
        yield
    finally:
        forget(*names)


class Query:
    """`penstock query` in the background."""

    def __init__(self, *arguments, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stderr", subprocess.PIPE)
        self.process = subprocess.Popen([penstock.PENSTOCK, *arguments], env=INSTANCE.environment,
                                        stdout=subprocess.PIPE, text=True, **options)

    def is_waiting(self):
        return INSTANCE.rows("select count(*) from pg_stat_activity where application_name = 'penstock' "
                             "and state = 'idle' and query like %s", WAITING + "%")[0][0] > 0

    def until_waiting(self):
        wait_until(lambda: self.is_waiting() or self.process.poll() is not None, "the query to wait", 20)
        if self.process.poll() is not None:
            raise Failure(f"the query did not wait: {self.end()}")
        return self

    def until_at_gate(self):
        """Until it runs public.gate(), which ends with open_gate()."""
        wait_until(lambda: INSTANCE.rows("select count(*) from pg_locks where locktype = 'advisory' and not granted "
                                         "and objid = 4711") == [(1,)] or self.process.poll() is not None,
                   "the query to be at the gate", 20)
        return self

    @staticmethod
    def open_gate():
        GATE.rollback()
        GATE.cursor().execute("select pg_advisory_xact_lock(4711)")

    def end(self):
        out, error = self.process.communicate(timeout=60)
        return self.process.returncode, out, error


def query(*arguments, **options):
    done = INSTANCE.cli("query", "--output", "csv", *arguments, **options)
    return done.returncode, done.stdout, done.stderr


def waits_and_succeeds(name, sql, *options, out="count\n0\n"):
    waiting = Query("query", "--output", "csv", *options, sql).until_waiting()
    open_gate(name)
    assert waiting.end() == (0, out, "")


def tries(sql):
    """How often the server was asked to run `sql`."""
    with open(INSTANCE.path("logs", "postgresql.log")) as file:
        return file.read().count("LOG:  statement: " + sql + "\n")


def change_state(name):
    """Updating and ready again, as after a change of nothing."""
    INSTANCE.superuser("set role penstock_owner; " + "; ".join(
        f"update penstock.connection_state set state = '{state}' where connection_name = '{name}'"
        for state in ("updating", "ready")))


def use(instance):
    global INSTANCE
    INSTANCE = instance
    return instance


def instance():
    """Connections `ex` and `files`, and a view of the first; not started yet. Then prepare()."""
    made = use(penstock.Instance({"ex.spc": EXAMPLE}))
    made.write("files.spc", f'connection "files" {{\n  plugin = "csv"\n  paths = ["{made.path("files", "good.csv")}"]\n}}\n')
    made.write("good.csv", "id,w\n1,a\n", folder="files", mode=0o644)
    return made


def prepare():
    """Every statement is logged (tries()), the view is there, and the gate."""
    INSTANCE.superuser("alter database penstock set log_statement = 'all'; "
                       "create view public.through_a_view as select * from ex.example_numbers; "
                       "grant select on public.through_a_view to penstock_users")
    make_gate()


def make_gate():
    """public.gate(), which returns after Query.open_gate()."""
    global GATE
    INSTANCE.superuser("create function public.gate() returns void language sql as 'select pg_advisory_xact_lock_shared(4711)'")
    GATE = INSTANCE.connect(autocommit=False)
    GATE.cursor().execute("select pg_advisory_xact_lock(4711)")
