#!/usr/bin/python3
"""Killed at any instant, Penstock converges: state = files, no torn schema, no user view lost, no
process left over, no row that stays pending or updating.

The matrix kills penstockd at its n-th system call of an operation, n spread over the whole range:
PENSTOCK_KILL_POINTS of them (20) each way, or "all".
"""

import os
import time

import penstock
from controlled import Controlled
from kill_at_call import KillAtCall
from penstock import Failure, wait_until

POINTS = os.environ.get("PENSTOCK_KILL_POINTS", "20")

KEEP = """connection "keep" {{
  plugin = "csv"
  paths  = ["{0}/keep/*.csv"]
}}
"""
CHANGED = """connection "changed" {{
  plugin = "csv"
  paths  = ["{0}/changed/*.csv"]
{1}
}}
"""
ADDED = """connection "added" {{
  plugin = "example"
}}
connection "added_too" {{
  plugin = "csv"
  paths  = ["{0}/keep/*.csv"]
}}
"""
IDLE = """connection "idle" {{
  plugin = "csv"
  import_schema = "lazy"
  paths  = ["{0}/keep/*.csv"]
}}
"""
NARROW, WIDE = "a,b\n1,2\n", "a,b,c\n1,2,3\n"


class Matrix(Controlled):
    """Two connections that stay, one of which changes, and two that come and go."""

    def __init__(self):
        super().__init__()
        os.chmod(self.home, 0o755)
        self.changed_columns = ["a", "b"]
        self.is_added = False
        self.idle_tables = []  # what may be in the schema of the lazy connection; empty: no connection
        for number in range(3):
            self.write(f"k{number}.csv", NARROW, folder="keep", mode=0o644)
            self.write(f"c{number}.csv", NARROW, folder="changed", mode=0o644)
        for folder in ("keep", "changed"):
            os.chmod(self.path(folder), 0o755)
        self._configure_changed("")

    def start(self):
        super().start()
        self.wait_right()
        self.superuser("create view public.on_keep as select a, b from keep.k0;"
                       "create view public.on_changed as select b from changed.c0;"
                       "create materialized view public.of_both as select k.a, c.b from keep.k1 k join changed.c1 c on k.a = c.a;"
                       "grant select on public.on_keep, public.on_changed, public.of_both to penstock_users")

    # -- the operations

    def add(self):
        self.write("b.spc", ADDED.format(self.home))
        self.is_added = True

    def drop(self):
        # No connection, but no missing file: that would count two seconds later.
        self.write("b.spc", "# none\n")
        self.is_added = False

    def widen(self):
        self._write_tables(WIDE)
        self.changed_columns = ["a", "b", "c"]

    def narrow(self):
        self._write_tables(NARROW)
        self.changed_columns = ["a", "b"]

    def _write_tables(self, text):
        for number in range(3):
            self.write(f"c{number}.csv", text, folder="changed", mode=0o644)

    def edit(self):
        self._configure_changed('  file_name_column = "_file"')
        self.changed_columns = ["_file", "a", "b"]

    def edit_back(self):
        self._configure_changed("")
        self.changed_columns = ["a", "b"]

    def _configure_changed(self, argument):
        self.write("a.spc", KEEP.format(self.home) + CHANGED.format(self.home, argument))

    def load(self):
        """Asks for the tables of the lazy connection. Whoever is killed forgets that."""
        self.superuser("select penstock.load('idle')")
        self.idle_tables = [set(), {"k0", "k1", "k2"}]

    def renew_idle(self):
        """A lazy connection whose tables nobody has asked for yet."""
        self.write("c.spc", "# none\n")
        self.idle_tables = []
        self.wait_right()
        self.write("c.spc", IDLE.format(self.home))
        self.idle_tables = [set()]
        self.wait_right()

    def is_loaded(self):
        return (set(self.columns("idle")) == self.idle_tables[-1]
                and self.look("select imported and comments_set from penstock.connection_state "
                              "where connection_name = 'idle'") == [(True,)])

    # -- what must hold

    def expected(self):
        names = ["keep", "changed"] + (["added", "added_too"] if self.is_added else [])
        names += ["idle"] if self.idle_tables else []
        return {name: "ready" for name in names}

    def tables_are_right(self):
        return (self.columns("keep") == {f"k{n}": ["a", "b"] for n in range(3)}
                and self.columns("changed") == {f"c{n}": self.changed_columns for n in range(3)}
                and set(self.columns("idle")) in (self.idle_tables or [set()])
                and set(self.columns("added_too")) == ({"k0", "k1", "k2"} if self.is_added else set())
                and ("example_numbers" in self.columns("added")) == self.is_added)

    def wait_right(self):
        """Everything that must be so after a kill and a restart."""
        self.wait_quiet(self.expected())
        wait_until(self.tables_are_right, "the tables as in the files; changed: " + str(self.columns("changed")))
        wait_until(lambda: not self.orphans(), "orphan plugin processes to end", 10)
        if self.torn():
            raise Failure(f"torn: {self.torn()}")
        unwanted = self.look("select schema_name from penstock.live_schema where is_ours and schema_name::text not in "
                             "(select connection_name from penstock.connection_state)")
        if unwanted:
            raise Failure(f"schemas without a connection: {unwanted}")

    def views_are_there(self):
        assert len(self.look("select * from public.on_keep")) == 1
        assert self.look("select b::text from public.on_changed") == [("2",)]
        assert len(self.look("select * from public.of_both")) == 1

    def is_done(self):
        """Has the operation in hand ended, comments and processes included?"""
        rows = self.look("select connection_name, state from penstock.connection_state where comments_set")
        instances = {name for (name,) in self.look("select instance from penstock.plugin where state = 'running'")}
        return (dict(rows) == self.expected() and self.tables_are_right() and not self.torn()
                and instances == ({"csv", "example"} if self.is_added else {"csv"}))

    # -- one point

    def strike(self, operation, when):
        """Kills penstockd at system call `when` of the operation, or when it has ended."""
        killer = KillAtCall(self.controller.pid, when)
        operation()
        return self._follow(killer, self.is_loaded if operation == self.load else self.is_done)

    def strike_start(self, operation, when):
        """The same from the first system call of penstockd on, which finds the operation to be done."""
        self.controller.terminate()
        self.controller.wait()
        operation()
        self.start_controller()
        program = f"/proc/{self.controller.pid}/exe"
        wait_until(lambda: os.readlink(program).endswith("/penstockd"), "penstockd to be executed")
        killer = KillAtCall(self.controller.pid, when)
        return self._follow(killer, lambda: self.has_taken_over() and self.is_done())

    def _follow(self, killer, is_done):
        end = time.monotonic() + penstock.DEADLINE_S
        while not killer.wait(0.01):
            if time.monotonic() > end:
                raise Failure(f"nothing happened: {killer.count} calls of {killer.when}\n{self.log()}")
            if is_done():
                killer.kill()
        self.controller.wait()
        return killer

    def converge(self):
        self.start_controller()
        self.wait_right()
        self.views_are_there()


