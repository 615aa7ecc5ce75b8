"""An Instance whose penstockd the test starts, kills and starts again while the server goes on."""

import os
import signal
import subprocess

import penstock
from penstock import Failure, Instance, wait_until


class Controlled(Instance):
    controller = None  # Popen

    def start(self):
        super().start()
        self._end_of_the_services_own()
        self.start_controller()

    def _end_of_the_services_own(self):
        for pid in self.processes("bin/penstockd"):
            os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not self.processes("bin/penstockd"), "penstockd to end")

    def controller_command(self, *options):
        return penstock.as_service_user([os.path.join(penstock.STAGE, "bin", "penstockd"), "--home", self.home,
                                         "--plugin-dir", os.path.join(penstock.STAGE, "lib", "penstock", "plugins"),
                                         *options])

    def start_controller(self, *options):
        self.last_event = int(self.superuser("select coalesce(max(id), 0) from penstock.event"))
        self.controller = subprocess.Popen(self.controller_command(*options), cwd="/", stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self.controller.pid

    def kill_controller(self):
        self.controller.kill()
        self.controller.wait()

    def close(self):
        if self.controller is not None and self.controller.poll() is None:
            self.controller.terminate()
            self.controller.wait()
        super().close()

    def plugin_processes(self):
        return self.processes("lib/penstock/plugins/")

    # -- one session that stays open, for the many looks of a test

    def look(self, sql, *parameters):
        session = getattr(self, "_session", None)
        if session is None or session.closed:
            session = self._session = self.connect()
        with session.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def has_taken_over(self):
        """Does the controller started last lead, and has it set the rows back to pending? Its first
        event is written after that."""
        return self.look("select exists (select from penstock.event where id > %s and event = 'start') and "
                         "exists (select from penstock.controller where pid = %s)",
                         self.last_event, self.controller.pid)[0][0]

    def wait_quiet(self, expected, deadline_s=penstock.DEADLINE_S):
        """Until the controller started last leads and connections are `expected`: name → state."""
        seen = {}

        def is_right():
            if not self.has_taken_over():
                return False
            seen.clear()
            seen.update(self.look("select connection_name, state from penstock.connection_state"))
            return seen == expected
        try:
            wait_until(is_right, f"connections {expected}", deadline_s)
        except Failure as failure:
            errors = self.look("select connection_name, state, error from penstock.connection_state")
            raise Failure(f"{failure}; last seen: {errors}\n{self.log()}") from None

    def columns(self, schema):
        """table → its columns in alphabetical order."""
        return dict(self.look(
            "select c.relname::text, array_agg(a.attname::text order by a.attname) from pg_class c "
            "join pg_namespace n on n.oid = c.relnamespace "
            "left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
            "where n.nspname = %s and c.relkind = 'f' group by 1", schema))

    def torn(self):
        """Connections in state ready whose live schema is not what the row says it was made from."""
        return [name for (name,) in self.look(
            "select cs.connection_name from penstock.connection_state cs "
            "left join penstock.live_schema s on s.schema_name::text = cs.connection_name "
            "where cs.state = 'ready' and (s.is_ours is not true or s.live_hash is distinct from cs.live_hash)")]

    def orphans(self):
        """Plugin processes that the leading controller does not know."""
        known = {pid for (pid,) in self.look("select pid from penstock.plugin where pid is not null")}
        return [pid for pid in self.plugin_processes() if pid not in known]
