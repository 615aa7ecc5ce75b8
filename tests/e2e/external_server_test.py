#!/usr/bin/python3
"""A PostgreSQL server of the user's own, run by another user id than Penstock when we are root."""

import os
import pwd
import shutil
import subprocess
import tempfile

import penstock

PASSWORD = "s3cret-of-the-external-server"


class Server:
    """A server made from the stage, with the extension preloaded and a password for its superuser."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="xs", dir="/tmp")
        os.chmod(self.folder, 0o755)
        shutil.chown(self.folder, penstock.service_user())
        self.run("initdb", "-D", self.path("data"), "-U", "admin", "--auth=scram-sha-256", "-E", "UTF8",
                 "--locale=C.UTF-8", "--no-sync", "--pwfile", self.password_file())
        with open(self.path("data", "postgresql.conf"), "a") as file:
            file.write(f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\nfsync = off\n"
                       "shared_preload_libraries = 'penstock'\n")
        self.run("pg_ctl", "-D", self.path("data"), "-w", "-l", self.path("log"), "start")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def password_file(self):
        with open(self.path("password"), "w") as file:
            file.write(PASSWORD)
        shutil.chown(self.path("password"), penstock.service_user())
        return self.path("password")

    def sql(self, text):
        self.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url(), "-c", text)

    def run(self, program, *arguments):
        command = penstock.as_service_user([os.path.join(penstock.pg_bindir(), program), *arguments])
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")

    def url(self, password=PASSWORD):
        return f"postgresql://admin:{password}@/postgres?host={self.folder}"

    def close(self):
        self.run("pg_ctl", "-D", self.path("data"), "-m", "immediate", "stop")
        shutil.rmtree(self.folder)


def another_user():
    """Penstock's user: not the server's, where we may choose."""
    return "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name


def make_instance():
    instance = penstock.Instance({"a.spc": 'connection "ex" {\n  plugin = "example"\n}\n'}, PENSTOCK_USER=another_user())
    for folder, _, files in os.walk(instance.home):
        for name in [folder, *(os.path.join(folder, file) for file in files)]:
            shutil.chown(name, another_user())
    return instance


def wrong_password_says_so_and_is_not_kept():
    done = INSTANCE.cli("service", "start", "--database", SERVER.url("wrong"))
    assert done.returncode != 0, done.stdout
    assert "password authentication failed" in done.stderr, done.stderr
    assert "wrong" not in done.stdout + done.stderr.replace("password", ""), done.stderr
    assert INSTANCE.cli("service", "status").returncode == 3


def a_server_without_the_extension_says_what_to_do():
    done = INSTANCE.cli("service", "start", "--database", SERVER.url())
    assert done.returncode != 0, done.stdout
    assert "create extension penstock" in done.stderr, done.stderr
    SERVER.sql("create extension penstock")


def a_home_that_the_servers_user_cannot_search_is_explained():
    if os.getuid() != 0:
        check_that_one_user_needs_no_open_home()
        return
    os.chmod(INSTANCE.home, 0o700)
    assert INSTANCE.cli("service", "start", "--database", SERVER.url()).returncode == 0
    done = INSTANCE.cli("query", "select count(*) from ex.example_numbers")
    assert done.returncode == 1 and "may not reach socket" in done.stderr, done.stderr
    os.chmod(INSTANCE.home, 0o711)
    assert INSTANCE.stop().returncode == 0


def check_that_one_user_needs_no_open_home():
    """Who is not root has one user id for both servers: there is nothing to refuse."""
    os.chmod(INSTANCE.home, 0o700)
    assert INSTANCE.cli("service", "start", "--database", SERVER.url()).returncode == 0
    done = INSTANCE.cli("query", "select count(*) from ex.example_numbers")
    assert done.returncode == 0, done.stderr
    assert INSTANCE.stop().returncode == 0


def connections_become_ready_and_are_scanned_across_user_ids():
    done = INSTANCE.cli("service", "start", "--database", SERVER.url())
    assert done.returncode == 0, done.stderr + INSTANCE.log()
    done = INSTANCE.cli("query", "select count(*) from ex.example_numbers", "--output", "csv", "--no-header")
    assert (done.returncode, done.stdout.strip()) == (0, "1000"), done.stdout + done.stderr
    done = INSTANCE.cli("query", "select state from connection_state", "--output", "csv", "--no-header")
    assert done.stdout.strip() == "ready", done.stdout + done.stderr


def the_password_is_in_no_argument_environment_or_log():
    assert INSTANCE.processes("penstockd")
    for entry in INSTANCE.processes():
        for name in ("cmdline", "environ"):
            with open(f"/proc/{entry}/{name}", "rb") as file:
                assert PASSWORD.encode() not in file.read(), f"{name} of {entry}"
    for folder, _, files in os.walk(INSTANCE.path("logs")):
        for file in files:
            with open(os.path.join(folder, file)) as log:
                assert PASSWORD not in log.read(), file


def stop_leaves_the_users_server_running():
    assert INSTANCE.stop().returncode == 0
    assert INSTANCE.processes() == []
    SERVER.run("pg_isready", "-q", "-h", SERVER.folder)


SERVER = Server()
INSTANCE = make_instance()
try:
    penstock.run_tests([
        wrong_password_says_so_and_is_not_kept,
        a_server_without_the_extension_says_what_to_do,
        a_home_that_the_servers_user_cannot_search_is_explained,
        connections_become_ready_and_are_scanned_across_user_ids,
        the_password_is_in_no_argument_environment_or_log,
        stop_leaves_the_users_server_running,
    ])
finally:
    INSTANCE.close()
    SERVER.close()
