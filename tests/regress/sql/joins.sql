-- Joins that one connection's plugin does: the plans, what stays in the server, and what can go wrong.
\getenv sockets PENSTOCK_SOCKETS
\set socket :sockets '/spy.sock'
set client_min_messages = warning;
create server spy foreign data wrapper penstock options (socket :'socket', plugin 'spy');
create schema spy; create schema spy_other; create schema spy_wide; create schema spy_mistyped;
import foreign schema spy from server spy into spy;
import foreign schema spy_other limit to (mid, small) from server spy into spy_other;
import foreign schema spy_wide limit to (mid, small) from server spy into spy_wide;
import foreign schema spy_mistyped limit to (mid, small) from server spy into spy_mistyped;
set search_path = spy, public;
select array_to_string(ftoptions, ' ') as options from pg_foreign_table where ftrelid = 'mid'::regclass;
-- One table, two, several; each kind of join.
explain (costs off) select a.id, b.txt from mid a join small b on a.k = b.k where a.id < 20 and b.b;
explain (costs off) select a.id, b.txt from mid a left join small b on a.k = b.k and b.f8 > 0 and a.id in (1, 2) where b.id is null;
explain (costs off) select a.id, b.id from mid a right join small b on a.id = b.id;
explain (costs off) select a.id, b.id from mid a full join small b on a.id = b.id where a.id is null or b.id < 3;
explain (costs off) select a.id, b.id from mid a full join small b on a.id = b.id where b.id < 3;
explain (costs off) select id from mid where exists (select from small where small.k = mid.k);
explain (costs off) select id from mid where not exists (select from small where small.k = mid.k and small.id > 3);
explain (costs off) select a.id, b.txt, c.id from mid a left join (small b join wide c on b.id = c.id) on a.k = b.k where a.id < 4;
explain (costs off) select a.id, b.id from mid a join mid b on a.id = b.i8 and a.d <= b.d;
explain (costs off, verbose) select small.id as "Id", b.id from small join small b using (k);
explain (costs off, format json) select a.id, b.id from mid a join small b on a.k = b.k where b.id = 3;
select a.id, b.id from mid a join small b on a.k = b.k where b.id = 3 order by 1;
select a.id, b.id from mid a right join small b on a.id = b.id + 0 and a.k = b.k order by 2 limit 3;
-- Above a join: groups stay in the server, LIMIT goes to the plugin's SDK; no columns are a count.
explain (costs off) select count(*) from mid a join small b on a.k = b.k;
select count(*) from mid a join small b on a.k = b.k;
select (select count(*) from mid a join small b on a.k = b.k) = (select count(*) from mid a join spy_other.small b on a.k = b.k) as same;
-- The header of the frame behind the rows may have come with them, or not.
create function pg_temp.without_bytes(query text) returns setof text language plpgsql as $$
declare line text;
begin
    for line in execute 'explain (analyze, costs off, timing off, summary off) ' || query loop
        return next regexp_replace(line, 'Bytes: [0-9]+', 'Bytes: N');
    end loop;
end $$;
select pg_temp.without_bytes('select a.id, b.id from mid a join small b on a.k = b.k limit 3');
explain (costs off) select a.id from mid a join small b on a.k = b.k limit (select 2);
explain (costs off) select a.id from mid a join small b on a.k = b.k order by 1 limit 2;
explain (costs off, verbose) select a.id + 1 from mid a join small b on a.k = b.k order by b.id - a.id, a.txt collate "C";
-- Values of the execution: parameters of plans and of subqueries, NULL for one side of an outer join.
set plan_cache_mode = force_generic_plan;
prepare joined(int, bigint) as select a.id, b.id from small a left join mid b on a.k = b.k and b.id = $2 where a.k = $1 order by 1, 2;
explain (costs off) execute joined(1, 7);
execute joined(1, 7);
execute joined(1, null);
execute joined(null, 7);
reset plan_cache_mode;
select s.id, (select count(*) from mid a join small b on a.k = b.k where a.id = s.id) from small s order by 1 limit 4;
-- What stays: other connections and schemas, conditions that are not the plugin's, whole rows, system columns,
-- expressions, row locks, tables that need keys, an order of text that is not that of bytes, anything volatile.
explain (costs off) select a.id from mid a join spy_other.small b on a.k = b.k;
explain (costs off) select a.id from mid a join small b on a.k = b.k + 1;
explain (costs off) select a.id from mid a join small b on a.k = b.k where lower(a.txt) = 'a';
explain (costs off) select a.id from mid a join small b on a.k = b.k where b.id = (random() * 5)::int8;
explain (costs off) select a from mid a join small b on a.k = b.k;
explain (costs off) select a.tableoid from mid a join small b on a.k = b.k;
explain (costs off) select a.id, b.x from mid a left join (select k, coalesce(txt, '') as x from small) b on a.k = b.k;
explain (costs off) select a.id from mid a join small b on a.k = b.k for update of b;
explain (costs off) select a.id from mid a join keyed b on a.k = b.k;
explain (costs off) select a.id from mid a join keyed b on a.k = b.k where b.k = 2;
explain (costs off) select a.id from mid a join small b on a.txt < b.txt collate "en-x-icu";
explain (costs off) select a.id from mid a join small b on a.txt < b.txt collate "C";
explain (costs off) select a.id from mid a, lateral (select * from small where k = a.k limit 1) b;
-- More tables than a request may have.
set join_collapse_limit = 1;
select 'select count(*) from small t1' || string_agg(format(' join small t%s using (id)', n), '' order by n) || ' where id < 3' as joined from generate_series(2, 65) n \gset
:joined;
reset join_collapse_limit;
set penstock.join_pushdown = off;
explain (costs off) select a.id from mid a join small b on a.k = b.k;
reset penstock.join_pushdown;
-- A view belongs to its owner; so do its rows.
create role joins_owner;
grant usage on schema spy, public to joins_owner;
grant select on mid to joins_owner;
create view public.owned as select * from mid;
alter view public.owned owner to joins_owner;
explain (costs off) select a.id from public.owned a join small b on a.k = b.k;
explain (costs off) select a.id from public.owned a join public.owned b on a.k = b.k;
select count(*) > 0 as works from public.owned a join public.owned b on a.k = b.k;
drop view public.owned;
revoke all on mid from joins_owner;
revoke all on schema spy, public from joins_owner;
drop role joins_owner;
-- What the plugin was asked, and what penstock.scan says of it.
select a.id, b.id from mid a left join small b on a.k = b.k and b.id = 3 where a.id < 3 order by 1;
select table_name, columns, exact_quals, rows, outcome from penstock.scan order by number desc limit 1;
select table_name, columns, quals, row_count from requests where table_name like '%,%' order by number desc limit 1;
-- Rows that do not fit the request.
select a.id, b.id from spy_wide.mid a join spy_wide.small b on a.k = b.k;
select a.id, b.txt from spy_mistyped.mid a join spy_mistyped.small b on a.k = b.k;
-- A definition that promises more than the plugin does.
alter foreign table spy.mid options (set joins 'inner outer');
alter foreign table spy.faults options (add joins 'inner');
alter foreign table spy.faults alter act options (drop key);
explain (costs off) select a.id from mid a join faults b on a.id = b.n where b.act = 'rows=1';
alter foreign table spy.faults alter n options (add exact '= <');
select a.id from mid a join faults b on a.id = b.n where b.act = 'rows=1';
drop server spy cascade;
drop schema spy, spy_other, spy_wide, spy_mistyped;
