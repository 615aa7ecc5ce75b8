#!/usr/bin/python3
"""A plugin that lies, breaks off or sends garbage costs one query an error, never a short result, a
crash or a leak."""

import os
import struct

import fake_plugin
import penstock
from fake_plugin import BLOCK, WELCOME, end, error, frame, int8_block, text_block, welcome


def scan(answer, table="numbers", settings=""):
    """What a query on the fake table gives when the plugin answers with these bytes: rows or the error."""
    def behave(connection, closed):
        connection.sendall(answer)
    with fake_plugin.FakePlugin(behave) as plugin:
        INSTANCE.superuser(f"alter server fake options (set socket '{plugin.path}')")
        try:
            return INSTANCE.rows(f"{settings} select * from fake.{table}")
        except penstock.psycopg2.Error as caught:
            return caught


def setup():
    INSTANCE.superuser(f"""
        create schema fake;
        grant usage on schema fake to penstock_users;
        create server fake foreign data wrapper penstock options (socket '/nowhere', uid '{os.getuid()}');
        create foreign table fake.numbers (v int8) server fake;
        create foreign table fake.words (w text) server fake;
        create foreign table fake.parts (v int8) server fake options (parts '4', rows '1e7');
        create foreign table fake.flags (f bool) server fake;
        create foreign table fake.many (v int8, w text, n numeric, j jsonb, a text[], i inet, d date) server fake;
        grant select on all tables in schema fake to penstock_users;""")


def expect(result, sqlstate, text=""):
    assert isinstance(result, Exception), f"no error, but rows: {result}"
    assert result.pgcode == sqlstate, f"{result.pgcode}: {result}"
    assert text in str(result), result
    assert INSTANCE.rows("select 1") == [(1,)]


def the_fake_itself_gives_rows_when_it_behaves():
    assert scan(welcome() + int8_block([1, 2]) + int8_block([-3]) + end(3)) == [(1,), (2,), (-3,)]
    assert scan(welcome() + text_block([b"a", b"", "ü".encode()]) + end(3), "words") == [("a",), ("",), ("ü",)]


def a_stream_that_closes_without_its_end_is_never_a_short_result():
    expect(scan(b""), "08006")
    expect(scan(welcome()), "08006")
    expect(scan(welcome() + int8_block([1, 2, 3])), "08006", "before the end")
    expect(scan(welcome() + int8_block([1, 2, 3])[:40]), "08006")


def an_end_with_another_row_count_is_an_error():
    expect(scan(welcome() + int8_block([1, 2]) + end(3)), "08P01", "announced 3 rows and sent 2")
    expect(scan(welcome() + int8_block([1, 2]) + end(1)), "08P01")


def an_end_for_another_number_of_parts_is_an_error():
    """A plugin that knows no parts would give all rows to each worker."""
    workers = ("set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0;"
               "set max_parallel_workers_per_gather = 1;")
    rows = welcome() + int8_block([1, 2])
    assert sorted(scan(rows + end(2, 4), "parts", workers)) == [(1,)] * 4 + [(2,)] * 4, "the fake itself"
    for answered in (0, 1, 3, 5):
        expect(scan(rows + end(2, answered), "parts", workers), "08P01", "did not send the part that was asked")
    for answered in (1, 4):
        expect(scan(rows + end(2, answered)), "08P01", f"It was asked for one of 0 parts and answered for {answered}")


def errors_of_the_plugin_arrive_with_their_sqlstate():
    expect(scan(welcome() + int8_block([1]) + error(5, "quota used up", "53400")), "53400", "quota used up")
    expect(scan(welcome() + error(1, "not now")), "HV00N", "not now")
    expect(scan(welcome() + error(0, "x", "00000")), "XX000")


