#!/usr/bin/python3
"""What must not be told: values of env() and file() in errors and logs, the memory of processes that
know secrets, and the caller's own libpq settings."""

import os

import penstock

MARK = "m4rk-of-a-secret"
KEY = "-----BEGIN KEY-----\nline-one-of-the-key\n-----END KEY-----\n"


def files_below(folder):
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), errors="replace") as file:
            yield name, file.read()


def an_error_about_a_value_from_outside_does_not_show_it():
    INSTANCE.write("key.pem", KEY, folder="run")
    INSTANCE.write("a.spc", 'connection "told" {\n  plugin = "csv"\n  paths = [env("PENSTOCK_TEST_MARK")]\n}\n'
                            f'connection "read" {{\n  plugin = "csv"\n  paths = [file("{INSTANCE.path("run", "key.pem")}")]\n}}\n')
    for name in ("told", "read"):
        INSTANCE.wait_for(lambda: INSTANCE.state(name), lambda seen: seen and seen[0] in ("error", "ready"), name)
    for line in (MARK, "line-one-of-the-key"):
        shown = INSTANCE.superuser("select c::text from penstock.connection_state c union all "
                                   "select e::text from penstock.event e union all select p::text from penstock.plugin p")
        assert line not in shown, shown
        for name, text in files_below(INSTANCE.path("logs")):
            assert line not in text, f"{name}: {text}"


def nobody_can_look_into_processes_that_know_secrets():
    for word in ("penstockd", "--allow-uid"):
        pids = INSTANCE.processes(word)
        assert pids, word
        for pid in pids:
            assert os.stat(f"/proc/{pid}/environ").st_uid == 0, f"{word} can be dumped"


def a_notification_about_an_unknown_connection_leaves_no_trace():
    before = INSTANCE.superuser("select count(*) from penstock.event where event = 'refresh_requested'")
    INSTANCE.superuser("notify penstock_request, 'nobody'")
    INSTANCE.rows("select penstock.refresh('told')")
    query = "select count(*) - {} from penstock.event where event = 'refresh_requested'".format(before)
    INSTANCE.wait_for(lambda: INSTANCE.superuser(query).strip(), lambda seen: seen != "0", "the second request")
    assert INSTANCE.superuser("select count(*) from penstock.event where connection = 'nobody'").strip() == "0"


# A PGPASSWORD and PGHOSTADDR for some other server are in the environment from the first start on.
with penstock.Instance(PGPASSWORD="of another server", PGHOSTADDR="192.0.2.1", PENSTOCK_TEST_MARK=MARK) as INSTANCE:
    penstock.run_tests([an_error_about_a_value_from_outside_does_not_show_it,
                        nobody_can_look_into_processes_that_know_secrets,
                        a_notification_about_an_unknown_connection_leaves_no_trace])
