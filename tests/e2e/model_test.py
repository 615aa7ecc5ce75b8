#!/usr/bin/python3
"""Random sequences of everything that may happen to a live instance, checked against a model of what
the configuration wants: every transition that a listener hears is legal and follows the one before,
and when all is quiet the state equals the configuration.

PENSTOCK_SOAK_S seconds (60); PENSTOCK_SEED repeats a run, or one sequence of it.
"""

import json
import os
import random
import select
import signal
import sys
import time

import penstock
from controlled import Controlled
from penstock import Failure, psycopg2, wait_until

SECONDS = float(os.environ.get("PENSTOCK_SOAK_S", "60"))
# A check tries the same sequences every time, a soak others in each run.
SEED = int(os.environ.get("PENSTOCK_SEED", "0")) or (
    random.SystemRandom().randrange(1, 1 << 31) if "PENSTOCK_SOAK_S" in os.environ else 20261120)
FOLDERS, FILES, NAMES, COLUMNS = ("d0", "d1", "d2"), range(4), range(8), "abcdef"
LONGEST_PAUSE_S = 0.15

BLOCK = """connection "{name}" {{
  plugin        = "csv"
  paths         = ["{folder}/*.csv"]
  all_text      = {all_text}
  import_schema = "{import_schema}"
}}
"""


