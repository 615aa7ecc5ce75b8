#!/usr/bin/python3
"""Processes that die: plugin, controller, backend, server. A query gets one clear error at most, and
everything comes back without a hand."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import threading

import psycopg2

import penstock

CONFIG = {"ex.spc": 'connection "ex" {\n  plugin = "example"\n  rows = 1000000000\n}\n',
          "sys.spc": 'connection "sys" {\n  plugin = "system"\n}\n'}


def all_ready(instance):
    instance.wait_for(lambda: instance.rows("select state from connection_state"),
                      lambda rows: rows == [("ready",)] * len(CONFIG), "all connections ready")


def answers(instance):
    """Whether both plugins answer a query."""
    try:
        instance.rows("select 1 from ex.example_numbers limit 1")
        instance.rows("select hostname from sys.system_info")
        return True
    except psycopg2.OperationalError:
        return False


class Scan:
    """A scan without an end, in a thread of its own; has rows when `begun` returns."""

    def __init__(self, instance):
        self.connection = instance.connect(autocommit=False)
        self.cursor = self.connection.cursor()
        self.cursor.execute("declare c no scroll cursor for select id from ex.example_numbers")
        self.cursor.execute("fetch 10 from c")
        assert len(self.cursor.fetchall()) == 10
        self.error = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        try:
            self.cursor.execute("move all in c")
        except psycopg2.Error as error:
            self.error = error

    def end(self):
        self.thread.join(10)
        assert not self.thread.is_alive(), "the scan did not end"
        return self.error


def a_killed_plugin_costs_one_query_an_error():
    pid = INSTANCE.plugin_pid("example")
    scan = Scan(INSTANCE)
    os.kill(pid, signal.SIGKILL)
    error = scan.end()
    assert error is not None and error.pgcode == "08006", error
    assert error.diag.message_primary == ('plugin closed the stream before the end of the rows of table '
                                          '"example_numbers" of connection "ex"'), error
    penstock.wait_until(lambda: answers(INSTANCE), "an answer of the new plugin process", 5)
    INSTANCE.wait_for(lambda: INSTANCE.plugin_pid("example"), lambda seen: seen not in (None, pid), "a new process")
    all_ready(INSTANCE)
    # Events are written after the row of the plugin.
    INSTANCE.wait_for(lambda: INSTANCE.rows("select detail->>'error' from penstock.event where kind = 'plugin' and "
                                            "event = 'exit' order by id"),
                      lambda seen: seen and "signal 9" in seen[-1][0], "the event of the exit")


def a_killed_controller_takes_its_plugins_along_and_comes_back():
    before = {label: INSTANCE.plugin_pid(label) for label in ("example", "system")}
    controller = INSTANCE.controller_pid()
    os.kill(controller, signal.SIGKILL)
    # Plugins end by themselves: nobody is left to hold their control socket.
    for pid in before.values():
        penstock.wait_until(lambda: not os.path.exists(f"/proc/{pid}"), f"plugin process {pid} to end", 10)
    assert INSTANCE.rows("select count(*) from connection_state") == [(2,)], "queries go on"
    error = INSTANCE.error("select * from ex.example_hello")
    assert error.pgcode == "HV00N" and "penstock service status" in str(error), error
    assert INSTANCE.cli("service", "status").returncode == 3
    INSTANCE.start()
    all_ready(INSTANCE)
    assert answers(INSTANCE)
    assert INSTANCE.controller_pid() not in (None, controller)
    assert len(INSTANCE.processes("--name")) == 2, "one process for each plugin"


def a_killed_backend_restarts_the_server_and_the_controller_finds_it_again():
    generations = "select connection_name, plugin, config_hash from connection_state order by 1"
    rows, controller = INSTANCE.rows(generations), INSTANCE.controller_pid()
    epoch = INSTANCE.rows("select epoch from penstock.controller")[0][0]
    victim = INSTANCE.connect()
    os.kill(victim.get_backend_pid(), signal.SIGKILL)
    penstock.wait_until(lambda: leads_since(epoch), "the controller to lead again", 20)
    all_ready(INSTANCE)
    assert INSTANCE.rows(generations) == rows
    assert INSTANCE.controller_pid() == controller and answers(INSTANCE)


def leads_since(epoch):
    """Also done with what every leader begins with: all rows become pending and what they are."""
    try:
        return INSTANCE.rows("select pid from penstock.controller where epoch > %s and settled_at is not null", epoch) != []
    except psycopg2.OperationalError:
        return False  # in recovery


def a_server_that_is_stopped_and_started_is_taken_up_again():
    epoch = INSTANCE.rows("select epoch from penstock.controller")[0][0]
    pg_ctl = penstock.as_service_user([os.path.join(penstock.pg_bindir(), "pg_ctl"), "-D", INSTANCE.path("data"), "-w"])
    subprocess.run(pg_ctl + ["stop", "-m", "fast"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    assert INSTANCE.controller_pid() is not None
    subprocess.run(pg_ctl + ["start", "-l", INSTANCE.path("logs", "postgresql.log")], check=True,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")
    penstock.wait_until(lambda: leads_since(epoch), "the controller to lead again", 20)
    all_ready(INSTANCE)
    assert answers(INSTANCE)


def a_second_start_changes_nothing():
    pids = (INSTANCE.controller_pid(), INSTANCE.plugin_pid("example"), INSTANCE.plugin_pid("system"))
    generation = INSTANCE.rows("select max(generation) from connection_state")
    done = INSTANCE.start()
    assert f"already running (process {pids[0]})" in done.stderr, done.stderr
    assert (INSTANCE.controller_pid(), INSTANCE.plugin_pid("example"), INSTANCE.plugin_pid("system")) == pids
    assert INSTANCE.rows("select max(generation) from connection_state") == generation


def everything_runs_as_the_services_user_and_root_is_told():
    done = INSTANCE.start()
    user = penstock.service_user()
    told = f'running as user "{user}" because PostgreSQL refuses to run as root' in done.stderr
    assert told == (os.getuid() == 0), done.stderr
    wanted = [str(pwd.getpwnam(user).pw_uid)] * 4  # real, effective, saved, of the file system
    assert wanted[0] != "0"
    pids = INSTANCE.processes()
    assert len(pids) >= 4, pids  # server, penstockd, two plugins
    for pid in pids:
        with open(f"/proc/{pid}/status") as file:
            uids = next(line.split()[1:] for line in file if line.startswith("Uid:"))
        assert uids == wanted, (pid, uids)


def two_instances_live_side_by_side_and_stop_leaves_nothing():
    with penstock.Instance({"other.spc": 'connection "other" {\n  plugin = "example"\n  rows = 3\n}\n'}) as second:
        assert second.rows("select count(*) from other.example_numbers") == [(3,)]
        assert INSTANCE.rows("select connection_name from connection_state order by 1") == [("ex",), ("sys",)]
        folders = [second.path("run"), second.path("run", "pg")]
        assert sockets_in(folders) != []
        done = second.stop()
        assert (done.returncode, done.stdout) == (0, "Penstock is stopped.\n"), done
        assert second.processes() == []
        assert sockets_in(folders) == []
        assert second.stop().stdout == "Penstock is not running.\n"
        all_ready(INSTANCE)
        assert answers(INSTANCE), "the first instance does not notice"


def sockets_in(folders):
    """A folder that is gone holds none."""
    paths = [os.path.join(folder, name) for folder in folders if os.path.isdir(folder) for name in os.listdir(folder)]
    return [path for path in paths if stat.S_ISSOCK(os.stat(path).st_mode)]


def a_plugin_that_ends_at_start_is_an_error_with_its_last_words_until_it_is_repaired():
    home = tempfile.mkdtemp(prefix="pp", dir="/tmp")
    try:
        plugins = os.path.join(home, "plugins")
        shutil.copytree(os.path.join(penstock.STAGE, "lib", "penstock", "plugins"), plugins)
        good = os.path.join(plugins, "example")
        install(good, b"#!/bin/sh\necho loading >&2\necho cannot find the moon >&2\nexit 7\n")
        os.chmod(home, 0o755)
        instance = penstock.Instance(CONFIG)
        try:
            done = instance.cli("service", "start", "--pg-bindir", penstock.pg_bindir(), "--plugin-dir", plugins)
            assert done.returncode == 0, done
            error = instance.wait_state("ex", "error")
            assert "exited with code 7" in error and "loading / cannot find the moon" in error, error
            assert instance.state("sys") == ("ready", None), "the other plugin"
            with open(os.path.join(penstock.STAGE, "lib", "penstock", "plugins", "example"), "rb") as file:
                install(good, file.read())
            instance.wait_state("ex", "ready", 30)
            assert instance.rows("select count(*) from ex.example_hello") == [(2,)]
        finally:
            instance.close()
    finally:
        shutil.rmtree(home)


def install(path, content):
    with open(path + ".new", "wb") as file:
        file.write(content)
    os.chmod(path + ".new", 0o755)
    os.rename(path + ".new", path)


with penstock.Instance(CONFIG) as INSTANCE:
    penstock.run_tests([
        a_killed_plugin_costs_one_query_an_error,
        a_killed_controller_takes_its_plugins_along_and_comes_back,
        a_killed_backend_restarts_the_server_and_the_controller_finds_it_again,
        a_server_that_is_stopped_and_started_is_taken_up_again,
        a_second_start_changes_nothing,
        everything_runs_as_the_services_user_and_root_is_told,
        two_instances_live_side_by_side_and_stop_leaves_nothing,
        a_plugin_that_ends_at_start_is_an_error_with_its_last_words_until_it_is_repaired,
    ])
