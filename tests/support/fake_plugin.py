"""A peer that speaks just enough of the wire contract to break it: silence, short results, garbage.

Frames: plugins/sdk/include/penstock/protocol/README.md. One thread a connection; what each does is
a function that gets the accepted socket after the request was read (or not, see `reads`).
"""

import contextlib
import os
import shutil
import socket
import struct
import tempfile
import threading

MAGIC = 0x54534E50
WELCOME, BLOCK, END, ERROR = 16, 17, 18, 19


def frame(kind, payload=b""):
    return struct.pack("=IBBBB", len(payload), kind, 0, 0, 0) + payload


def welcome(magic=MAGIC, version=1):
    return frame(WELCOME, struct.pack("=BI", 0x0D, magic) + bytes([0x10, version]) + b"\x1a\x04fake")


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def end(rows, parts=0, warning=b""):
    """`parts`: of how many the rows are one; 0: they are the whole table."""
    return frame(END, (b"\x08" + varint(rows) if rows else b"") + (b"\x12" + varint(len(warning)) + warning if warning else b"")
                 + (b"\xa0\x01" + varint(parts) if parts else b""))


def error(kind, message, sqlstate=""):
    return frame(ERROR, b"\x08" + varint(kind) + b"\x12" + varint(len(message)) + message.encode()
                 + b"\x2a" + varint(len(sqlstate)) + sqlstate.encode())


def int8_block(values):
    return frame(BLOCK, struct.pack("=IHH", len(values), 1, 0) + struct.pack("=IIII", 0, 24, 0, 0)
                 + struct.pack(f"={len(values)}q", *values))


def text_block(values):
    """One text column; values are bytes, at most 126 each, put in with 1-byte headers."""
    data = b""
    offsets = []
    for value in values:
        offsets.append(len(data))
        data += bytes([(len(value) + 1) << 1 | 1]) + value
    offset_bytes = struct.pack(f"={len(offsets)}I", *offsets)
    values_at = 24
    data_at = (values_at + len(offset_bytes) + 7) // 8 * 8
    payload = struct.pack("=IHH", len(values), 1, 0) + struct.pack("=IIII", 0, values_at, data_at, len(data))
    payload = (payload + offset_bytes).ljust(data_at, b"\0") + data
    return frame(BLOCK, payload)


class FakePlugin:
    """Listens on `self.path`; `behave(connection, closed)` runs for each connection, where `closed` is
    an event that is set when the plugin is to end."""

    def __init__(self, behave, reads=True, backlog=16, accepts=True):
        self.folder = tempfile.mkdtemp(prefix="fp", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.path = os.path.join(self.folder, "s")
        self.closed = threading.Event()
        self.hung_up = threading.Event()  # set when a backend closed its end
        self.connected = threading.Event()
        self._behave, self._reads = behave, reads
        self._clients = []
        self._listen(backlog, accepts)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closed.set()
        for client in self._clients:
            client.close()
        # A thread that waits in accept() is not woken by close(), and could go on with the next socket of
        # this number.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        shutil.rmtree(self.folder)

    def _listen(self, backlog, accepts):
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(self.path)
        os.chmod(self.path, 0o777)
        self._listener.listen(backlog)
        if accepts:
            threading.Thread(target=self._accept, daemon=True).start()

    def restart(self):
        """As a process that was replaced; now it accepts."""
        self._listener.close()
        os.unlink(self.path)
        self._listen(16, True)

    def fill_backlog(self):
        """Connects until the kernel makes the next one wait."""
        while True:
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            client.setblocking(False)
            try:
                client.connect(self.path)
            except BlockingIOError:
                client.close()
                return
            self._clients.append(client)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            if self._reads:
                for _ in range(2):  # hello, scan
                    header = self._read(connection, 8)
                    self._read(connection, struct.unpack("=I", header[:4])[0])
            self.connected.set()
            self._behave(connection, self.closed)
        except ConnectionError:
            self.hung_up.set()  # closed with something of ours unread
        except OSError:
            pass
        finally:
            connection.close()

    def wait_for_hangup(self, connection):
        """Blocks until the backend closes; for a behaviour that is silent."""
        while connection.recv(65536):
            pass
        self.hung_up.set()

    @staticmethod
    def _read(connection, count):
        data = b""
        while len(data) < count:
            piece = connection.recv(count - len(data))
            if not piece:
                raise ConnectionError("closed")
            data += piece
        return data


@contextlib.contextmanager
def silent_table(instance):
    """Foreign table fake.t (v int8) of a plugin that says welcome and nothing else. Gives the plugin."""
    def silent(connection, closed):
        connection.sendall(welcome())
        plugin.wait_for_hangup(connection)
    with FakePlugin(silent) as plugin:
        instance.superuser(f"""
            create schema fake;
            grant usage on schema fake to penstock_users;
            create server fake foreign data wrapper penstock options (socket '{plugin.path}', uid '{os.getuid()}');
            create foreign table fake.t (v int8) server fake;
            grant select on fake.t to penstock_users;""")
        try:
            yield plugin
        finally:
            instance.superuser("drop server fake cascade; drop schema fake cascade")