class Points:
    """Spread over the calls that one pass took. Another may take fewer (the first one also ends what was under way
    before it): where one turned out to end, those that are left are spread up to there."""

    def __init__(self, count):
        self.count = self.end = count
        self.wanted = count if POINTS == "all" else min(int(POINTS), count)
        self.struck = 0

    def __len__(self):
        return self.wanted

    def __getitem__(self, index):
        last = self.count if POINTS == "all" else self.end
        return 1 + round(min(index, self.wanted - 1) * (last - 1) / max(self.wanted - 1, 1))

    def note(self, killer):
        if killer.call is None:
            self.end = max(min(self.end, killer.count), 1)
        else:
            self.struck += 1

    def check(self):
        assert self.struck >= self.wanted / 2, f"{self.struck} of {self.wanted}: most points were past the end"


def matrix(there, back, strike=None):
    """Kills at each point on the way there and on the way back, in turn."""
    strike = strike or INSTANCE.strike
    points = {}
    for operation in (there, back):
        points[operation] = Points(strike(operation, None).count)
        INSTANCE.converge()
    for index in range(max(map(len, points.values()))):
        for operation, its in points.items():
            where = its[index]
            killer = strike(operation, where)
            its.note(killer)
            try:
                INSTANCE.converge()
            except Exception as failure:
                raise Failure(f"{operation.__name__}, killed at call {where} of {its.count} "
                              f"(system call {killer.call}): {failure}") from failure
    print("# " + ", ".join(f"{operation.__name__}: {its.struck} kills, {its.count} calls" for operation, its in points.items()))
    for its in points.values():
        its.check()


def penstockd_killed_at_any_system_call_of_an_added_or_removed_connection():
    matrix(INSTANCE.add, INSTANCE.drop)


def penstockd_killed_at_any_system_call_of_a_change_of_the_plugins_tables():
    matrix(INSTANCE.widen, INSTANCE.narrow)


def penstockd_killed_at_any_system_call_of_a_change_of_an_argument():
    matrix(INSTANCE.edit, INSTANCE.edit_back)


def penstockd_killed_at_any_system_call_of_its_start():
    matrix(INSTANCE.add, INSTANCE.drop, INSTANCE.strike_start)


def penstockd_killed_at_any_system_call_of_a_load_of_lazy_tables():
    INSTANCE.renew_idle()
    points = Points(INSTANCE.strike(INSTANCE.load, None).count)
    INSTANCE.converge()
    for index in range(len(points)):
        INSTANCE.renew_idle()
        where = points[index]
        killer = INSTANCE.strike(INSTANCE.load, where)
        points.note(killer)
        try:
            INSTANCE.converge()
            INSTANCE.load()
            wait_until(INSTANCE.is_loaded, "the tables after another request")
        except Exception as failure:
            raise Failure(f"load, killed at call {where} of {points.count} (system call {killer.call}): {failure}") from failure
    print(f"# load: {points.struck} kills, {points.count} calls")
    points.check()
    INSTANCE.write("c.spc", "# none\n")
    INSTANCE.idle_tables = []
    INSTANCE.wait_right()


with Matrix() as INSTANCE:
    penstock.run_tests([
        penstockd_killed_at_any_system_call_of_an_added_or_removed_connection,
        penstockd_killed_at_any_system_call_of_a_change_of_the_plugins_tables,
        penstockd_killed_at_any_system_call_of_a_change_of_an_argument,
        penstockd_killed_at_any_system_call_of_its_start,
        penstockd_killed_at_any_system_call_of_a_load_of_lazy_tables,
    ])
