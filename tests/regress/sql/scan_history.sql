-- penstock.scan: what the session's last scans did. Nothing that differs from run to run is shown.
set search_path = public, ex;
create function last_scans() returns table (table_name text, columns text, exact text, superset text, local text,
                                            target bigint, requests bigint, rows bigint, outcome text, sqlstate text)
language sql as $$
    select s.table_name, s.columns::text, s.exact_quals::text, s.superset_quals::text, s.local_quals::text,
           s.row_target, s.requests, s.rows, s.outcome, s.sqlstate
    from penstock.scan s where s.number > current_setting('test.seen')::bigint order by s.number
$$;
-- What came since the last look.
\set look 'select * from last_scans(); select set_config(\'test.seen\', max(number)::text, false) is null as is_lost from penstock.scan;'
-- A new session has none.
\c
set search_path = public, ex;
set penstock.aggregate_pushdown = off; -- the rows themselves
select count(*) from penstock.scan;
set test.seen = 0;
-- One row each, when the scan has ended: all rows read, a part of them, none but counted.
select count(half) from example_numbers where id in (1, 2, 3) and id <= 2;
select id from example_numbers limit 2;
select count(*) from example_numbers where digits like '%';
:look
select started_at > now() - interval '1 hour' as at, connection, plugin, column_count, bytes > 0 as bytes,
       source_bytes, blocks > 0 as blocks, cache_hit, first_row_ms > 0 as first, total_ms >= first_row_ms as total
from penstock.scan order by number;
-- Conditions with their values, whatever the statement calls them; a long one is cut off.
prepare p(bigint, text) as select id from example_numbers where id = $1 and digits not like $2;
execute p(5, 'it''s');
set plan_cache_mode = force_generic_plan;
execute p(6, repeat('x', 300));
select count(*) from example_numbers where id = any (array(select generate_series(1, 100)));
:look
-- Whatever a condition of PostgreSQL's own is made of, it has a text.
select count(*) from example_numbers n where (n is not null) and n.tableoid = 'ex.example_numbers'::regclass
    and id < (select 4) and digits = any (array['1', (select max(half)::text from example_numbers)]);
select count(*) from example_numbers n where digits not in (select half::text from example_numbers where id < 0)
    and (exists (select from example_numbers m where m.id = n.id + 1000) or n.id < 3) and case when id > 1 then is_even end;
select count(*) from generate_series(1, 2) g cross join lateral
    (select from example_numbers n where n.half + g < 3 and n.id < 10 offset 0) s;
select distinct regexp_replace(local_quals::text, '''\d{4,}''', 'N') as local_quals from penstock.scan where number > current_setting('test.seen')::bigint order by 1;
select set_config('test.seen', max(number)::text, false) is null as is_lost from penstock.scan;
-- No row can match: the plugin is not asked. A loop is one scan of many requests.
prepare q(bigint) as select id from example_numbers where id = $1;
execute q(null);
set enable_hashjoin = off;
set enable_mergejoin = off;
set enable_material = off;
set enable_memoize = off;
select count(*) from generate_series(1, 4) g(n) cross join lateral
    (select id from example_numbers where id = g.n offset 0) s;
:look
-- A scan that is never reached is none.
select id from example_numbers where false;
explain (costs off) select id from example_numbers;
:look
-- Failed, stopped by somebody else's failure, and by the end of its transaction.
create foreign table missing (a int8) server example options (connection 'ex', "table" 'missing');
select * from missing;
select 1 / (id - 3) from example_numbers;
begin;
declare c cursor for select id from example_numbers;
fetch 1 from c;
select count(*) from last_scans();
rollback;
do $$ begin
    perform * from ex.missing;
exception when others then null;
end $$;
:look
drop foreign table missing;
-- A role sees the scans of roles that it is a member of.
create foreign table history_numbers (id int8, digits text options (superset '='))
    server example options (connection 'ex', "table" 'example_numbers');
create function as_other() returns bigint language sql security definer
    as 'select count(*) from history_numbers where digits = ''of the definer''';
create role scan_definer;
grant select on history_numbers to scan_definer;
alter function as_other() owner to scan_definer;
create role scan_invoker in role penstock_users;
set role scan_invoker;
select as_other();
select count(*) from penstock.scan where array_length(superset_quals, 1) > 0;
reset role;
select superset_quals, local_quals from penstock.scan where array_length(superset_quals, 1) > 0;
create role scan_stranger;
set role scan_stranger;
select count(*) from penstock.scan;
reset role;
drop function as_other();
drop foreign table history_numbers;
drop role scan_definer, scan_invoker, scan_stranger;
-- As many as asked for, the last ones.
set penstock.scan_history = 2;
select id from example_numbers where id = 1;
select id from example_numbers where id = 2;
select id from example_numbers where id = 3;
select exact_quals from penstock.scan order by number;
set penstock.scan_history = 3;
select id from example_numbers where id = 4;
select exact_quals from penstock.scan order by number;
set penstock.scan_history = 0;
select id from example_numbers where id = 5;
select count(*) from penstock.scan;
set penstock.scan_history = 10001;
drop function last_scans();
-- What is pushed out is freed, and so is what errors leave.
reset penstock.scan_history;
set client_min_messages = error;
do $$ begin
    for number in 1 .. 300 loop
        begin
            perform 1 / (id - 2) from ex.example_numbers where id between 1 and number;
        exception when division_by_zero then null;
        end;
    end loop;
end $$;
select count(*), count(distinct exact_quals) from penstock.scan;
select count(*) from pg_backend_memory_contexts where name = 'Penstock scan record';
