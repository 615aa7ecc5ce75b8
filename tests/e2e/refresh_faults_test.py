#!/usr/bin/python3
"""What may break around penstockd in the middle of a refresh: the plugin, a backend, the server, the
disk, another controller. Each time all is as configured again, without a hand on it."""

import contextlib
import errno
import os
import shutil
import signal
import subprocess

import penstock
from controlled import Controlled
from penstock import Failure, wait_until

TABLES = 120
WAL = os.path.join("data", "pg_wal")
DISK_SIZES = {"data": "220m", WAL: "200m", "logs": "1m", "config": "1m"}
# A refresh after a server that came back may first wait out a backoff of 30 s.
PATIENCE_S = 90
LEADERS_LOCK = "from pg_locks where locktype = 'advisory' and granted and classid = 1347638347"


class Wide(Controlled):
    """One connection whose TABLES tables change all at once."""

    def __init__(self, small_disk=None):
        super().__init__()
        os.chmod(self.home, 0o755)
        self.small_disk = small_disk  # a folder of the home
        self.has_second = False  # a controller with plugin processes of its own
        for number in range(TABLES):
            self.write(f"t{number}.csv", "a,b\n1,2\n", folder="tables", mode=0o644)
        os.chmod(self.path("tables"), 0o755)
        self.configure(False)

    def close(self):
        try:
            if self.small_disk:
                self.stop()
                subprocess.run(["umount", self.path(self.small_disk)], check=True)
        finally:
            super().close()

    def start(self):
        super().start()
        if self.small_disk:
            self.move_to_small_disk()
        self.wait_right()

    def move_to_small_disk(self):
        self.controller.terminate()
        self.controller.wait()
        self.stop()
        small, big = self.path(self.small_disk), self.path(self.small_disk + ".big")
        os.rename(small, big)
        os.mkdir(small)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_SIZES[self.small_disk]}", "tmpfs", small], check=True)
        subprocess.run(["cp", "-a", f"{big}/.", small], check=True)
        super().start()

    def fill_disk(self):
        """To the last byte. Returns the file that is to be removed."""
        ballast = self.path(self.small_disk, "ballast")
        with open(ballast, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError as error:
                assert error.errno == errno.ENOSPC, error
        return ballast

    def fill_disk_of_wal(self):
        """And all but the last bytes of the last segment that there is. Returns the file that is to be removed."""
        ahead = "select count(*) from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$' and name > pg_walfile_name(pg_current_wal_lsn())"
        while self.superuser(f"select pg_switch_wal(); {ahead}").splitlines()[-1] != "0":
            pass
        self.superuser("select pg_logical_emit_message(true, 'ballast', 'the segment is made')")
        ballast = self.fill_disk()
        left = 16 * 1024 * 1024 - int(self.superuser(
            "select (pg_walfile_name_offset(pg_current_wal_insert_lsn())).file_offset"))
        self.superuser(f"select pg_logical_emit_message(false, 'ballast', repeat('x', {left - 200_000}))")
        return ballast

    def is_up(self):
        try:
            return self.look("select true") == [(True,)]
        except penstock.psycopg2.Error:
            return False

    def configure(self, is_wide, name="wide", folder="config"):
        self.is_wide = is_wide
        argument = '  file_name_column = "_file"\n' if is_wide else ""
        self.write("a.spc", f'connection "{name}" {{\n  plugin = "csv"\n  paths = ["{self.path("tables")}/*.csv"]\n'
                            f"{argument}}}\n", folder=folder)

    def change(self):
        """Begins a refresh of all tables; returns in the middle of it, which is over in 10 to 30 ms:
        looking at the row again and again would miss it."""
        listener = penstock.Listener(self)
        self.configure(not self.is_wide)
        listener.transitions("wide", "updating")

    def is_right(self):
        columns = ["_file", "a", "b"] if self.is_wide else ["a", "b"]
        return (self.look("select connection_name, state from penstock.connection_state") == [("wide", "ready")]
                and self.columns("wide") == {f"t{number}": columns for number in range(TABLES)}
                and not self.torn() and (self.has_second or not self.orphans()))

    def wait_right(self):
        def is_right():
            try:
                return self.is_right()
            except penstock.psycopg2.Error:
                return False  # the server is away
        try:
            wait_until(is_right, "the tables as configured", PATIENCE_S)
        except Failure as failure:
            rows = self.look("select connection_name, state, error from penstock.connection_state")
            raise Failure(f"{failure}: {rows}, torn {self.torn()}, orphans {self.orphans()}\n{self.log()}") from None
        assert self.controller.poll() is None, "penstockd ended"
        wait_until(self.can_be_read, "a scan")

    def can_be_read(self):
        """Not at once: a plugin that starts again may listen before it knows its connections."""
        try:
            return self.look("select count(*) from wide.t0") == [(1,)]
        except penstock.psycopg2.Error:
            return False

    def has_lost_session(self):
        """Of looks: the session that is_right() goes by may otherwise not have heard of the fault yet."""
        try:
            self.look("select")
            return False
        except penstock.psycopg2.Error:
            return True

    def server_pid(self):
        with open(self.path("data", "postmaster.pid")) as file:
            return int(file.readline())

    def ctl(self, *arguments):
        command = [os.path.join(penstock.pg_bindir(), "pg_ctl"), "-D", self.path("data"), "-w", *arguments]
        subprocess.run(penstock.as_service_user(command), cwd="/", check=True, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def a_plugin_killed_in_the_middle_of_a_refresh():
    for _ in range(2):
        INSTANCE.change()
        for pid in INSTANCE.plugin_processes():
            os.kill(pid, signal.SIGKILL)
        INSTANCE.wait_right()


def sessions_of_penstockd_terminated_in_the_middle_of_a_refresh():
    for _ in range(2):
        INSTANCE.change()
        INSTANCE.superuser("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'penstockd'")
        INSTANCE.wait_right()


def a_backend_of_penstockd_killed_in_the_middle_of_a_refresh():
    """The server drops all sessions and recovers: the state is still there, and the numbers go on."""
    for _ in range(2):
        generation = INSTANCE.look("select generation from penstock.connection_state")[0][0]
        INSTANCE.change()
        pids = INSTANCE.superuser("select pid from pg_stat_activity where application_name = 'penstockd' "
                                  "order by state = 'active' desc").split()
        os.kill(int(pids[0]), signal.SIGKILL)
        wait_until(INSTANCE.has_lost_session, "the server to drop all sessions")
        INSTANCE.wait_right()
        assert INSTANCE.look("select generation from penstock.connection_state")[0][0] > generation


def the_server_restarted_in_the_middle_of_a_refresh():
    INSTANCE.change()
    INSTANCE.ctl("restart", "-m", "fast")
    INSTANCE.wait_right()


def the_server_killed_in_the_middle_of_a_refresh():
    INSTANCE.change()
    os.kill(INSTANCE.server_pid(), signal.SIGKILL)
    started = INSTANCE.cli("service", "start", "--pg-bindir", penstock.pg_bindir())
    assert started.returncode == 0, started.stdout + started.stderr
    INSTANCE.wait_right()


def a_paused_leader_is_replaced_and_refused_when_it_wakes_up():
    first = INSTANCE.controller
    # After what the tests before this one did it may still wait to connect again, or be at work on what it found.
    wait_until(lambda: INSTANCE.superuser(f"select count(*) {LEADERS_LOCK} and (select backend_start from pg_stat_activity a "
                                          "where a.pid = pg_locks.pid) < (select settled_at from penstock.controller)").strip()
               == "1", "the first to lead and to be done")
    INSTANCE.has_second = True
    second_home = INSTANCE.path("second")
    shutil.copytree(INSTANCE.path("config"), os.path.join(second_home, "config"))
    for folder, _, files in os.walk(second_home):
        for path in [folder, *(os.path.join(folder, name) for name in files)]:
            shutil.chown(path, penstock.service_user())
    database = (f"host={INSTANCE.path('run', 'pg')} port=5432 dbname=penstock user=penstock_owner "
                f"passfile={INSTANCE.path('internal', 'owner.pgpass')}")
    command = INSTANCE.controller_command("--database", database)
    command[command.index("--home") + 1] = second_home
    second = subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        def log_of_second():
            try:
                with open(os.path.join(second_home, "logs", "penstockd.log")) as file:
                    return file.read()
            except OSError:
                return ""
        try:
            wait_until(lambda: "another controller leads this database" in log_of_second(), "the second to say who leads")
        except Failure as failure:
            raise Failure(f"{failure}; it said:\n{log_of_second()}\nthe first:\n{INSTANCE.log()}") from failure
        assert second.poll() is None, "the second waits"
        assert INSTANCE.look("select pid from penstock.controller") == [(first.pid,)]

        os.kill(first.pid, signal.SIGSTOP)
        assert INSTANCE.superuser(f"select pg_terminate_backend(pid) {LEADERS_LOCK}").strip() == "t"
        wait_until(lambda: INSTANCE.look("select pid from penstock.controller") == [(second.pid,)], "the second to lead", PATIENCE_S)
        epoch = INSTANCE.look("select epoch from penstock.controller")
        INSTANCE.configure(not INSTANCE.is_wide, folder="second/config")
        INSTANCE.controller = second
        INSTANCE.wait_right()

        # The first wakes up with other wishes: a connection that the second does not know.
        INSTANCE.write("b.spc", 'connection "of_the_first" {\n  plugin = "example"\n}\n')
        os.kill(first.pid, signal.SIGCONT)
        wait_until(lambda: "another controller leads this database" in INSTANCE.log(), "the first to see that it was replaced")
        INSTANCE.configure(not INSTANCE.is_wide, folder="second/config")
        wait_until(lambda: INSTANCE.look("select connection_name, state from penstock.connection_state") == [("wide", "ready")]
                   and not INSTANCE.torn(), "the second's configuration")
        assert INSTANCE.look("select epoch from penstock.controller") == epoch
        assert first.poll() is None, "the first waits"
    finally:
        os.kill(first.pid, signal.SIGCONT)
        INSTANCE.controller = first
        second.terminate()
        second.wait()
        INSTANCE.has_second = False
    os.unlink(INSTANCE.path("config", "b.spc"))
    INSTANCE.wait_right()


def locks_of_penstockd(condition):
    return int(INSTANCE.superuser(f"select count(*) from pg_stat_activity where application_name = 'penstockd' and {condition}"))


def stop_in_a_transaction():
    """Stops penstockd while a transaction of its holds the locks of a change of wide.t7. False: it held none."""
    reader = INSTANCE.connect(autocommit=False)
    reader.cursor().execute("explain select * from wide.t7")
    INSTANCE.configure(not INSTANCE.is_wide)
    wait_until(lambda: locks_of_penstockd("wait_event_type = 'Lock'") == 1, "penstockd to wait for the reader")
    os.kill(INSTANCE.controller.pid, signal.SIGSTOP)
    reader.rollback()  # the statement under way goes on and ends; the next one does not come
    wait_until(lambda: locks_of_penstockd("state = 'active'") == 0, "the statement to end")
    return locks_of_penstockd("state = 'idle in transaction'") == 1


def a_leader_stopped_in_the_middle_of_a_change_keeps_its_locks_for_ten_seconds_at_most():
    try:
        while not stop_in_a_transaction():
            os.kill(INSTANCE.controller.pid, signal.SIGCONT)
            INSTANCE.wait_right()
        with INSTANCE.connect(options="-c statement_timeout=40s").cursor() as cursor:
            cursor.execute("select count(*) from wide.t7")
            assert cursor.fetchall() == [(1,)]
        assert INSTANCE.look("select state from penstock.connection_state") == [("updating",)]
    finally:
        os.kill(INSTANCE.controller.pid, signal.SIGCONT)
    INSTANCE.wait_right()


@contextlib.contextmanager
def leaving():
    """A connection whose deletion a view holds up. Gives a look at its row: state, attempts, error, last attempt."""
    def row():
        return INSTANCE.look("select state, attempts, error, last_attempt_at from penstock.connection_state "
                             "where connection_name = 'leaving'")
    INSTANCE.write("b.spc", 'connection "leaving" {\n  plugin = "example"\n}\n')
    INSTANCE.wait_state("leaving", "ready")
    INSTANCE.superuser("create view public.held as select * from leaving.example_numbers")
    INSTANCE.remove("b.spc")
    yield row
    INSTANCE.superuser("drop view public.held")
    INSTANCE.look("select penstock.refresh('leaving')")
    wait_until(lambda: row() == [], "the deletion", 3)


def a_refresh_by_hand_skips_the_backoff_of_a_deletion_that_a_view_held_up():
    with leaving() as row:
        wait_until(lambda: row()[0][1] >= 2, "a second attempt")
        assert row()[0][0] == "deleting" and "view public.held" in row()[0][2], row()


def a_refresh_by_hand_while_an_attempt_is_under_way_makes_another_follow_at_once():
    with leaving() as row:
        wait_until(lambda: row()[0][1] >= 1, "a first attempt")
        reader = INSTANCE.connect(autocommit=False)
        reader.cursor().execute("explain select from leaving.example_numbers")
        wait_until(lambda: locks_of_penstockd("wait_event_type = 'Lock'") == 1, "the next attempt to wait for the reader")
        [[_, attempts, _, _]] = row()
        [[last]] = INSTANCE.look("select max(id) from penstock.event")
        INSTANCE.look("select penstock.refresh('leaving')")
        wait_until(lambda: INSTANCE.look("select id from penstock.event where event = 'refresh_requested' and id > %s", last) != [],
                   "penstockd to have heard of it")
        [[released]] = INSTANCE.look("select clock_timestamp()")
        reader.rollback()
        wait_until(lambda: row()[0][1] >= attempts + 2, "the attempt under way and another one")
        assert (row()[0][3] - released).total_seconds() < 4, row()  # by itself it would wait five


def a_leader_of_an_old_epoch_is_refused_by_the_database():
    epoch = int(INSTANCE.superuser("update penstock.controller set epoch = epoch + 1 returning epoch"))
    INSTANCE.configure(not INSTANCE.is_wide)
    wait_until(lambda: f"controller of epoch {epoch - 1} is no longer the leader" in INSTANCE.log(), "the refusal")
    INSTANCE.wait_right()
    assert INSTANCE.look("select epoch from penstock.controller")[0][0] == epoch + 1, "it leads again, as another"


def the_disk_of_the_server_is_full():
    if os.getuid() != 0:
        raise Failure("prerequisite missing: only root may mount the small disk")
    with Wide("data") as small:
        # The log of the server gets a new segment first: when that cannot grow the server stops.
        small.superuser("checkpoint; select pg_switch_wal(); checkpoint")
        ballast = small.fill_disk()
        pid, server = small.controller.pid, small.server_pid()
        small.change()
        wait_until(lambda: "No space left on device" in str(small.look("select error from penstock.connection_state")),
                   "the row to say what is wrong")
        os.unlink(ballast)
        small.wait_right()
        assert (small.controller.pid, small.server_pid()) == (pid, server)


def the_disk_of_the_servers_log_is_full():
    """The server ends all sessions, recovers, and again, or stops for good: whoever made room starts it then."""
    if os.getuid() != 0:
        raise Failure("prerequisite missing: only root may mount the small disk")
    with Wide(WAL) as small:
        ballast = small.fill_disk_of_wal()
        pid, server = small.controller.pid, small.server_pid()
        small.change()
        wait_until(small.has_lost_session, "the server to end its sessions")
        os.unlink(ballast)
        if os.path.exists(f"/proc/{server}"):
            wait_until(lambda: small.is_up() or not os.path.exists(f"/proc/{server}"), "the server to recover", PATIENCE_S)
        if not os.path.exists(f"/proc/{server}"):
            started = small.cli("service", "start", "--pg-bindir", penstock.pg_bindir())
            assert started.returncode == 0, started.stdout + started.stderr
        small.wait_right()
        assert small.controller.pid == pid
        with open(small.path("logs", "postgresql.log")) as file:
            assert "PANIC:  could not write to file" in file.read(), "the fault was another one"


def the_disk_of_the_logs_is_full():
    """Nobody waits for a line of a log."""
    if os.getuid() != 0:
        raise Failure("prerequisite missing: only root may mount the small disk")
    with Wide("logs") as small:
        ballast = small.fill_disk()
        pid, server = small.controller.pid, small.server_pid()
        small.change()
        small.wait_right()
        os.kill(small.plugin_processes()[0], signal.SIGKILL)
        small.change()
        small.wait_right()
        assert (small.controller.pid, small.server_pid()) == (pid, server)
        os.unlink(ballast)


def the_disk_of_the_configuration_is_full():
    """A file that an editor cut short there is no reason to forget a connection."""
    if os.getuid() != 0:
        raise Failure("prerequisite missing: only root may mount the small disk")
    with Wide("config") as small:
        ballast = small.fill_disk()
        pid = small.controller.pid
        try:
            small.configure(not small.is_wide)
            raise Failure("there was room")
        except OSError as error:
            assert error.errno == errno.ENOSPC, error
        small.is_wide = not small.is_wide  # nothing was written
        with open(small.path("config", "a.spc"), "r+") as file:
            file.truncate(30)  # in the middle of the block
        wait_until(lambda: small.look("select count(*) from penstock.config_file where state = 'error'") == [(1,)],
                   "the error of the file")
        assert small.is_right(), "the last good version counts"
        os.unlink(ballast)
        small.change()
        small.wait_right()
        assert small.controller.pid == pid


if __name__ == "__main__":
    with Wide() as INSTANCE:
        penstock.run_tests([
            a_plugin_killed_in_the_middle_of_a_refresh,
            sessions_of_penstockd_terminated_in_the_middle_of_a_refresh,
            a_backend_of_penstockd_killed_in_the_middle_of_a_refresh,
            the_server_restarted_in_the_middle_of_a_refresh,
            the_server_killed_in_the_middle_of_a_refresh,
            a_paused_leader_is_replaced_and_refused_when_it_wakes_up,
            a_leader_stopped_in_the_middle_of_a_change_keeps_its_locks_for_ten_seconds_at_most,
            a_refresh_by_hand_skips_the_backoff_of_a_deletion_that_a_view_held_up,
            a_refresh_by_hand_while_an_attempt_is_under_way_makes_another_follow_at_once,
            a_leader_of_an_old_epoch_is_refused_by_the_database,
            the_disk_of_the_server_is_full,
            the_disk_of_the_servers_log_is_full,
            the_disk_of_the_logs_is_full,
            the_disk_of_the_configuration_is_full,
        ])
