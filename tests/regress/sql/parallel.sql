-- Parallel workers: a table whose plugin says so is read in parts, each row once.
set search_path = ex, public;
set penstock.aggregate_pushdown = off;
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
set min_parallel_table_scan_size = 0;
set max_parallel_workers_per_gather = 2;
explain (costs off) select count(*), sum(id), min(id), max(id) from example_wide;
select count(*), sum(id), min(id), max(id) from example_wide;
select count(*), count(distinct id) from example_wide where quantity >= 0;
select count(*) from (select id from example_wide group by id having count(*) > 1) twice;
-- Joined with itself and with a table of the leader; scanned again; with a limit.
select count(*) from example_wide a join example_wide b using (id);
select count(*) from example_wide a join example_numbers b on b.id = a.id + 1;
set enable_hashjoin = off;
set enable_mergejoin = off;
set enable_material = off;
select n, (select count(*) from example_wide w where w.id < n) from generate_series(0, 2) n;
reset enable_hashjoin;
reset enable_mergejoin;
reset enable_material;
select count(*) from (select id from example_wide limit 7) s;
-- An async Append is still one: the leader's own paths are not for workers.
explain (costs off) select id from example_wide union all select id from example_numbers;
-- What is not offered to workers keeps the query from being parallel.
explain (costs off) select count(*) from example_numbers;
-- EXPLAIN adds up what the processes received.
create function received(query text) returns setof text language plpgsql as $$
declare line text;
begin
    for line in execute 'explain (analyze, costs off, timing off, summary off) ' || query loop
        if line ~ 'Rows Received|Parts|Parallel Foreign' then return next trim(line); end if;
    end loop;
end $$;
select received('select count(*) from example_wide');
-- Also of a Gather that runs again: its workers add to the same shared memory.
select received('select (select count(*) from example_wide limit 1 offset n - n) from generate_series(0, 2) n');
-- Without shared memory, in a cursor, the leader reads the whole table.
begin;
declare c no scroll cursor for select id from example_wide;
move 10 in c;
move all in c;
commit;
-- The definition promises more parts than the plugin.
create foreign table numbers (id int8) server example options (connection 'ex', "table" 'example_numbers', parts '8', rows '1e6');
explain (costs off) select count(*) from numbers;
-- Leader or worker, whoever meets it first: that is in the context.
\set SHOW_CONTEXT never
select count(*) from numbers;
\set SHOW_CONTEXT errors
drop foreign table numbers;
create foreign table numbers (id int8) server example options (parts 'many');
drop function received;