class Model(Controlled):
    """What the configuration wants, beside the instance that has to follow."""

    def __init__(self):
        super().__init__()
        os.chmod(self.home, 0o755)
        self.tables = {folder: {} for folder in FOLDERS}  # folder → table → columns
        self.files = {}                                   # file → connections in it
        self.broken = set()
        self.foreign = set()                              # schemas that are not ours
        self.random = random.Random(SEED)
        self.history = []
        self.reader = None
        for folder in FOLDERS:
            self.write("t0.csv", "a,b\n1,2\n", folder=folder, mode=0o644)
            os.chmod(self.path(folder), 0o755)
            self.tables[folder]["t0"] = "ab"

    # -- the configuration

    def configure(self, number):
        text = "".join(BLOCK.format(**dict(one, folder=self.path(one["folder"]))) for one in self.files[number])
        self.write(f"f{number}.spc", text)
        self.broken.discard(number)

    def used_names(self):
        return {one["name"] for connections in self.files.values() for one in connections}

    def free_name(self):
        return self.random.choice([f"c{n}" for n in NAMES if f"c{n}" not in self.used_names()])

    def some_connection(self):
        number = self.random.choice(sorted(self.files))
        return number, self.random.choice(self.files[number])

    def add(self):
        free = [number for number in FILES if number not in self.files]
        number = self.random.choice(free or sorted(self.files))
        if len(self.used_names()) < len(NAMES):
            self.files.setdefault(number, []).append(
                {"name": self.free_name(), "folder": self.random.choice(FOLDERS), "all_text": "false",
                 "import_schema": "enabled"})
            self.configure(number)

    def remove(self):
        number = self.random.choice(sorted(self.files))
        del self.files[number]
        self.broken.discard(number)
        self.remove_file(f"f{number}.spc")

    def remove_file(self, name):
        os.unlink(self.path("config", name))

    def change_argument(self):
        number, connection = self.some_connection()
        connection["all_text"] = "true" if connection["all_text"] == "false" else "false"
        self.configure(number)

    def change_folder(self):
        number, connection = self.some_connection()
        connection["folder"] = self.random.choice(FOLDERS)
        self.configure(number)

    def disable_or_enable(self):
        number, connection = self.some_connection()
        connection["import_schema"] = "disabled" if connection["import_schema"] == "enabled" else "enabled"
        self.configure(number)

    def rename(self):
        if len(self.used_names()) < len(NAMES):
            number, connection = self.some_connection()
            connection["name"] = self.free_name()
            self.configure(number)

    def break_file(self):
        number = self.random.choice(sorted(self.files))
        self.write(f"f{number}.spc", 'connection "c0" {\n  plugin =')
        self.broken.add(number)

    def repair(self):
        for number in sorted(self.broken):
            self.configure(number)

    # -- the plugin's tables

    def change_table(self):
        folder, table = self.random.choice(FOLDERS), f"t{self.random.randrange(3)}"
        columns = "".join(sorted(self.random.sample(COLUMNS, self.random.randrange(2, 6))))
        self.tables[folder][table] = columns
        text = ",".join(columns) + "\n" + ",".join(str(n) for n in range(len(columns))) + "\n"
        self.write(f"{table}.csv", text, folder=folder, mode=0o644)

    def remove_table(self):
        folder = self.random.choice(FOLDERS)
        if len(self.tables[folder]) > 1:
            table = self.random.choice(sorted(self.tables[folder]))
            del self.tables[folder][table]
            os.unlink(self.path(folder, f"{table}.csv"))

    # -- kills

    def kill_penstockd(self):
        self.kill_controller()
        self.start_controller()

    def restart_penstockd(self):
        self.controller.terminate()
        self.controller.wait()
        self.start_controller()

    def kill_plugin(self):
        for pid in self.plugin_processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def terminate_sessions(self):
        self.superuser("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'penstockd'")

    # -- hands in the database; what is not there, or locked, is left alone

    def by_hand(self, sql):
        return self.superuser("set lock_timeout = '200ms'; set deadlock_timeout = '200ms';" + sql, check=False)

    def drop_schema(self):
        self.by_hand(f"drop schema c{self.random.choice(NAMES)} cascade")
        self.forget_foreign()

    def drop_table(self):
        _, connection = self.some_connection()
        self.by_hand(f"drop foreign table {connection['name']}.t0 cascade")

    def alter_table(self):
        _, connection = self.some_connection()
        change = self.random.choice(["add column by_hand text", "drop column if exists a", "rename b to by_hand",
                                     "options (set name 'x')", "rename to by_hand"])
        self.by_hand(f"alter foreign table {connection['name']}.t0 {change}")

    def rename_schema(self):
        _, connection = self.some_connection()
        if connection["name"] not in self.foreign:
            self.by_hand(f"alter schema {connection['name']} rename to moved_{len(self.history)}")

    def take_name(self):
        name = f"c{self.random.choice(NAMES)}"
        self.by_hand(f"create schema {name}; create table {name}.precious (a int)")
        self.forget_foreign()

    def make_view(self):
        """What it needs must stay until it goes."""
        _, connection = self.some_connection()
        self.by_hand(f"create view public.held_{len(self.history)} as select b from {connection['name']}.t0")

    def drop_views(self):
        self.superuser("do $$ declare v name; begin for v in select viewname from pg_views where viewname like 'held%' "
                       "loop execute format('drop view public.%I', v); end loop; end $$")

    def read_for_long(self):
        """A lock that every change of the table has to wait for."""
        self.end_reading()
        _, connection = self.some_connection()
        self.reader = self.connect(autocommit=False)
        try:
            self.reader.cursor().execute(f"set lock_timeout = '200ms'; explain select * from {connection['name']}.t0")
        except psycopg2.Error:
            self.reader.rollback()

    def end_reading(self):
        if self.reader is not None:
            self.reader.close()
            self.reader = None

    def forget_foreign(self):
        self.foreign = set(self.superuser(
            "select n.nspname from pg_namespace n join pg_class c on c.relnamespace = n.oid "
            "where c.relname = 'precious'").split())

    # -- the end of a sequence

    def expected(self):
        states = {}
        for connection in (one for connections in self.files.values() for one in connections):
            name = connection["name"]
            states[name] = "disabled" if connection["import_schema"] == "disabled" else (
                "error" if name in self.foreign else "ready")
        return states

    def differences(self):
        """What is not as configured, or []."""
        found = []
        for connection in (one for connections in self.files.values() for one in connections):
            name = connection["name"]
            live = {table: "".join(columns) for table, columns in self.columns(name).items()}
            wanted = {"ready": self.tables[connection["folder"]]}.get(self.expected()[name], {})
            if live != wanted:
                found.append((name, live, wanted))
        found += [("torn", name) for name in self.torn()]
        found += [("orphan", pid) for pid in self.orphans()]
        found += [("schema", name) for (name,) in self.look(
            "select schema_name::text from penstock.live_schema where is_ours and schema_name not like 'moved%' "
            "and schema_name::text not in (select connection_name from penstock.connection_state "
            "where state in ('ready', 'updating', 'pending', 'error'))")]
        return found

    def settle(self):
        self.repair()
        self.end_reading()
        self.drop_views()
        self.superuser("select penstock.refresh()")
        self.wait_quiet(self.expected())
        try:
            wait_until(lambda: not self.differences(), "the tables as configured")
        except Failure as failure:
            raise Failure(f"{failure}: {self.differences()}\n{self.log()}") from None
        self.wait_quiet(self.expected())


