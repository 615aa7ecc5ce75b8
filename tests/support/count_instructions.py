"""Counts the instructions that a function of another process executes, what it calls included, by single steps.

    counts = count_instructions(pid, "/usr/lib/postgresql/15/bin/postgres", "RunNamespaceSearchHook", work)

`work` is called in a thread and makes the process work; the result has one number for each call of the function
meanwhile. Exact, and the same on every machine: performance counters are missing in many virtual ones. Only x86-64
Linux, and only the process's one thread.
"""

import ctypes
import os
import re
import signal
import struct
import subprocess
import threading

from kill_at_call import LIBC, ptrace

PEEK, POKE, CONTINUE, SINGLE_STEP, GET_REGISTERS, SET_REGISTERS, ATTACH, DETACH = 1, 4, 7, 9, 12, 13, 16, 17
BREAKPOINT = 0xCC
RIP, RSP = 16, 19  # of the 27 registers
WORD = 1 << 64


def address_of(pid, module, function):
    """Where the running process has the function; its name is given without namespaces and parameters."""
    listed = "".join(subprocess.run(["nm", option, "--defined-only", module], capture_output=True, text=True).stdout
                     for option in ("-C", "-CD"))
    values = set()
    for value, name in re.findall(r"^([0-9a-f]+) [tTwW] (.*)$", listed, re.MULTILINE):
        if name.replace("(anonymous namespace)::", "").split("(")[0].split("::")[-1] == function:
            values.add(int(value, 16))
    [value] = values
    with open(f"/proc/{pid}/maps") as file:
        base = min(int(line.split("-")[0], 16) for line in file if line.rstrip().endswith(os.path.realpath(module)))
    return base + value


class Stepper:
    def __init__(self, pid, address):
        self.pid, self.address, self.counts = pid, address, []
        if not ptrace(ATTACH, pid):
            raise OSError(ctypes.get_errno(), "could not trace the process")
        self._wait()
        self.original = self._peek(address)
        self._set_breakpoint()

    def _wait(self, options=0):
        pid, status = os.waitpid(self.pid, options | 0x40000000)
        return pid and os.WSTOPSIG(status)

    def _peek(self, address):
        ctypes.set_errno(0)
        value = LIBC.ptrace(PEEK, self.pid, address, 0)
        return value % WORD

    def _poke(self, address, word):
        ptrace(POKE, self.pid, address, word)

    def _set_breakpoint(self):
        self._poke(self.address, self.original & ~0xFF | BREAKPOINT)

    def _registers(self):
        buffer = ctypes.create_string_buffer(27 * 8)
        ptrace(GET_REGISTERS, self.pid, 0, ctypes.addressof(buffer))
        return list(struct.unpack("27Q", buffer.raw))

    def _set_registers(self, registers):
        buffer = ctypes.create_string_buffer(struct.pack("27Q", *registers))
        ptrace(SET_REGISTERS, self.pid, 0, ctypes.addressof(buffer))

    def _count_call(self, registers):
        self._poke(self.address, self.original)
        registers[RIP] = self.address
        self._set_registers(registers)
        back, stack, count, number = self._peek(registers[RSP]), registers[RSP], 0, 0
        while True:
            ptrace(SINGLE_STEP, self.pid, 0, number)
            stopped_by = self._wait()
            number = 0 if stopped_by == signal.SIGTRAP else stopped_by
            count += 1
            registers = self._registers()
            if registers[RIP] == back and registers[RSP] > stack:
                break
        self.counts.append(count)
        self._set_breakpoint()

    def follow(self, is_over):
        ptrace(CONTINUE, self.pid)
        is_stopping = False
        while True:
            stopped_by = self._wait(0 if is_stopping else os.WNOHANG)
            if not stopped_by:
                if is_over.wait(0.001) and not is_stopping:
                    is_stopping = True
                    os.kill(self.pid, signal.SIGSTOP)
                continue
            if stopped_by == signal.SIGSTOP and is_stopping:
                break
            registers = self._registers()
            if stopped_by == signal.SIGTRAP and registers[RIP] == self.address + 1:
                self._count_call(registers)
                stopped_by = 0
            ptrace(CONTINUE, self.pid, 0, stopped_by)
        self._poke(self.address, self.original)
        ptrace(DETACH, self.pid)
        os.kill(self.pid, signal.SIGCONT)


def count_instructions(pid, module, function, work):
    is_over, failures = threading.Event(), []
    stepper = Stepper(pid, address_of(pid, module, function))

    def run():
        try:
            work()
        except Exception as error:  # noqa: raised below
            failures.append(error)
        finally:
            is_over.set()

    thread = threading.Thread(target=run)
    thread.start()
    stepper.follow(is_over)
    thread.join()
    if failures:
        raise failures[0]
    return stepper.counts
