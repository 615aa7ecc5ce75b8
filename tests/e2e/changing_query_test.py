#!/usr/bin/python3
"""`penstock query` and what it does not try again; connections that change during a run."""

import penstock
from loading import Query, change_state, instance as loading_instance, loading, open_gate, prepare, query, tries
from penstock import wait_until


# -- what is not tried again


def in_a_transaction_block_the_server_waits():
    with loading("slow"):
        before = tries("select count(*) from slow.many_1")
        process = Query("query", "--output", "csv", "begin", "set transaction isolation level repeatable read",
                        "select count(*) from slow.many_1", "rollback", "show penstock.schema_wait_timeout")
        wait_until(lambda: tries("select count(*) from slow.many_1") > before or process.process.poll() is not None,
                   "the statement to be sent", 20)
        open_gate("slow")
        seen = process.end()
        assert seen == (0, "count\n0\npenstock.schema_wait_timeout\n0\n", "5 statements: 5 succeeded\n"), seen


def in_a_block_that_another_one_was_chained_to_the_server_waits():
    with loading("slow"):
        before = tries("select count(*) from slow.many_1")
        process = Query("query", "--output", "csv", "begin", "commit and chain", "select count(*) from slow.many_1", "commit")
        wait_until(lambda: tries("select count(*) from slow.many_1") > before or process.process.poll() is not None,
                   "the statement to be sent", 20)
        open_gate("slow")
        seen = process.end()
        assert seen == (0, "count\n0\n", "4 statements: 4 succeeded\n"), seen


def in_a_transaction_block_nothing_is_tried_again():
    with loading("slow"):
        code, out, error = query("begin", "set local penstock.schema_wait_timeout = 0", "select * from slow.many_1", "rollback")
        assert code == 1 and error.startswith('statement 3: ERROR:  relation "slow.many_1" does not exist\nLINE 1:'), error
        assert ("HINT:  The transaction block is aborted, so the statement was not tried again. If a connection is "
                "still loading, wait for it before the block: penstock connection wait\n") in error, error


def what_failed_inside_of_a_function_is_not_tried_again():
    INSTANCE.superuser("create function public.count_slow() returns int8 language plpgsql as "
                       "$$begin return (select count(*) from slow.many_1); end$$")
    with loading("slow"):
        code, out, error = query("select public.count_slow()")
        assert code == 1 and 'relation "slow.many_1" does not exist' in error, error
        assert "HINT:  It failed inside of a function, so the statement was not tried again. Wait first for connection slow: " in error
    assert tries("select public.count_slow()") == 1


# -- what changes during a run


def a_prepared_statement_whose_table_changed_is_prepared_again_and_tried_once_more():
    process = Query("query", "--output", "csv", "--no-header", "prepare p as select * from files.good", "execute p",
                    "select public.gate()", "execute p").until_at_gate()
    INSTANCE.write("good.csv", "id,w,added,again\n1,a,x,y\n", folder="files", mode=0o644)
    INSTANCE.wait_for(lambda: INSTANCE.rows("select count(*) from penstock.column where connection = 'files' and "
                                            "column_name = 'again'"), lambda rows: rows == [(1,)], "the new column")
    INSTANCE.wait_state("files", "ready")
    process.open_gate()
    code, out, error = process.end()
    assert code == 0 and out.splitlines()[-1] == "1,a,x,y", (code, out, error)
    assert 'WARNING:  connection "files" changed while it was used (generation ' in error, error


def a_connection_that_changes_while_it_is_used_is_warned_of_once():
    process = Query("query", "select count(*) from public.through_a_view", "select public.gate()", "select 1").until_at_gate()
    change_state("ex")
    change_state("files")
    process.open_gate()
    code, out, error = process.end()
    [[generation]] = INSTANCE.rows("select generation from connection_state where connection_name = 'ex'")
    assert (code, error) == (0, f'WARNING:  connection "ex" changed while it was used (generation {generation})\n'
                             "HINT:  Results from before and after it may not fit together.\n"
                             "3 statements: 3 succeeded\n"), error


def a_forged_notification_disturbs_nothing():
    process = Query("query", "select count(*) from ex.example_numbers", "select public.gate()", "select 1").until_at_gate()
    INSTANCE.superuser("notify connection_state, 'no json'")
    process.open_gate()
    assert process.end()[0::2] == (0, "3 statements: 3 succeeded\n")


with loading_instance() as INSTANCE:
    prepare()
    penstock.run_tests([
        in_a_transaction_block_the_server_waits,
        in_a_block_that_another_one_was_chained_to_the_server_waits,
        in_a_transaction_block_nothing_is_tried_again,
        what_failed_inside_of_a_function_is_not_tried_again,
        a_prepared_statement_whose_table_changed_is_prepared_again_and_tried_once_more,
        a_connection_that_changes_while_it_is_used_is_warned_of_once,
        a_forged_notification_disturbs_nothing,
    ])
