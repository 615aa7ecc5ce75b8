"""Queries that wait for tables, in sessions of their own, and a look at where they wait."""

import threading

import psycopg2

from controlled import Controlled
from penstock import DEADLINE_S, Failure, wait_until

STATE = "select state, imported from penstock.connection_state where connection_name = %s"


def many(name, tables=3, gate=None, lazy=False, **arguments):
    """A connection of plugin `many`: tables many_1, many_2, … Its tables are listed once file `gate` exists."""
    lines = ['plugin = "many"', f"tables = {tables}", "columns = 2"]
    lines += [f'gate = "{gate}"'] if gate else []
    lines += ['import_schema = "lazy"'] if lazy else []
    lines += [f"{key} = {value}" for key, value in arguments.items()]
    return f'connection "{name}" {{\n' + "".join(f"  {line}\n" for line in lines) + "}\n"


class Gated(Controlled):
    """Connection `m` whose plugin says what it has once open() is called."""

    def __init__(self, others=None):
        super().__init__(others)
        self.gate = self.path("gate")

    def start(self):
        super().start()  # `service start` waits until there is nothing to wait for
        self.write("m.spc", many("m", gate=self.gate))
        wait_until(lambda: self.look(STATE, "m"), "the connection to appear")

    def open(self):
        with open(self.gate, "w"):
            pass


class Query:
    """One statement (or several) in a thread; `session` stays usable afterwards."""

    def __init__(self, instance, sql, before=(), session=None):
        self.instance = instance
        self.session = session or instance.connect()
        self.rows = self.error = None
        for statement in before:
            with self.session.cursor() as cursor:
                cursor.execute(statement)
        self.pid = self.session.get_backend_pid()
        self._thread = threading.Thread(target=self._run, args=(sql,), daemon=True)
        self._thread.start()

    def _run(self, sql):
        try:
            with self.session.cursor() as cursor:
                cursor.execute(sql)
                self.rows = cursor.fetchall() if cursor.description else []
        except psycopg2.Error as error:
            self.error = error

    @property
    def is_over(self):
        return not self._thread.is_alive()

    def where(self):
        """('Extension', …): it waits for the controller; ('Lock', 'object'): for the loader."""
        rows = self.instance.look("select wait_event_type, wait_event from pg_stat_activity where pid = %s", self.pid)
        return rows[0] if rows else None

    def wait_until_at(self, kind):
        wait_until(lambda: self.is_over or (self.where() or [None])[0] == kind, f"the query to wait at {kind}")
        if self.is_over:
            raise Failure(f"did not wait: {self.rows} {self.error!r}\n{self.instance.log()}")
        return self

    def result(self, deadline_s=DEADLINE_S):
        self._thread.join(deadline_s)
        if not self.is_over:
            raise Failure(f"still waits at {self.where()} after {deadline_s} s\n{self.instance.log()}")
        if self.error is not None:
            raise Failure(f"{self.error.pgcode} {self.error}\n{self.instance.log()}")
        return self.rows

    def sqlstate(self, deadline_s=DEADLINE_S):
        self._thread.join(deadline_s)
        if not self.is_over:
            raise Failure(f"still waits at {self.where()} after {deadline_s} s\n{self.instance.log()}")
        if self.error is None:
            raise Failure(f"no error but {self.rows}")
        return self.error.pgcode
