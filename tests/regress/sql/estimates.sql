-- What the planner may believe without ANALYZE, and what ANALYZE finds.
set search_path = ex, public;
create table o as select i::int8 as k, i % 7 as m from generate_series(1, 100) i;
analyze o;
create function planned_rows(query text) returns text language plpgsql as $$
declare plan json;
begin
    execute 'explain (format json) ' || query into plan;
    return plan -> 0 -> 'Plan' ->> 'Plan Rows';
end $$;
-- A column that the plugin promises to be unique: joins that need no row of it go away.
explain (costs off) select o.* from o left join example_numbers n on n.id = o.k;
explain (costs off) select o.* from o left join example_numbers n on n.id = o.k and n.half > o.m;
explain (costs off) select o.* from o left join example_numbers n on n.half = o.k;
select planned_rows('select * from example_numbers where id = 5');
select planned_rows('select id from example_numbers group by id');
-- A number of different values.
select planned_rows('select is_even from example_numbers group by is_even');
alter foreign table example_numbers alter column digits options (add distinct '20');
select planned_rows('select * from example_numbers where digits = ''7''');
select planned_rows('select distinct digits from example_numbers');
alter foreign table example_numbers alter column digits options (set distinct '1e9');
select planned_rows('select distinct digits from example_numbers');
-- Rows that a scan of the whole table had, where nobody says how many there are; not those of a limit or condition.
create foreign table seen (greeting text, to_whom text) server example options (connection 'ex', "table" 'example_hello', evaluator '1');
set plan_cache_mode = force_generic_plan;
prepare all_seen as select * from seen;
do $$ begin
    perform penstock.stat_reset('seen');
    perform greeting from seen limit 1;
    perform greeting from seen where greeting = 'hello';
end $$;
select planned_rows('select * from seen'), planned_rows('execute all_seen');
select count(*) from seen where greeting is distinct from 'x';
select observed_rows from penstock.stat_table where relid = 'seen'::regclass;
-- count(*) tells it, too, when it is over all rows and in no group.
do $$ begin
    perform penstock.stat_reset('seen');
    perform count(*) filter (where greeting = 'hello'), count(greeting) from seen;
    perform count(*) from seen where greeting = 'hello';
    perform greeting, count(*) from seen group by 1;
end $$;
select observed_rows from penstock.stat_table where relid = 'seen'::regclass;
select count(*) filter (where greeting = 'hello') as some, count(*) from seen;
select observed_rows from penstock.stat_table where relid = 'seen'::regclass;
-- Groups and joins over it without ANALYZE. Plans that are there stay.
select planned_rows('select * from seen'), planned_rows('execute all_seen'), planned_rows('select distinct greeting from seen'),
    planned_rows('select to_whom, count(*) from seen group by 1'), planned_rows('select * from seen join o on o.k::text = seen.greeting');
-- The plugin's word, or the user's, goes before what was seen; to start the statistics anew is to forget it.
alter foreign table seen options (add rows '70000');
select planned_rows('select * from seen');
alter foreign table seen options (drop rows);
select penstock.stat_reset('seen');
select planned_rows('select * from seen');
deallocate all_seen;
reset plan_cache_mode;
drop foreign table seen;
-- ANALYZE reads the table; what it counts goes before what the plugin said.
alter foreign table example_numbers options (add rows '50000');
select planned_rows('select * from example_numbers');
analyze example_numbers;
select planned_rows('select * from example_numbers'), planned_rows('select * from example_numbers where id < 100'),
    planned_rows('select distinct digits from example_numbers'), planned_rows('select * from example_numbers where digits is null');
select attname, null_frac, n_distinct from pg_stats where schemaname = 'ex' and tablename = 'example_numbers' order by 1;
-- A sample of a table that is larger than it; one column; a table without rows to list.
set default_statistics_target = 1;
analyze example_wide;
select reltuples from pg_class where oid = 'example_wide'::regclass;
analyze example_numbers (id);
analyze example_types;
analyze example_echo;
reset default_statistics_target;
-- A hint is about a table's own rows, not about those of its children.
create foreign table parent (id int8 options (exact '=', "unique" 'true')) server example options (connection 'ex', "table" 'example_numbers');
create foreign table child () inherits (parent) server example options (connection 'ex', "table" 'example_numbers');
explain (costs off) select o.* from o left join parent n on n.id = o.k;
select count(*) from o left join parent n on n.id = o.k;
explain (costs off) select o.* from o left join only parent n on n.id = o.k;
drop foreign table child, parent;
drop table o;
drop function planned_rows;
alter foreign table example_numbers alter column digits options (drop distinct);
alter foreign table example_numbers options (drop rows);
delete from pg_statistic where starelid in ('example_numbers'::regclass, 'example_wide'::regclass, 'example_types'::regclass);
update pg_class set reltuples = -1, relpages = 0 where oid in ('example_numbers'::regclass, 'example_wide'::regclass, 'example_types'::regclass);
