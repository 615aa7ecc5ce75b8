-- Joins that ask for many keys at once, against the same joins made row by row.
set search_path = public;
\getenv sockets PENSTOCK_SOCKETS
\set socket :sockets '/slow.sock'
create server slow foreign data wrapper penstock options (socket :'socket', plugin 'slow');
create schema slow;
import foreign schema slow from server slow into slow;
alter foreign table slow.slow_lookup options (set startup_ms '5');
-- The column takes 1000 keys; here fewer, so that there are many batches.
alter foreign table slow.slow_lookup alter column key options (set batch '7');
create table o as select i % 40 as k, 'v' || i as v, i % 7 as m from generate_series(1, 100) i;
insert into o values (null, 'null', 1), (null, 'null', 2), (11, 'odd', 3), (2000, 'far', 3);
analyze o;
explain (costs off) select * from o join slow.slow_lookup l on l.key = o.k and l.half > o.m where o.v <> l.half::text;
explain (costs off) select o.v, l.half from o left join slow.slow_lookup l on l.key = o.k where l.half is null or o.m = 2;
explain (costs off) select v from o where exists (select from slow.slow_lookup l where l.key = o.k);
explain (verbose, costs off) select v from o where not exists (select from slow.slow_lookup l where l.key = o.k + 1 and l.half > m);
-- Every kind of join gives what it gives without batches.
create function differences(query text) returns setof text language plpgsql as $$
declare batched text[]; plain text[]; plan json;
begin
    execute 'explain (format json) ' || query into plan;
    if plan::text not like '%PenstockKeyBatchJoin%' then
        return next 'not batched: ' || query;
    end if;
    execute 'select array_agg(s::text order by s::text) from (' || query || ') s' into batched;
    set local penstock.enable_key_batch_join = off;
    execute 'select array_agg(s::text order by s::text) from (' || query || ') s' into plain;
    set local penstock.enable_key_batch_join = on;
    if batched is distinct from plain then
        return next query;
    end if;
    return next cardinality(batched) || ' rows';
end $$;
select differences('select o.*, l.* from o join slow.slow_lookup l on l.key = o.k');
select differences('select o.v, l.half from o join slow.slow_lookup l on l.key = o.k and l.half > o.m where o.v <> l.half::text');
select differences('select o.*, l.* from o left join slow.slow_lookup l on l.key = o.k');
select differences('select o.*, l.* from o left join slow.slow_lookup l on l.key = o.k and l.half < o.m');
select differences('select o.v, l.half from o left join slow.slow_lookup l on l.key = o.k where l.half is null or o.m = 2');
select differences('select v from o where exists (select from slow.slow_lookup l where l.key = o.k)');
select differences('select v from o where exists (select from slow.slow_lookup l where l.key = o.k and l.half > o.m)');
select differences('select v from o where not exists (select from slow.slow_lookup l where l.key = o.k)');
select differences('select v from o where not exists (select from slow.slow_lookup l where l.key = o.k + 1 and l.half > m)');
select differences('select a.v, b.half, c.half from o a join slow.slow_lookup b on b.key = a.k join slow.slow_lookup c on c.key = b.half');
select differences('select v, n from o, lateral (select count(*) as n from o p join slow.slow_lookup l on l.key = p.k where p.m = o.m) s');
select differences('select v, (select sum(half) from o p join slow.slow_lookup l on l.key = p.k where p.m < o.m) from o');
select differences('select v, half from (select * from o order by v limit 20) s join slow.slow_lookup l on l.key = s.k::int8');
select differences('select v, half from o join slow.slow_lookup l on l.key = o.k and l.key = 20');
-- No outer rows, only NULLs, a limit.
select count(*) from (select * from o where m > 100) s join slow.slow_lookup l on l.key = s.k;
select s.v, l.half from (select * from o where k is null) s left join slow.slow_lookup l on l.key = s.k order by 1;
select count(*) from (select 1 from o join slow.slow_lookup l on l.key = o.k limit 3) s;
-- A plan that is kept, with its values changing.
prepare batched(int) as select count(*), sum(l.half) from o join slow.slow_lookup l on l.key = o.k where o.m > $1;
set plan_cache_mode = force_generic_plan;
explain (costs off) execute batched(3);
execute batched(3);
execute batched(5);
execute batched(9);
reset plan_cache_mode;
-- EXPLAIN ANALYZE counts.
create function batch_plan(query text) returns setof text language plpgsql as $$
declare line text;
begin
    for line in execute 'explain (analyze, costs off, timing off, summary off) ' || query loop
        if line ~ 'Batch|Keys|KeyBatch' then return next line; end if;
    end loop;
end $$;
select batch_plan('select * from o join slow.slow_lookup l on l.key = o.k');
-- Not where a node of its own checks the scan once: here, what the outer row and the constant make of l.key.
explain (costs off) select x.k, (select count(l.half) from o left join slow.slow_lookup l on l.key = o.k and l.key = 2 where o.k = x.k) from o x where x.k < 4;
select distinct x.k, (select count(l.half) from o left join slow.slow_lookup l on l.key = o.k and l.key = 2 where o.k = x.k) from o x where x.k < 4 order by 1;
-- Tables with children are not joined in batches, but their children are asked key by key.
create foreign table slow.parent (key int8 options (exact '= in', key 'required', batch '7'), half int8)
    server slow options (connection 'slow', "table" 'slow_lookup');
create foreign table slow.child () inherits (slow.parent) server slow options (connection 'slow', "table" 'slow_lookup');
alter foreign table slow.child alter column key options (exact '= in', key 'required', batch '7');
explain (costs off) select count(*) from o join slow.parent l on l.key = o.k;
select count(*) from o join slow.parent l on l.key = o.k;
drop foreign table slow.child, slow.parent;
-- Off where the plugin does not offer it, or the user does not want it.
set penstock.enable_key_batch_join = off;
explain (costs off) select * from o join slow.slow_lookup l on l.key = o.k;
reset penstock.enable_key_batch_join;
alter foreign table slow.slow_lookup alter column key options (drop batch);
explain (costs off) select * from o join slow.slow_lookup l on l.key = o.k;
alter foreign table slow.slow_lookup alter column key options (add batch 'many');
alter foreign table slow.slow_lookup alter column key options (add "unique" 'perhaps');
drop table o;
drop function differences, batch_plan;
set client_min_messages = warning;
drop server slow cascade;
drop schema slow;