class Listener:
    """Checks each transition as it comes."""

    def __init__(self, instance):
        self.session = instance.connect()
        self.legal = set(instance.look("select from_state, to_state from penstock.transition"))
        self.session.cursor().execute("listen connection_state")
        self.states, self.generations, self.count = {}, {}, 0

    def check(self):
        self.session.poll()
        while self.session.notifies:
            note = json.loads(self.session.notifies.pop(0).payload)
            name, step = note["connection"], (note["from"], note["to"])
            assert step in self.legal, f"illegal: {note}"
            assert self.states.get(name) == note["from"], f"{note} after {self.states.get(name)}"
            assert note["generation"] > self.generations.get(name, 0), f"{note} after {self.generations[name]}"
            self.states[name], self.generations[name] = note["to"], note["generation"]
            self.count += 1


ACTIONS = [(8, Model.add), (3, Model.remove), (5, Model.change_argument), (3, Model.change_folder),
           (3, Model.disable_or_enable), (4, Model.rename), (2, Model.break_file), (2, Model.repair),
           (6, Model.change_table), (3, Model.remove_table), (4, Model.kill_penstockd), (1, Model.restart_penstockd),
           (1, Model.kill_plugin), (1, Model.terminate_sessions), (2, Model.drop_schema), (2, Model.drop_table),
           (3, Model.alter_table), (2, Model.rename_schema), (2, Model.take_name),
           (3, Model.make_view), (2, Model.drop_views), (2, Model.read_for_long), (2, Model.end_reading)]


def sequence(model, listener, seed):
    model.random.seed(seed)
    model.history = []
    model.superuser("do $$ declare s name; begin for s in select nspname from pg_namespace where nspname like 'moved%' "
                    "loop execute format('drop schema %I cascade', s); end loop; end $$")
    for _ in range(model.random.randrange(4, 16)):
        can = [(weight, action) for weight, action in ACTIONS if model.files or action is Model.add]
        (_, action), = model.random.choices(can, [weight for weight, _ in can])
        model.history.append(action.__name__)
        action(model)
        if model.random.random() < 0.5:
            select.select([listener.session], [], [], model.random.random() * LONGEST_PAUSE_S)
        listener.check()
    model.settle()
    listener.check()


def random_sequences_end_as_configured_and_every_transition_is_legal():
    print(f"# seed {SEED}")
    began, done, slowest = time.monotonic(), 0, 0.0
    with Model() as model:
        listener = Listener(model)
        while time.monotonic() - began < SECONDS:
            started = time.monotonic()
            try:
                sequence(model, listener, SEED + done)
            except Exception as failure:
                raise Failure(f"seed {SEED}, sequence {done}: {model.history}\nfiles {model.files}\ntables "
                              f"{model.tables}\nforeign {model.foreign}\n{failure}") from failure
            slowest = max(slowest, time.monotonic() - started)
            done += 1
    print(f"# {done} sequences, {listener.count} transitions, slowest sequence {slowest:.1f} s")


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    penstock.run_tests([random_sequences_end_as_configured_and_every_transition_is_legal])