def text_that_is_not_text_is_refused():
    for bad in (b"\xff", b"ab\0cd", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"):
        expect(scan(welcome() + text_block([b"fine", bad]) + end(2), "words"), "22021", '"w"')


def values_out_of_range_are_refused():
    payload = struct.pack("=IHH", 1, 1, 0) + struct.pack("=IIII", 0, 24, 0, 0) + b"\x02"
    expect(scan(welcome() + frame(BLOCK, payload) + end(1), "flags"), "22008")


def garbage_is_refused():
    for garbage in (b"HTTP/1.1 200 OK\r\n\r\n" * 10, b"\0" * 64, b"\xff" * 64, os.urandom(256),
                    frame(17, b"x" * 40), struct.pack("=IBBBB", 0xFFFFFFF0, 17, 0, 0, 0)):
        result = scan(garbage)
        assert isinstance(result, Exception) and result.pgcode in ("08P01", "08006"), result
        result = scan(welcome() + garbage)
        assert isinstance(result, Exception) and result.pgcode in ("08P01", "08006"), result


def a_plugin_of_another_version_or_kind_is_refused():
    rows = int8_block([1]) + end(1)
    for greeting in (welcome(version=99), welcome(version=0), welcome(magic=12345), frame(WELCOME), rows):
        result = scan(greeting + rows)
        assert isinstance(result, Exception) and result.pgcode == "08P01", result


def random_blocks_never_crash_the_server():
    import random
    source = random.Random(20261120)
    for _ in range(300):
        payload = bytearray(struct.pack("=IHH", source.randrange(1, 5), 7, 0))
        for _column in range(7):
            payload += struct.pack("=IIII", source.choice([0, 0, 120]), 8 * source.randrange(15, 40),
                                   8 * source.randrange(15, 40), source.randrange(0, 64))
        payload += bytes(source.randrange(256) for _ in range(source.randrange(0, 400)))
        result = scan(welcome() + frame(BLOCK, bytes(payload)) + end(source.randrange(1, 5)), "many")
        assert isinstance(result, (Exception, list))
    assert INSTANCE.superuser("select count(*) from pg_stat_activity where backend_type = 'checkpointer'").strip() == "1"


def another_users_socket_is_refused():
    INSTANCE.superuser("alter server fake options (set uid '12345')")
    try:
        expect(scan(welcome() + end(0)), "42501", "refused to talk")
    finally:
        INSTANCE.superuser(f"alter server fake options (set uid '{os.getuid()}')")


def nobody_at_the_socket_is_an_error_with_a_hint_after_the_connect_timeout():
    INSTANCE.superuser("alter server fake options (set socket '/nowhere/at/all.sock')")
    caught = INSTANCE.error("set penstock.connect_timeout = '50ms'; select * from fake.numbers")
    assert caught.pgcode == "HV00N" and "penstock service status" in str(caught), caught


def a_thousand_failing_scans_leave_no_file_descriptor_behind():
    def behave(connection, closed):
        connection.sendall(welcome() + int8_block([1]))
    with fake_plugin.FakePlugin(behave) as plugin:
        INSTANCE.superuser(f"alter server fake options (set socket '{plugin.path}')")
        connection = INSTANCE.connect()
        pid = connection.get_backend_pid()
        counts = []
        for round_ in range(2):
            for _ in range(10 if round_ == 0 else 1000):
                try:
                    connection.cursor().execute("select * from fake.numbers")
                    raise AssertionError("no error")
                except penstock.psycopg2.Error as caught:
                    assert caught.pgcode == "08006", caught
            counts.append(len(INSTANCE.descriptors(pid)))
        assert counts[0] == counts[1], counts


with penstock.Instance() as INSTANCE:
    setup()
    penstock.run_tests([
        the_fake_itself_gives_rows_when_it_behaves,
        a_stream_that_closes_without_its_end_is_never_a_short_result,
        an_end_with_another_row_count_is_an_error,
        an_end_for_another_number_of_parts_is_an_error,
        errors_of_the_plugin_arrive_with_their_sqlstate,
        text_that_is_not_text_is_refused,
        values_out_of_range_are_refused,
        garbage_is_refused,
        a_plugin_of_another_version_or_kind_is_refused,
        random_blocks_never_crash_the_server,
        another_users_socket_is_refused,
        nobody_at_the_socket_is_an_error_with_a_hint_after_the_connect_timeout,
        a_thousand_failing_scans_leave_no_file_descriptor_behind,
    ])
