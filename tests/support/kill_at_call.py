"""Kills a process with SIGKILL at its n-th system call, whichever of its threads makes it.

strace's `inject=…:when=N` counts for each thread by itself, which leaves most points of a program
with a pool of threads out; here one count runs over all of them. Only x86-64 and arm64 Linux.

    killer = KillAtCall(pid, 17)     # attached, and counting, when this returns
    …                                # whatever makes the process work
    killer.wait(60)                  # True: it is dead; killer.count, killer.call say where
"""

import ctypes
import errno
import os
import platform
import signal
import struct
import threading

SEIZE, INTERRUPT, SYSCALL, LISTEN, GET_SYSCALL_INFO = 0x4206, 0x4207, 24, 0x4208, 0x420E
TRACESYSGOOD, TRACECLONE, EXITKILL = 1, 8, 1 << 20
EVENT_STOP = 128
WALL, WNOTHREAD = 0x40000000, 0x20000000
STOPPING_SIGNALS = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)

# Calls that nobody outside the process can see: memory, its own threads and clock, waiting. What a
# kill leaves behind is the same before and after them, so they are not points.
INVISIBLE = {
    "x86_64": {9, 10, 11, 12, 13, 14, 24, 25, 28, 35, 39, 186, 202, 218, 228, 230, 232, 233, 273,
               281, 291, 302, 334, 441, 7, 271, 5, 8, 72, 96, 98, 204, 286, 318},
    "aarch64": {20, 21, 22, 25, 62, 73, 80, 86, 96, 98, 99, 101, 113, 115, 123, 124, 134, 135, 169, 172,
                178, 214, 215, 216, 222, 226, 233, 261, 278, 293, 441},
}[platform.machine()]

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
LIBC.ptrace.restype = ctypes.c_long


def ptrace(request, tid, address=0, data=0):
    """False when the thread is gone."""
    return LIBC.ptrace(request, tid, address, data) >= 0


class KillAtCall:
    def __init__(self, pid, when):
        """`when` None: never, only counts."""
        self.pid, self.when = pid, when
        self.count = 0
        self.call = None  # number of the system call it was killed at
        self._dead, self._attached = threading.Event(), threading.Event()
        self._failure = None
        threading.Thread(target=self._trace, daemon=True).start()
        self._attached.wait()
        if self._failure:
            raise OSError(self._failure)

    def kill(self):
        """At once. Not by Popen.kill(): it looks for the process's end first, and that may take a stop
        away from us which then nobody continues."""
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it came to its call meanwhile

    def wait(self, seconds):
        return self._dead.wait(seconds)

    # ptrace answers only to the thread that attached: all of this runs in ours.

    def _trace(self):
        try:
            self._attach()
        except OSError as error:
            self._failure = str(error)
            return
        finally:
            self._attached.set()
        self._follow()
        self._dead.set()

    def _attach(self):
        """To all threads. A thread may make others, or end, while we are at it; what a traced one makes is ours."""
        seen = set()
        while new := sorted(set(map(int, os.listdir(f"/proc/{self.pid}/task"))) - seen):
            for tid in new:
                if not (ptrace(SEIZE, tid, 0, TRACESYSGOOD | TRACECLONE | EXITKILL) and ptrace(INTERRUPT, tid)):
                    number = ctypes.get_errno()
                    if tid == self.pid or number not in (errno.EPERM, errno.ESRCH):
                        raise OSError(number, f"could not trace thread {tid}: {os.strerror(number)}")
            seen.update(new)

    def _follow(self):
        while True:
            try:
                tid, status = os.waitpid(-1, WALL | WNOTHREAD)
            except ChildProcessError:
                return
            if not os.WIFSTOPPED(status):
                continue
            number, event = os.WSTOPSIG(status), status >> 16
            if number == signal.SIGTRAP | 0x80:
                self._take_call(tid)
                ptrace(SYSCALL, tid)
            elif event == EVENT_STOP and number in STOPPING_SIGNALS:
                ptrace(LISTEN, tid)
            else:
                ptrace(SYSCALL, tid, 0, 0 if event else number)

    def _take_call(self, tid):
        info = ctypes.create_string_buffer(88)
        if LIBC.ptrace(GET_SYSCALL_INFO, tid, len(info), ctypes.addressof(info)) <= 0:
            return
        is_entry, number = info.raw[0] == 1, struct.unpack_from("=Q", info.raw, 24)[0]
        if not is_entry or number in INVISIBLE:
            return
        self.count += 1
        if self.count == self.when:
            self.call = number
            self.kill()
