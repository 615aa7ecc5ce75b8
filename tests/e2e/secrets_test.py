#!/usr/bin/python3
"""What must not be told: values of env() and file() in errors and logs, the memory of processes that
know secrets, and the caller's own libpq settings."""

import os
import shutil

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
    nothing_shows_it()


def nothing_shows_it():
    for line in (MARK, "line-one-of-the-key"):
        shown = INSTANCE.superuser("select c::text from penstock.connection_state c union all "
                                   "select e::text from penstock.event e union all select p::text from penstock.plugin p")
        assert line not in shown, shown
        for name, text in files_below(INSTANCE.path("logs")):
            assert line not in text, f"{name}: {text}"


def last_words_of_a_crashing_plugin_do_not_show_it():
    """A plugin that prints what it was given and dies: its words are in the error, the mark is not."""
    folder = INSTANCE.path("plugins")
    shutil.copytree(os.path.join(penstock.STAGE, "lib", "penstock", "plugins"), folder)
    program = os.path.join(folder, "leaky")
    with open(program, "w") as file:
        file.write(f"#!/bin/sh\necho connecting with {MARK} now\necho key line-one-of-the-key refused >&2\nexit 7\n")
    os.chmod(program, 0o755)
    INSTANCE.write("leaky.spc", 'connection "leaky" {\n  plugin = "leaky"\n  token = env("PENSTOCK_TEST_MARK")\n'
                                f'  key = file("{INSTANCE.path("run", "key.pem")}")\n}}\n')
    assert INSTANCE.stop().returncode == 0
    done = INSTANCE.cli("service", "start", "--pg-bindir", penstock.pg_bindir(), "--plugin-dir", folder)
    assert done.returncode == 0, done.stderr
    error = INSTANCE.wait_state("leaky", "error")
    assert "exited with code 7" in error and "connecting with" in error and "refused" in error, error
    assert INSTANCE.rows("select count(*) from penstock.event where event in ('exit', 'failed') and detail::text like "
                         "'%connecting with%'")[0][0] > 0
    output = INSTANCE.cli("plugin", "list", "--output", "json").stdout + INSTANCE.cli("connection", "list").stdout
    assert "connecting with" in output, output
    for line in (MARK, "line-one-of-the-key"):
        assert line not in done.stderr + output
    nothing_shows_it()


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
                        last_words_of_a_crashing_plugin_do_not_show_it,
                        nobody_can_look_into_processes_that_know_secrets,
                        a_notification_about_an_unknown_connection_leaves_no_trace])
