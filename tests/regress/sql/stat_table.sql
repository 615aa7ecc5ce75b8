-- penstock.stat_table: what all sessions did with a table. Tables of its own, so that nothing else counts.
set search_path = public, pg_catalog;
create schema st;
create foreign table st.numbers (id int8 options (exact '= in <='), half float8, digits text)
    server example options (connection 'ex', "table" 'example_numbers');
create foreign table st.missing (a int8) server example options (connection 'ex', "table" 'missing');
create foreign table st.parts (id int8) server example options (connection 'ex', "table" 'example_wide', parts '8', rows '1e6');
create view st.look as
    select table_name, scans, cached_scans, errors, cancelled, requests, rows, observed_rows
    from penstock.stat_table where schema_name = 'st' order by 1;
select * from st.look;
-- A condition, a limit, groups: not the whole table. A whole scan. Never started, or only explained: none.
select id from st.numbers where id = 5;
select id from st.numbers limit 2;
select sum(id) from st.numbers;
select * from st.look;
select count(half) from (select half from st.numbers offset 0) s;
select count(*) from st.numbers where false;
explain (costs off) select id from st.numbers where id = 7;
select * from st.look;
-- A loop is one scan of many requests; no row can match: a scan without one. The history is not needed.
set penstock.scan_history = 0;
set enable_hashjoin = off;
set enable_mergejoin = off;
set enable_material = off;
set enable_memoize = off;
select count(*) from generate_series(1, 4) g(n) cross join lateral (select id from st.numbers where id = g.n offset 0) s;
prepare q(bigint) as select id from st.numbers where id = $1;
set plan_cache_mode = force_generic_plan;
execute q(null);
reset plan_cache_mode;
select * from st.look;
reset enable_hashjoin;
reset enable_mergejoin;
reset enable_material;
reset enable_memoize;
reset penstock.scan_history;
-- The rest of a row.
select bytes > 0 as bytes, source_bytes, mean_first_row_ms > 0 as first, total_ms >= max_ms as total, max_ms > 0 as max,
       last_scan between stats_reset and clock_timestamp() as last, observed_at between stats_reset and last_scan as observed,
       relid = 'st.numbers'::regclass as relid
from penstock.stat_table where schema_name = 'st' and table_name = 'numbers';
-- Failed ones: by the plugin, caught or not, with and without a transaction that survives; by somebody else.
select * from st.missing;
do $$ begin
    perform * from st.missing;
exception when others then
    raise notice 'caught %', sqlstate;
end $$;
select 1 / (id - 3) from st.numbers where id <= 4;
select * from st.look;
-- Reset: one table, all of them; the other's numbers stay.
select penstock.stat_reset('st.missing');
select * from st.look;
select last_scan is null as is_new, observed_at, mean_first_row_ms from penstock.stat_table where table_name = 'missing';
select penstock.stat_reset();
select sum(scans), count(observed_rows) from penstock.stat_table;
-- Read in parts by workers: one scan, all rows, and it was a whole one.
set penstock.aggregate_pushdown = off;
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
set min_parallel_table_scan_size = 0;
set max_parallel_workers_per_gather = 2;
select count(id), count(distinct id) from st.parts;
select table_name, scans, errors, requests > 1 as parts, rows, observed_rows from st.look where table_name = 'parts';
set parallel_leader_participation = off;
select count(id) from st.parts;
select table_name, scans, errors, rows, observed_rows from st.look where table_name = 'parts';
reset parallel_leader_participation;
-- Who may see what, and who may reset.
create role stat_reader;
grant usage on schema st to stat_reader;
grant select on st.look to stat_reader;
grant penstock_users to stat_reader;
alter view st.look owner to stat_reader;
set role stat_reader;
select * from st.look;
select penstock.stat_reset();
reset role;
grant select (id) on st.numbers to stat_reader;
set role stat_reader;
select table_name from st.look;
reset role;
grant pg_read_all_stats to stat_reader;
set role stat_reader;
select table_name from st.look;
reset role;
grant execute on function penstock.stat_reset to stat_reader;
set role stat_reader;
select penstock.stat_reset('st.numbers');
reset role;
-- A table that is gone is forgotten, not before its transaction ends.
begin;
drop foreign table st.missing;
select table_name from st.look;
rollback;
select * from st.look where table_name = 'missing';
select tables as before from penstock.stat_table_info \gset
drop foreign table st.missing;
select table_name from st.look;
select :before - tables as forgotten, max_tables, evicted from penstock.stat_table_info;
drop owned by stat_reader;
drop role stat_reader;
set client_min_messages = warning;
drop schema st cascade;
