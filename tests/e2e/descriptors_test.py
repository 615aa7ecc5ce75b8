#!/usr/bin/python3
"""penstockd runs out of descriptors at any point of a reconnect and of a plugin's start: it says so, goes on, and all
is as configured once there are some. PENSTOCK_KILL_POINTS=all: at each number of descriptors around that."""

import os
import subprocess

import penstock

# A leader that is lost again and again waits up to five seconds before it comes back.
STEP = 1 if os.environ.get("PENSTOCK_KILL_POINTS") == "all" else 3
PLUGIN = 'plugin "{name}" {{\n  source = "example"\n}}\nconnection "{name}" {{\n  plugin = plugin.{name}\n}}\n'


class Starved(penstock.Instance):
    def __init__(self):
        super().__init__({"one.spc": PLUGIN.format(name="one")})

    def start(self):
        super().start()
        self.wait_state("one", "ready")
        self.pid = self.controller_pid()
        with open(f"/proc/{self.pid}/limits") as file:
            self.usual = next(line.split()[3] for line in file if line.startswith("Max open files"))
        self.log_path = self.path("logs", "penstockd.log")

    def descriptors(self):
        return sorted(int(name) for name in os.listdir(f"/proc/{self.pid}/fd"))

    def set_limit(self, limit):
        subprocess.run(penstock.as_service_user(["prlimit", "--pid", str(self.pid), f"--nofile={limit}:"]), check=True)

    def attempts(self):
        """Lines of the log that say that it leads, or why it does not."""
        words = ("leads the database", "no database", "could not lead")
        with open(self.log_path, errors="replace") as file:
            return sum(any(word in line for word in words) for line in file)

    def cut_sessions(self):
        self.superuser("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'penstock_owner'")

    def is_alive(self):
        return self.pid in self.processes("penstockd")

    def survives(self, limit, name):
        """A reconnect and a new plugin while descriptors are numbered below `limit`."""
        before = self.attempts()
        self.set_limit(limit)
        try:
            self.cut_sessions()
            self.write("more.spc", PLUGIN.format(name=name))
            penstock.wait_until(lambda: self.attempts() > before or not self.is_alive(), "an attempt to lead")
            assert self.is_alive(), f"limit {limit}: penstockd ended\n{self.log()}"
        finally:
            if self.is_alive():
                self.set_limit(self.usual)
        try:
            for connection in ("one", name):
                self.wait_state(connection, "ready")
        except penstock.Failure as failure:
            raise penstock.Failure(f"limit {limit}: {failure}") from failure
        assert self.is_alive(), f"limit {limit}: penstockd ended\n{self.log()}"


def it_outlives_a_lack_of_descriptors():
    with Starved() as instance:
        open_now = instance.descriptors()
        limits = range(len(open_now) - 8, open_now[-1] + 14, STEP)
        for number, limit in enumerate(limits):
            instance.survives(limit, f"more{number}")
        print(f"# {len(limits)} limits, from {limits[0]} to {limits[-1]} descriptors")


penstock.run_tests([it_outlives_a_lack_of_descriptors])
