"""A terminal of 80 columns with a program in it, for what programs do on terminals only."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time


class Terminal:
    """`command` with the terminal as standard input and output; standard error is a pipe."""

    def __init__(self, command, environment, rows=24, stdin=None):
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80, 0, 0))
        self.process = subprocess.Popen(command, stdin=theirs if stdin is None else stdin, stdout=theirs,
                                        stderr=subprocess.PIPE, env={**environment, "TERM": "dumb"},
                                        start_new_session=True)
        os.close(theirs)
        self.text = ""

    def send(self, text):
        os.write(self._ours, text.encode())

    def read_until(self, wanted, deadline_s=60):
        """Waits for `wanted` in what comes from now on; returns what came up to its end."""
        end = time.monotonic() + deadline_s
        while wanted not in self.text:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._ours], [], [], left)[0] or not self._read():
                raise AssertionError(f"no {wanted!r} in {self.text!r}")
        before, _, self.text = self.text.partition(wanted)
        return before + wanted

    def _read(self):
        try:
            piece = os.read(self._ours, 65536)
        except OSError: # nobody has the other side open any more
            return False
        self.text += piece.decode(errors="replace").replace("\r\n", "\n")
        return bool(piece)

    def finish(self):
        """Reads to the end: exit code, what was left on the terminal, standard error."""
        while self._read():
            pass
        os.close(self._ours)
        error = self.process.stderr.read().decode()
        self.process.stderr.close()
        return self.process.wait(60), self.text, error
