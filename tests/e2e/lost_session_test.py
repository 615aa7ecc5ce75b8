#!/usr/bin/python3
"""The controller's sessions are cut, by a proxy between it and the server, at any message that it sends: it comes
back by itself, and all is as configured. PENSTOCK_KILL_POINTS=all: at each one, else at those that make it the leader
and some of the others."""

import os
import select
import shutil
import socket
import threading

import penstock
from controlled import Controlled

IS_WHOLE = os.environ.get("PENSTOCK_KILL_POINTS") == "all"
# The session that leads says what no other says, and says it once.
FIRST_MESSAGES = 25
STEP = 1 if IS_WHOLE else 11


class Proxy:
    """A socket like the server's, in a folder of its own. At message `cut_at` all its connections end at once, as
    with pg_terminate_backend or a server that restarts; later ones are let through again."""

    def __init__(self, server):
        self.server = server
        self.folder = os.path.join(os.path.dirname(os.path.dirname(server)), "proxy")
        os.mkdir(self.folder, 0o755)
        shutil.chown(self.folder, penstock.service_user())
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(os.path.join(self.folder, os.path.basename(server)))
        os.chmod(self._listener.getsockname(), 0o777)
        self._listener.listen(64)
        self._other = {}  # one end → the other
        self._of_client = set()
        self.count, self._cut_at, self.last = 0, 0, b""
        self._stop, self._stopped = os.pipe()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def arm(self, cut_at):
        """Between two controllers only. What the one before said last must not count."""
        penstock.wait_until(lambda: not self._other, "the sessions of the controller before to end")
        self.count, self._cut_at, self.last = 0, cut_at, b""

    @property
    def has_cut(self):
        return self.count >= self._cut_at

    def close(self):
        os.close(self._stopped)
        self._thread.join()
        os.close(self._stop)
        self._hang_up()
        self._listener.close()

    def _run(self):
        while True:
            ready, _, _ = select.select([self._stop, self._listener, *self._other], [], [])
            if self._stop in ready:
                return
            for one in ready:
                if one is self._listener:
                    self._accept()
                elif one in self._other:  # not closed meanwhile
                    self._pass_on(one)

    def _accept(self):
        client, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(self.server)
        self._other.update({client: server, server: client})
        self._of_client.add(client)

    def _pass_on(self, one):
        try:
            data = one.recv(1 << 20)
            if one in self._of_client and data and self._is_last_one(data):
                return self._hang_up()
            if data:
                return self._other[one].sendall(data)
        except OSError:
            pass
        self._forget(one)

    def _is_last_one(self, data):
        self.count += 1
        if self.count == self._cut_at:
            self.last = data
        return self.count == self._cut_at

    def _forget(self, one):
        other = self._other.pop(one)
        del self._other[other]
        self._of_client -= {one, other}
        one.close()
        other.close()

    def _hang_up(self):
        while self._other:
            self._forget(next(iter(self._other)))



class Proxied(Controlled):
    """Each start finds a table with other columns, one connection more and one less than the one before."""

    def __init__(self):
        super().__init__()
        os.chmod(self.home, 0o755)
        self.round = 0
        self.change()

    def start(self):
        super().start()
        self.wait_quiet(self.expected)
        self.proxy = Proxy(self.path("run", "pg", ".s.PGSQL." + self.service_environment()["PGPORT"]))

    def change(self):
        self.round += 1
        self.write("t.csv", "a,b\n1,2\n" if self.round % 2 else "b,c,d\n1,2,3\n", folder="files", mode=0o644)
        comes = "odd" if self.round % 2 else "even"
        blocks = [f'connection "{name}" {{\n  plugin = "csv"\n  paths = ["{self.path("files")}/*.csv"]\n}}\n'
                  for name in ("files", comes)]
        self.write("c.spc", "".join(blocks))
        self.expected = {"files": "ready", comes: "ready"}

    def start_through_proxy(self):
        with open(self.path("internal", "owner.pgpass")) as file:
            password = file.read().strip().rpartition(":")[2]
        url = (f"host={self.proxy.folder} port={self.service_environment()['PGPORT']} user=penstock_owner dbname=penstock "
               f"password={password}")
        return self.start_controller("--database", url)

    def is_cut_at(self, message):
        """False when it has not that many to say."""
        self.kill_controller()
        self.change()
        self.proxy.arm(message)
        self.start_through_proxy()
        columns = {"t": ["a", "b"] if self.round % 2 else ["b", "c", "d"]}
        try:
            self.wait_quiet_alive()
            penstock.wait_until(lambda: self.columns("files") == columns, f"columns {columns}")
            assert self.torn() == [], self.torn()
        except Exception as failure:
            raise penstock.Failure(f"cut at message {message}, {self.proxy.last[:500]}: {failure}") from failure
        return self.proxy.has_cut

    def wait_quiet_alive(self):
        """penstockd must not need anybody who starts it again."""
        penstock.wait_until(lambda: self.controller.poll() is not None or self.has_taken_over(), "penstockd to lead")
        if self.controller.poll() is not None:
            raise penstock.Failure(f"penstockd ended\n{self.log()}")
        self.wait_quiet(self.expected)

    def close(self):
        if self.controller is not None and self.controller.poll() is None:
            self.controller.terminate()
            self.controller.wait()
        if hasattr(self, "proxy"):
            self.proxy.close()
        super().close()


def sessions_cut_at_any_message_of_a_start_come_back():
    with Proxied() as instance:
        message, cuts = 1, 0
        while instance.is_cut_at(message):
            cuts += 1
            message += 1 if message < FIRST_MESSAGES else STEP
    assert message > FIRST_MESSAGES, message
    print(f"# {cuts} cuts, {message} messages")


penstock.run_tests([sessions_cut_at_any_message_of_a_start_come_back])
