"""A real Penstock in a folder of its own: server, controller, plugins. For tests/e2e.

    with Instance({"a.spc": 'connection "ex" { plugin = "example" }'}) as penstock:
        penstock.wait_state("ex", "ready")
        assert penstock.rows("select count(*) from ex.example_numbers") == [(1000,)]

Nothing sleeps: a wait ends with an event (a notification, a process's end, a file) or fails at its
deadline with what was seen so far.
"""

import contextlib
import json
import os
import pwd
import select
import shutil
import signal
import subprocess
import tempfile
import time

import psycopg2
import psycopg2.extensions

STAGE = os.environ["PENSTOCK_STAGE"]
PENSTOCK = os.path.join(STAGE, "bin", "penstock")
DEADLINE_S = 60
# Those of the product, and what only tests use.
PLUGINS = sorted(os.listdir(os.path.join(STAGE, "lib", "penstock", "plugins")))


def service_user():
    """Who the service runs as: ourselves, or an unprivileged user when we are root."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name
    return "postgres"


def as_service_user(command):
    if os.getuid() != 0:
        return command
    user = pwd.getpwnam(service_user())
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"] + command


def pg_bindir():
    config = os.environ.get("PG_CONFIG", "pg_config")
    bindir = subprocess.run([config, "--bindir"], check=True, capture_output=True, text=True).stdout.strip()
    return STAGE + bindir.removeprefix(os.environ.get("PENSTOCK_PG_ROOT", "/usr"))


class Failure(AssertionError):
    pass


class Instance:
    def __init__(self, config=None, **environment):
        self.home = tempfile.mkdtemp(prefix="ps", dir="/tmp")
        shutil.chown(self.home, service_user())
        self.environment = {**os.environ, "PENSTOCK_HOME": self.home, "PENSTOCK_USER": service_user(), **environment}
        self._connections = []
        self._sets = {}
        os.mkdir(self.path("config"), 0o700)
        shutil.chown(self.path("config"), service_user())
        for name, text in (config or {}).items():
            self.write(name, text)

    # -- life

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        done = self.cli("service", "start", "--pg-bindir", pg_bindir())
        if done.returncode != 0:
            raise Failure("service did not start:\n" + done.stdout + done.stderr + self.log())
        return done

    def stop(self):
        return self.cli("service", "stop")

    def close(self):
        for connection in self._connections:
            try:
                connection.close()
            except psycopg2.Error:
                pass
        self.stop()
        left = {pid: self.command_line(pid) for pid in self.processes()}
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.home, ignore_errors=True)
        if left:
            raise Failure(f"processes left behind: {left}")

    @staticmethod
    def command_line(pid):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().replace(b"\0", b" ").decode(errors="replace")

    def processes(self, *words):
        """Pids of the processes of this instance, with all of `words` in their command lines."""
        found = []
        for entry in os.listdir("/proc"):
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    line = file.read().replace(b"\0", b" ").decode(errors="replace")
                with open(f"/proc/{entry}/stat") as file:
                    is_zombie = file.read().rpartition(") ")[2].startswith("Z")
            except (OSError, ValueError):
                continue
            if self.home in line and not is_zombie and int(entry) != os.getpid() and all(w in line for w in words):
                found.append(int(entry))
        return found

    def controller_pid(self):
        status = self.status()
        return status["controller"].get("pid")

    def status(self):
        """What `penstock service status --output json` says."""
        return json.loads(self.cli("service", "status", "--output", "json").stdout)

    def plugin_pid(self, label):
        rows = self.rows("select pid from penstock.plugin where instance = %s and state = 'running'", label)
        return rows[0][0] if rows else None

    def descriptors(self, pid):
        """What a server process has open but for files of the server, which come and go with its caches."""
        found = []
        for entry in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                found.append(os.readlink(f"/proc/{pid}/fd/{entry}"))
        return [name for name in found if not name.startswith(self.path("data"))]

    def log(self):
        text = ""
        for name in ("penstockd.log", "postgresql.log"):
            try:
                with open(self.path("logs", name), errors="replace") as file:
                    text += f"--- {name}\n" + "".join(file.readlines()[-40:])
            except OSError:
                pass
        return text

    # -- files

    def path(self, *parts):
        return os.path.join(self.home, *parts)

    def write(self, name, text, folder="config", mode=0o600):
        """As an editor that saves well: a temporary file, renamed into place."""
        os.makedirs(self.path(folder), exist_ok=True)
        path = self.path(folder, name)
        data = text if isinstance(text, bytes) else text.encode()
        with open(path + ".tmp", "wb") as file:
            file.write(data)
        os.chmod(path + ".tmp", mode)
        shutil.chown(path + ".tmp", service_user())
        os.rename(path + ".tmp", path)
        return path

    def remove(self, name, folder="config"):
        os.unlink(self.path(folder, name))

    # -- commands

    def cli(self, *arguments, timeout=120, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run([PENSTOCK, *arguments], env=self.environment, capture_output=True, text=True,
                              timeout=timeout, **options)

    def service_environment(self):
        """What `eval "$(penstock service env)"` sets; the same for as long as the home lives."""
        if not self._sets:
            text = self.cli("service", "env").stdout
            done = subprocess.run(["sh", "-c", text + "\nenv"], env={}, capture_output=True, text=True, check=True)
            self._sets = dict(line.split("=", 1) for line in done.stdout.splitlines() if line.startswith("PG"))
        return self._sets

    # -- SQL

    def connect(self, autocommit=True, **more):
        """A session of the users' role, as psql gets it by `penstock service env`. `more`: of libpq."""
        names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGDATABASE": "dbname", "PGPASSFILE": "passfile"}
        environment = self.service_environment()
        connection = psycopg2.connect(**{names[key]: value for key, value in environment.items() if key in names}, **more)
        connection.autocommit = autocommit
        self._connections.append(connection)
        return connection

    def rows(self, sql, *parameters):
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()
            self._connections.remove(connection)

    def error(self, sql):
        """The error that `sql` must raise."""
        try:
            self.rows(sql)
        except psycopg2.Error as error:
            return error
        raise Failure(f"no error from: {sql}")

    def superuser(self, sql, check=True):
        """Runs SQL as the cluster's superuser (peer authentication, so as the service's user)."""
        command = as_service_user([os.path.join(pg_bindir(), "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1",
                                   "-h", self.path("run", "pg"), "-U", "postgres", "-d", "penstock"])
        done = subprocess.run(command, input=sql, capture_output=True, text=True, cwd="/")
        if check and done.returncode != 0:
            raise Failure(done.stderr)
        return done.stdout

    # -- states

    def state(self, name):
        rows = self.rows("select state, error from connection_state where connection_name = %s", name)
        return rows[0] if rows else None

    def wait_state(self, name, state, deadline_s=DEADLINE_S):
        """Until the row is in `state` (None: gone). Returns its error text."""
        return self.wait_for(
            lambda: self.state(name),
            lambda seen: seen is None if state is None else seen is not None and seen[0] == state,
            f"connection {name} in state {state}", deadline_s)

    def wait_for(self, look, is_right, what, deadline_s=DEADLINE_S):
        """Looks after each notification of a transition (and, since config_file and plugin have none,
        each 200 ms) until `is_right`."""
        listener = self.connect()
        listener.cursor().execute("listen connection_state")
        end = time.monotonic() + deadline_s
        seen = look()
        while not is_right(seen):
            left = end - time.monotonic()
            if left <= 0:
                raise Failure(f"waited {deadline_s} s for {what}; last seen: {seen}\n{self.log()}")
            select.select([listener], [], [], min(left, 0.2))
            listener.poll()
            listener.notifies.clear()
            seen = look()
        listener.close()
        self._connections.remove(listener)
        return seen[1] if isinstance(seen, tuple) and len(seen) > 1 else seen


class Listener:
    """Transitions as any client hears of them: a session of the users' role that listens."""

    def __init__(self, instance):
        self._instance = instance
        self._session = instance.connect()
        self._session.cursor().execute("listen connection_state")
        self._heard = []

    def _poll(self, wait_s):
        if not self._session.notifies:  # those that came with the answer to LISTEN make no event
            select.select([self._session], [], [], wait_s)
        self._session.poll()
        for note in self._session.notifies:
            payload = json.loads(note.payload)
            if set(payload) != {"connection", "from", "to", "generation"}:
                raise Failure(f"members of the notification: {note.payload}")
            earlier = [h["generation"] for h in self._heard if h["connection"] == payload["connection"]]
            if earlier and earlier[-1] >= payload["generation"]:
                raise Failure(f"generation {payload['generation']} after {earlier}")
            self._heard.append(payload)
        self._session.notifies.clear()

    def transitions(self, connection, last, deadline_s=DEADLINE_S):
        """[(from, to), …] of `connection` not given before, up to the one to `last` (None: row gone)."""
        end = time.monotonic() + deadline_s
        while True:
            of_it = [h for h in self._heard if h["connection"] == connection]
            for count, heard in enumerate(of_it, 1):
                if heard["to"] == last:
                    taken = of_it[:count]
                    self._heard = [h for h in self._heard if h not in taken]
                    return [(h["from"], h["to"]) for h in taken]
            left = end - time.monotonic()
            if left <= 0:
                raise Failure(f"waited {deadline_s} s for {connection} to become {last}; heard: {of_it}\n"
                              + self._instance.log())
            self._poll(left)

    def pending(self):
        """Names of connections with transitions that nobody has asked for."""
        self._poll(0)
        return sorted({h["connection"] for h in self._heard})


def wait_until(condition, what, deadline_s=DEADLINE_S):
    """For what makes no event of its own (a process that ends, a file that appears)."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise Failure(f"waited {deadline_s} s for {what}")
        select.select([], [], [], 0.01)


def within(limit_s, attempt):
    """For a time that the product promises. `attempt` gives the seconds that it took."""
    took = attempt()
    if took >= limit_s:
        raise Failure(f"took {took:.2f} s, the limit is {limit_s:.2f} s")


def run_tests(tests):
    """Runs functions whose names are sentences; prints "ok - …" and "not ok - …" lines."""
    import sys
    import traceback
    only = sys.argv[1:]
    failed = 0
    for test in tests:
        if only and test.__name__ not in only:
            continue
        name = f"{os.path.basename(sys.argv[0]).removesuffix('_test.py')}: {test.__name__.replace('_', ' ')}"
        try:
            test()
            print(f"ok - {name}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok - {name}")
            print("".join("# " + line + "\n" for line in traceback.format_exc().splitlines()), flush=True)
    sys.exit(1 if failed else 0)
